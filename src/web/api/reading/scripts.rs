//! `/scripts`: the texts that are and were in use.

use serde_json::{Value, json};

use super::{Reading, not_found, read};
use crate::web::{answer::Answer, api::asked::shortened};

pub(in crate::web::api) fn all(reading: &Reading) -> Result<Value, Answer> {
    let mut scripts: Vec<_> = reading.routes.library.all().collect();
    scripts.sort_by(|one, two| one.name.cmp(&two.name));
    let mut all = Vec::new();
    for script in scripts {
        let versions = read(reading.history().script_versions(&script.name))?;
        let since = versions.iter().find(|(hash, _)| *hash == script.hash).map(|(_, first)| *first);
        let automations = reading.routes.config.automations.iter().filter(|one| one.script == script.name);
        let automations: Vec<&str> = automations.map(|one| one.name.as_str()).collect();
        let (name, hash) = (&script.name, &script.hash);
        all.push(json!({ "name": name, "hash": hash, "since": since, "automations": automations }));
    }
    Ok(json!({ "scripts": all }))
}

pub(in crate::web::api) fn versions(reading: &Reading) -> Result<Value, Answer> {
    let name = reading.asked.name("script");
    let versions = read(reading.history().script_versions(name))?;
    if versions.is_empty() {
        return Err(not_found(format!("there is no script {:?}", shortened(name))));
    }
    let used = reading.routes.library.get(name).map(|script| script.hash.as_str());
    let rows = versions
        .iter()
        .map(|(hash, since)| json!({ "hash": hash, "since": since, "in_use": used == Some(hash.as_str()) }));
    Ok(json!({ "versions": rows.collect::<Vec<_>>() }))
}

pub(in crate::web::api) fn source(reading: &Reading) -> Result<Value, Answer> {
    let (name, hash) = (reading.asked.name("script"), reading.asked.name("hash"));
    let found = read(reading.history().script_source(name, hash))?;
    let unknown = || {
        let (name, hash) = (shortened(name), shortened(hash));
        not_found(format!("there is no version {hash:?} of a script {name:?}"))
    };
    let source = found.ok_or_else(unknown)?;
    Ok(json!({ "name": name, "hash": hash, "source": source }))
}
