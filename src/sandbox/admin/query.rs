//! What stands behind the question mark.

use url::Url;

use super::{body::flag_of, fault::fault_at, reply::Refusal};

/// The parameters in order, decoded.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(url: &Url) -> Self {
        Self(url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }

    /// Every value of a parameter.
    pub(super) fn all(&self, key: &str) -> Vec<&str> {
        self.0.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).collect()
    }

    /// The last value of a parameter: it is the one that counts.
    pub(super) fn last(&self, key: &str) -> Option<&str> {
        self.all(key).last().copied()
    }

    /// A number; `nan` and `inf` are numbers.
    pub(super) fn number(&self, key: &str, default: f64) -> Result<f64, Refusal> {
        let Some(text) = self.last(key) else { return Ok(default) };
        let fault = || Refusal::Invalid(vec![fault_at("query", key, "float_parsing", &text.into())]);
        text.trim().parse().map_err(|_| fault())
    }

    /// A flag, by any of the words that mean one.
    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, Refusal> {
        let Some(text) = self.last(key) else { return Ok(default) };
        let fault = || Refusal::Invalid(vec![fault_at("query", key, "bool_parsing", &text.into())]);
        flag_of(&text.into()).ok_or_else(fault)
    }
}
