//! What stands on each page.

mod automations;
mod chart;
mod dead;
mod events;
pub(super) mod export;
mod health;
mod log;
mod now;
mod plans;
mod players;
mod run;
mod scripts;

use super::{
    page::Page,
    place::{Place, Query},
    scene::Scene,
};
use crate::store::StoreError;

/// Makes the page of a place; none where what it names is not there.
pub(super) fn make(scene: &Scene, query: &Query) -> Result<Option<Page>, StoreError> {
    Ok(match &scene.place {
        Place::Now => Some(now::page(scene)?),
        Place::Session(session) => players::session(scene, session)?,
        Place::Player(session, player) => players::player(scene, session, player)?,
        Place::Automations => Some(automations::all(scene)?),
        Place::Automation(name) => automations::one(scene, name)?,
        Place::Plans => Some(plans::all(scene, query)?),
        Place::Plan(run) => plans::one(scene, *run)?,
        Place::Events => Some(events::page(scene, query)?),
        Place::Run(run) => run::page(scene, *run)?,
        Place::Dead => Some(dead::page(scene, query)?),
        Place::Scripts => Some(scripts::all(scene)?),
        Place::Script(name) => scripts::one(scene, name, query)?,
        Place::Log => Some(log::page(scene, query)?),
        Place::Health => Some(health::page(scene)?),
    })
}
