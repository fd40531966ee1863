//! `system::`

use rhai::{Map, Module, exported_module, plugin::*};

use super::files::put;
use crate::{
    api::{Call, Endpoint},
    domain::{Capability, TraceKind, counted},
    environment::Priority,
    script::{
        context::RunContext,
        error::{RhaiResultOf, raise_api, refuse},
    },
};

/// Has the server make a file and puts it into the export folder, where only the daemon's own user reads it. It never
/// comes into the script, the log or the store.
fn fetch(run: &RunContext, function: &str, endpoint: Endpoint, file: &str) -> RhaiResultOf<Map> {
    run.before_writing(function)?;
    if let Some(capability) = Capability::named(endpoint.name()) {
        run.actor.require(capability).map_err(|error| refuse(error.to_string()))?;
    }
    let mut answer = Map::new();
    answer.insert("file".into(), file.into());
    if run.actor.is_dry() {
        run.tools.client.offers(endpoint, &run.actor.scope).map_err(|error| raise_api(&error))?;
        run.note(TraceKind::Info, format!("{function}: would write to {file}"), None);
        answer.insert("dry_run".into(), true.into());
        return Ok(answer);
    }
    let bytes = run.read(&Call::new(endpoint), Priority::Export)?.file().unwrap_or_default();
    run.note(
        TraceKind::Info,
        format!("{function}: writes {} to {file}", counted(bytes.len(), "byte", "bytes")),
        None,
    );
    put(run, function, file, &bytes, true)?;
    answer.insert("bytes".into(), i64::try_from(bytes.len()).unwrap_or(i64::MAX).into());
    Ok(answer)
}

/// The functions of `system::`.
pub(super) fn module() -> Module {
    exported_module!(system)
}

#[export_module]
mod system {
    use rhai::{Map, NativeCallContext};

    use super::{
        super::{app, context, session},
        fetch,
    };
    use crate::{
        api::{Call, Endpoint},
        script::{error::RhaiResultOf, records::to_dynamic},
    };

    /// The announcements of uproot's makers, or a map with `error` where the server cannot fetch them.
    ///
    /// ```rhai
    /// let news = system::announcements();
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn announcements(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        Ok(to_dynamic(&run.read_json(&Call::new(Endpoint::Announcements))?))
    }

    /// The apps of a session that have a digest: `#{apps}`; since uproot 0.1 with `digests`, what each of them says.
    ///
    /// ```rhai
    /// let apps = system::digest("monday").apps;
    /// ```
    #[rhai_fn(name = "digest", volatile, return_raw)]
    pub fn digest(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::Digest).session(&session(session_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }

    /// What the digest of one app says: `#{app, digest}`. Since uproot 0.1.
    ///
    /// ```rhai
    /// let trades = system::digest("monday", "market").digest;
    /// ```
    #[rhai_fn(name = "digest", volatile, return_raw)]
    pub fn digest_of(ctx: NativeCallContext, session_name: &str, app_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::DigestOf).session(&session(session_name)?).app(&app(app_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }

    /// What the admin's first page shows: `#{configs, rooms, active_sessions}`. Since uproot 0.1.
    ///
    /// ```rhai
    /// if system::dashboard().active_sessions.len() == 0 { skip("nothing is on"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn dashboard(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        Ok(to_dynamic(&run.read_json(&Call::new(Endpoint::Dashboard))?))
    }

    /// Has the server write out its whole database, into a file in the export folder that only the daemon's own user can
    /// read, and gives `#{file, bytes}`. It holds everything, the keys of all players and admins too: keep it as you keep
    /// the database itself. At most 512 MiB; it holds the server up. Its form is msgpack, since uproot 0.6 packed with gzip. Since
    /// uproot 0.1. Needs `system.dump_database`.
    ///
    /// ```rhai
    /// system::dump_database("backup/evening.msgpack.gz");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn dump_database(ctx: NativeCallContext, file: &str) -> RhaiResultOf<Map> {
        fetch(&*context(&ctx)?, "system::dump_database", Endpoint::DumpDatabase, file)
    }

    /// Has the server pack the code of its project (.tar.gz), into a file in the export folder that only the daemon's own
    /// user can read, and gives `#{file, bytes}`. What `.gitignore` names is left out; without one the server refuses. Since
    /// uproot 0.8. Needs `system.archive_project`.
    ///
    /// ```rhai
    /// system::archive_project("backup/code.tar.gz");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn archive_project(ctx: NativeCallContext, file: &str) -> RhaiResultOf<Map> {
        fetch(&*context(&ctx)?, "system::archive_project", Endpoint::ArchiveProject, file)
    }

    /// Who is logged in to the server's admin pages.
    ///
    /// ```rhai
    /// let admins = system::auth_sessions();
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn auth_sessions(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        Ok(to_dynamic(&run.read_json(&Call::new(Endpoint::AuthSessions))?))
    }

    /// The server itself: `#{version, database_size_mb, public_demo, ...}`.
    ///
    /// ```rhai
    /// if system::status().database_size_mb > 500.0 { log::warn("the database is large"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn status(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        Ok(to_dynamic(&run.read_json(&Call::new(Endpoint::Status))?))
    }
}
