//! `system::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `system::`.
pub(super) fn module() -> Module {
    exported_module!(system)
}

#[export_module]
mod system {
    use rhai::NativeCallContext;

    use super::super::{context, session};
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

    /// The apps of a session that have a digest: `#{apps}`, on newer servers with `digests`.
    ///
    /// ```rhai
    /// let apps = system::digest("monday").apps;
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn digest(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::Digest).session(&session(session_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
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
