//! `csv::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `csv::`.
pub(super) fn module() -> Module {
    exported_module!(csv_)
}

#[export_module]
mod csv_ {
    use serde_json::{Map as JsonMap, Value};

    use crate::script::{
        error::{RhaiResultOf, bad_argument},
        records::{Rows, to_json},
    };

    /// Reads CSV with a header line: rows of texts.
    ///
    /// ```rhai
    /// for row in csv::parse(files::read("labels.csv")) { log::info(row.label); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn parse(text: &str) -> RhaiResultOf<Rows> {
        let wrong = |error: csv::Error| bad_argument("csv::parse", &format!("this is not CSV: {error}"));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
        let row = |row: Result<csv::StringRecord, csv::Error>| -> RhaiResultOf<JsonMap<String, Value>> {
            let row = row.map_err(wrong)?;
            Ok(columns.iter().cloned().zip(row.iter().map(Value::from)).collect())
        };
        Ok(Rows::new(reader.records().map(row).collect::<RhaiResultOf<_>>()?))
    }

    /// Writes rows as CSV with a header line. The columns are those of all rows, in the order in which they first come.
    ///
    /// ```rhai
    /// files::write("bonus.csv", csv::encode([#{ label: "p1", bonus: 2.5 }]));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn encode(rows: Dynamic) -> RhaiResultOf<String> {
        let wrong = || bad_argument("csv::encode", "rows are an array of maps, or what data::csv gave");
        let Value::Array(rows) = to_json(&rows)? else { return Err(wrong()) };
        let rows: Vec<&JsonMap<String, Value>> =
            rows.iter().map(|row| row.as_object().ok_or_else(wrong)).collect::<RhaiResultOf<_>>()?;
        let mut columns: indexmap::IndexSet<&str> = indexmap::IndexSet::new();
        columns.extend(rows.iter().flat_map(|row| row.keys().map(String::as_str)));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |error: &dyn std::fmt::Display| bad_argument("csv::encode", &error.to_string());
        writer.write_record(&columns).map_err(|error| failed(&error))?;
        for row in rows {
            let cells = columns.iter().map(|column| match row.get(*column) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            });
            writer.write_record(cells).map_err(|error| failed(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(&error))?;
        String::from_utf8(bytes).map_err(|error| failed(&error))
    }
}
