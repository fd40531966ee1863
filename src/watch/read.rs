//! The server's answers as observation needs them: typed, borrowed from the bytes, and no more than is wanted. This is what
//! keeps a look at 2,000 players at milliseconds.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// A text, borrowed unless something in it is escaped.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Texts).map(Self)
    }
}

/// An object as the list of its entries, in their order.
pub(super) struct Entries<'a, V>(pub(super) Vec<(Cow<'a, str>, V)>);

impl<'de: 'a, 'a, V: Deserialize<'de> + 'a> Deserialize<'de> for Entries<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Objects<'a, V>(PhantomData<&'a V>);
        impl<'de: 'a, 'a, V: Deserialize<'de>> Visitor<'de> for Objects<'a, V> {
            type Value = Entries<'a, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or_default());
                while let Some((Text(key), value)) = map.next_entry()? {
                    entries.push((key, value));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Objects(PhantomData))
    }
}

/// A session in the list of all.
#[derive(Deserialize)]
pub(super) struct SessionRow {
    /// When it was made, in seconds since 1970 by the server's clock.
    pub(super) created: f64,
    pub(super) n_players: u64,
}

/// A room in the list of all.
#[derive(Deserialize)]
pub(super) struct RoomRow<'a> {
    /// The session in it.
    #[serde(borrow)]
    pub(super) sname: Option<Text<'a>>,
}

/// The fields that observation asks for, in [`FIELDS`]. Each is read for itself: what an app has put into one of another name
/// or kind must not hide the others.
#[derive(Deserialize)]
pub(super) struct PlayerRow<'a> {
    #[serde(borrow)]
    show_page: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) page_order: Option<&'a RawValue>,
    #[serde(borrow)]
    started: Option<&'a RawValue>,
    #[serde(borrow)]
    label: Option<&'a RawValue>,
    #[serde(borrow, rename = "_uproot_group")]
    group: Option<&'a RawValue>,
    #[serde(borrow, rename = "_uproot_timeouts_until")]
    timeouts: Option<&'a RawValue>,
    #[serde(borrow, rename = "_uproot_dropout")]
    dropout: Option<&'a RawValue>,
}

/// What is asked of each player.
pub(super) const FIELDS: [&str; 7] = [
    "show_page",
    "page_order",
    "started",
    "label",
    "_uproot_group",
    "_uproot_timeouts_until",
    "_uproot_dropout",
];

fn raw<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

impl PlayerRow<'_> {
    /// The place in the page order; before the first where it cannot be read.
    pub(super) fn show_page(&self) -> i64 {
        raw(self.show_page).unwrap_or(-1)
    }

    /// Whether a room or a link has handed the place out.
    pub(super) fn started(&self) -> bool {
        raw(self.started).unwrap_or(false)
    }

    /// The label, empty where there is none.
    pub(super) fn label(&self) -> String {
        raw(self.label).unwrap_or_default()
    }

    /// The name of the group.
    pub(super) fn group(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Group {
            gname: String,
        }
        raw::<Group>(self.group).map(|group| group.gname)
    }

    /// Until when there is time on which page, in seconds since 1970.
    pub(super) fn deadlines(&self) -> Vec<(i64, f64)> {
        let Some(Entries(entries)) = raw::<Entries<'_, f64>>(self.timeouts) else { return Vec::new() };
        entries.into_iter().filter_map(|(page, until)| Some((page.parse().ok()?, until))).collect()
    }

    /// Whether the player is marked as dropped out.
    pub(super) fn dropped(&self) -> bool {
        raw(self.dropout).unwrap_or(false)
    }
}

/// Who is where, and when they were last heard of.
#[derive(Deserialize)]
pub(super) struct Online<'a> {
    /// By player: the number, the page order, the place in it.
    #[serde(borrow)]
    pub(super) info: Entries<'a, (IgnoredAny, IgnoredAny, Option<f64>)>,
    /// In seconds since 1970 by the server's clock.
    #[serde(borrow)]
    pub(super) online: Entries<'a, f64>,
}

/// Who waits in a room, and when they were last heard of.
#[derive(Deserialize)]
pub(super) struct Waiting<'a> {
    #[serde(borrow)]
    pub(super) online: Entries<'a, Option<f64>>,
}

/// Every change since an instant.
#[derive(Deserialize)]
pub(super) struct Changes<'a> {
    /// By player and field.
    #[serde(borrow)]
    pub(super) data: Entries<'a, Entries<'a, &'a RawValue>>,
    /// When the newest change was made that the server met on its walk through the players.
    pub(super) last_update: Option<f64>,
}

/// One change of a field.
pub(super) struct Change<'a> {
    /// In seconds since 1970 by the server's clock.
    pub(super) at: f64,
    /// The value as Python writes it.
    pub(super) text: Cow<'a, str>,
    /// The line of the server's code that made it.
    pub(super) context: Cow<'a, str>,
}

/// The changes of one field, oldest first; none where they do not read.
pub(super) fn changes(raw: &RawValue) -> Vec<Change<'_>> {
    type Entry<'a> = (f64, IgnoredAny, IgnoredAny, Text<'a>, Text<'a>);
    let entries: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|entry| serde_json::from_str::<Entry<'_>>(entry.get()).ok())
        .map(|(at, _, _, Text(text), Text(context))| Change { at, text, context })
        .collect()
}

/// Reads an answer. The error is a sentence.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    // Not the error's own text, which may show a value.
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("it does not read as observed data (line {line}, column {column})")
    })
}

/// A value that was written down, or what it is without: what does not read any more is as good as none.
pub(super) fn remembered<T: DeserializeOwned + Default>(name: &str, text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::warn!(%name, %error, "what was remembered of an observation does not read; beginning anew");
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_of_another_kind_does_not_hide_the_others() {
        let body = br#"{"a": {"show_page": 2, "page_order": ["x/A"], "started": true, "label": 7,
            "_uproot_group": {"sname": "s", "gname": "g"}, "_uproot_timeouts_until": {"2": 17.5, "x": 1},
            "_uproot_dropout": null}}"#;
        let Entries(players) = parse::<Entries<'_, PlayerRow<'_>>>(body).unwrap();
        let (name, row) = &players[0];
        assert_eq!(&**name, "a");
        assert_eq!(
            (row.show_page(), row.started(), row.label(), row.dropped()),
            (2, true, String::new(), false)
        );
        assert_eq!((row.group().as_deref(), row.deadlines()), (Some("g"), vec![(2, 17.5)]));
    }

    #[test]
    fn a_name_with_an_escape_reads_too() {
        let body =
            br#"{"data": {"a\"b": {"show_page": [[1.5, false, "int", "3", "x"]]}}, "last_update": 1.5}"#;
        let changes_since: Changes<'_> = parse(body).unwrap();
        let (name, Entries(fields)) = &changes_since.data.0[0];
        assert_eq!(&**name, "a\"b");
        let read = changes(fields[0].1);
        assert_eq!((read[0].at, &*read[0].text, &*read[0].context), (1.5, "3", "x"));
        assert!(changes(serde_json::from_str("[[1,2]]").unwrap()).is_empty());
    }
}
