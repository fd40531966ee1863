//! Configurations, and the server itself.

use serde_json::{Map, Value, json};

use super::{
    Call,
    reply::{Answered, download, ok, refuse},
};
use crate::{api::Generation, sandbox::Sandbox};

/// Nothing, packed.
const EMPTY_GZIP: [u8; 20] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl Sandbox {
    pub(super) fn list_configs(&self) -> Answered {
        ok(&self.configs())
    }

    pub(super) fn configs(&self) -> Value {
        let configs = self.experiment.configs.keys().map(|name| (name.clone(), self.summary(name).into()));
        let apps = self.experiment.apps.iter();
        let apps = apps.map(|(name, app)| (format!("~{name}"), app.description.clone().into()));
        json!({
            "configs": configs.collect::<Map<String, Value>>(), "apps": apps.collect::<Map<String, Value>>(),
        })
    }

    /// What a configuration comes to, in one line.
    fn summary(&self, config: &str) -> String {
        match config.strip_prefix('~') {
            Some(app) => self.experiment.apps.get(app).map(|app| app.description.clone()).unwrap_or_default(),
            None => self.experiment.apps_of(config).unwrap_or_default().join(" → "),
        }
    }

    pub(super) fn describe_config(&self, call: &Call) -> Answered {
        let name = call.name();
        let Some(apps) = self.experiment.apps_of(name) else { return refuse(404, "Configuration not found") };
        let settings = self.experiment.configs.get(name).map(|config| config.settings.clone());
        let multiples = apps.iter().filter_map(|app| self.experiment.apps.get(app)).map(|app| app.multiple);
        let multiple = multiples.fold(1, least_common_multiple);
        let mut answer = json!({
            "name": name, "summary": self.summary(name), "apps": apps, "settings": settings.unwrap_or_default(),
        });
        let key = match self.generation {
            Generation::Contract => "multiple_of",
            Generation::Toggling | Generation::Newest => "suggested_multiple",
        };
        answer[key] = multiple.into();
        ok(&answer)
    }

    /// What the admin's first page shows; since 0.8 also what it says about the server.
    pub(super) fn dashboard(&self) -> Answered {
        let active = self.sessions_where(|session| session.active);
        let mut answer =
            json!({"configs": self.configs(), "rooms": self.plain_rooms(), "active_sessions": active});
        if self.generation == Generation::Newest {
            answer["uproot_version"] = json!(self.version());
            answer["nudge_announcements"] = json!(false);
        }
        ok(&answer)
    }

    /// The whole database: there is nothing in a sandbox that is worth keeping.
    pub(super) fn dump_database(&self) -> Answered {
        match self.generation {
            Generation::Newest => download("application/gzip", "uproot.msgpack.gz", EMPTY_GZIP.to_vec()),
            _ => download("application/msgpack", "uproot.msgpack", Vec::new()),
        }
    }

    /// The code of the project, which there is none of.
    pub(super) fn archive_project(&self) -> Answered {
        download("application/gzip", "project.tar.gz", EMPTY_GZIP.to_vec())
    }

    /// Nobody announces anything here.
    pub(super) fn announcements(&self) -> Answered {
        match self.generation {
            Generation::Contract => ok(&json!({"error": "Failed to fetch announcements"})),
            Generation::Toggling | Generation::Newest => ok(&json!({"error": true})),
        }
    }

    /// Nobody is logged in to pages that there are not.
    pub(super) fn auth_sessions(&self) -> Answered {
        ok(&json!({}))
    }

    pub(super) fn status(&self) -> Answered {
        let packages = json!({"uproot-sandbox": env!("CARGO_PKG_VERSION")});
        if self.generation == Generation::Contract {
            return ok(&json!({
                "version": self.version(), "database_size_mb": 0.0, "packages": packages, "public_demo": false,
            }));
        }
        ok(&json!({
            "versions": {"uproot": self.version(), "python": "3.11 (a sandbox, which has none)"},
            "database": {"driver": "Memory", "size_bytes": 0, "size_mb": 0.0},
            "auth_sessions": {}, "packages": packages, "missing_i18n": {}, "public_demo": false,
            "unsafe": false,
        }))
    }

    /// The version that it answers like.
    pub(in crate::sandbox) fn version(&self) -> &'static str {
        match self.generation {
            Generation::Contract => "0.0.1",
            Generation::Toggling => "0.1.0",
            Generation::Newest => "0.10.1",
        }
    }
}

fn least_common_multiple(a: u64, b: u64) -> u64 {
    let (mut x, mut y) = (a, b.max(1));
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).saturating_mul(b.max(1))
}
