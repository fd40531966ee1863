//! Plain data that every other module speaks in: names, times, events, runs, effects. No input or output.

mod capability;
mod counted;
mod duration;
mod effect;
mod event;
mod hold;
mod ids;
mod name;
mod notice;
mod pattern;
mod player;
mod problem;
mod rate;
mod raw;
mod reader;
mod role;
mod run;
mod scheme;
mod server_url;
mod suggest;

pub use capability::Capability;
pub use counted::counted;
pub use duration::{DurationError, format_duration, parse_duration};
pub use effect::{Effect, EffectState, effect_in_a_line};
pub use event::{Detail, Event, EventKind, Observation};
pub use hold::{Held, Hold};
pub use ids::{EventId, RunId};
pub use name::{
    AppName, AutomationName, ChannelName, ConfigName, HookName, NameError, PlayerName, RoomName, SessionName,
};
pub use notice::{NewNotice, News, Notice, NoticeKind};
pub use pattern::Pattern;
pub use player::{Class, OBSERVED, PageKind, PlayerCondition};
pub use problem::{Problem, Severity, line_column, offset_of};
pub use rate::{Rate, RateError, parse_rate};
pub use raw::Raw;
pub use reader::Reader;
pub use role::Role;
pub use run::{Mode, Outcome, PastRun, RunReport, TraceKind, TraceLine};
pub use scheme::{Scheme, SchemeError};
pub use server_url::{API, ServerUrl, ServerUrlError};
pub use suggest::did_you_mean;
