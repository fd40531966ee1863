//! What an archive says about itself. The words are the sandbox's own.

use std::io;

use jiff::Timestamp;
use serde_json::json;

use super::{Filetype, Made, Options, archive::grouped_name};
use crate::sandbox::session::Session;

/// For people.
pub(super) fn readme(
    session: &Session,
    filetype: Filetype,
    options: &Options,
    made: Made,
    newest: bool,
) -> Vec<u8> {
    let extension = filetype.extension();
    let title = format!("Data export of uproot session \"{}\"", session.name);
    let made_at = Timestamp::from_second(made.now as i64).unwrap_or_default();
    let mut text = format!(
        "{title}\n{}\n\nCreated {} by a sandbox of uproot {}.\n\n\
         ultralong/  one row for each change of a field\n\
         sparse/     the same, with a column for each field\n\
         latest/     the last value of every field\n",
        "=".repeat(title.len()),
        made_at.strftime("%Y-%m-%d %H:%M UTC"),
        made.version,
    );
    if !options.gvar.is_empty() {
        let (name, fields) = (grouped_name(&options.gvar), options.gvar.join(", "));
        text += &format!("{name}/  the same for each combination of {fields}\n");
    }
    text += if options.filters {
        "\nFields that only the server is interested in were left out or renamed.\n"
    } else {
        "\nNo filters were applied.\n"
    };
    if newest {
        text += &format!("\npage_times.{extension} says who was on which page from when to when.\n");
    }
    text += "SHA256SUMS is for sha256sum -c.\n";
    text.into_bytes()
}

/// What the columns with an exclamation mark are.
pub(super) fn dictionary() -> io::Result<Vec<u8>> {
    let column = |kind: &str, description: &str| json!({"type": kind, "description": description});
    let dictionary = json!({
        "about": "The columns whose names begin with '!'. Types are those of JSON; tables have TRUE and FALSE, nothing \
                  for null, and JSON for lists and objects.",
        "columns": {
            "!storage": column("string", "Whose row it is, such as 'player/mysession/abcde'."),
            "!field": column("string", "The field that changed."),
            "!time": column("number", "When, in seconds since 1970."),
            "!seq": column("integer", "The number of the change; later changes have higher ones."),
            "!context": column("string", "The line of code that wrote it: 'module.function:line'."),
            "!unavailable": column("boolean", "Whether the field was deleted."),
            "!data": column("any", "The value after the change."),
        },
    });
    Ok(serde_json::to_vec_pretty(&dictionary)?)
}
