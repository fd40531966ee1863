//! `params`: what `param(name)` gives a script, and where it stands.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{reader::Section, value::to_json};

/// Where parameters stand in the configuration, by their names.
pub type ParamPlaces = BTreeMap<String, ParamPlace>;

/// Where a parameter stands in the configuration.
#[derive(Clone, Debug)]
pub struct ParamPlace {
    /// Its name.
    pub key: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
    /// Each text in the value, with its place.
    pub texts: Vec<(String, Range<usize>)>,
}

pub(super) fn read(section: &mut Section<'_, '_>) -> (Map<String, Value>, ParamPlaces) {
    let Some(value) = section.any("params") else { return Default::default() };
    match (value.get_ref(), to_json(value.get_ref())) {
        (DeValue::Table(table), Value::Object(map)) => (map, places(table)),
        _ => {
            section.wrong_type("params", value, "a table");
            Default::default()
        }
    }
}

fn places(table: &DeTable<'_>) -> ParamPlaces {
    let place = |key: Range<usize>, value: &Spanned<DeValue<'_>>| {
        let mut texts = Vec::new();
        collect(value, &mut texts);
        ParamPlace { key, value: value.span(), texts }
    };
    table.iter().map(|(key, value)| (key.get_ref().to_string(), place(key.span(), value))).collect()
}

fn collect(value: &Spanned<DeValue<'_>>, texts: &mut Vec<(String, Range<usize>)>) {
    match value.get_ref() {
        DeValue::String(text) => texts.push((text.to_string(), value.span())),
        DeValue::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        DeValue::Table(table) => table.iter().for_each(|(_, value)| collect(value, texts)),
        _ => {}
    }
}
