//! `json::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `json::`.
pub(super) fn module() -> Module {
    exported_module!(json)
}

#[export_module]
mod json {
    use crate::script::{
        error::{RhaiResultOf, bad_argument},
        records::{to_dynamic, to_json},
    };

    /// Reads JSON: objects become maps, null becomes `()`.
    ///
    /// ```rhai
    /// let order = json::parse("{\"n\": 3}");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn parse(text: &str) -> RhaiResultOf<Dynamic> {
        let value: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| bad_argument("json::parse", &format!("this is not JSON: {error}")))?;
        Ok(to_dynamic(&value))
    }

    /// Writes a value as JSON on one line.
    ///
    /// ```rhai
    /// log::info(json::encode(#{ n: 3 }));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn encode(value: Dynamic) -> RhaiResultOf<String> {
        Ok(to_json(&value)?.to_string())
    }
}
