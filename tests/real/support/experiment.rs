//! What a server under test offers: which of the apps in `tests/real/project`, and how it is set up.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

/// The configurations of a server and the address it lives under.
#[derive(Clone, Debug)]
pub(crate) struct Experiment {
    configs: Map<String, Value>,
    subdirectory: Option<String>,
}

impl Experiment {
    /// Every app under its own name, and `both`: the survey and then the game of two.
    pub(crate) fn standard() -> Experiment {
        Experiment { configs: Map::new(), subdirectory: None }
            .config("survey", &["survey"], &json!({}))
            .config("pair", &["pair"], &json!({"stake": 10}))
            .config("timed", &["timed"], &json!({}))
            .config("watched", &["watched"], &json!({}))
            .config("both", &["survey", "pair"], &json!({}))
    }

    /// Adds a configuration of these apps with these settings.
    pub(crate) fn config(mut self, name: &str, apps: &[&str], settings: &Value) -> Experiment {
        self.configs.insert(name.to_owned(), json!({"apps": apps, "settings": settings}));
        self
    }

    /// Has the server live under `/NAME/` instead of `/`.
    pub(crate) fn in_subdirectory(mut self, name: &str) -> Experiment {
        self.subdirectory = Some(name.to_owned());
        self
    }

    /// The path the server lives under, with a slash at both ends.
    pub(super) fn root(&self) -> String {
        self.subdirectory.as_ref().map_or("/".to_owned(), |name| format!("/{name}/"))
    }

    /// What `main.py` of the project and uproot itself read from the environment.
    pub(super) fn environment(&self, token: &str) -> Vec<(&'static str, String)> {
        let mut environment = vec![
            ("EXPERIMENT_CONFIGS", Value::Object(self.configs.clone()).to_string()),
            ("EXPERIMENT_TOKEN", token.to_owned()),
        ];
        environment.extend(self.subdirectory.clone().map(|name| ("UPROOT_SUBDIRECTORY", name)));
        environment
    }

    /// Copies the project into an empty folder.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/project"), folder)?;
        // uproot reads the nearest `.env` of all folders above; an empty one keeps it from looking further.
        fs::write(folder.join(".env"), "")?;
        // Without it, uproot packs no project.
        fs::write(folder.join(".gitignore"), "*.sqlite3*\n.env\n")
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
