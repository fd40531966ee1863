//! `log::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `log::`.
pub(super) fn module() -> Module {
    exported_module!(log)
}

#[export_module]
mod log {
    use rhai::NativeCallContext;

    use super::super::context;
    use crate::{domain::TraceKind, script::error::RhaiResultOf};

    /// Writes a line to the run's log that is only shown when looked for.
    ///
    /// ```rhai
    /// log::debug("nothing new");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn debug(ctx: NativeCallContext, text: Dynamic) -> RhaiResultOf<()> {
        context(&ctx)?.log(TraceKind::Debug, &text.to_string());
        Ok(())
    }

    /// Writes a line to the run's log. `print` does the same.
    ///
    /// ```rhai
    /// log::info("stepped ABC on");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn info(ctx: NativeCallContext, text: Dynamic) -> RhaiResultOf<()> {
        context(&ctx)?.log(TraceKind::Info, &text.to_string());
        Ok(())
    }

    /// Writes a warning to the run's log.
    ///
    /// ```rhai
    /// log::warn("three players are gone");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn warn(ctx: NativeCallContext, text: Dynamic) -> RhaiResultOf<()> {
        context(&ctx)?.log(TraceKind::Warn, &text.to_string());
        Ok(())
    }

    /// Writes an error to the run's log. The run goes on; `fail(reason)` ends it.
    ///
    /// ```rhai
    /// log::error("the bonus file is empty");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn error(ctx: NativeCallContext, text: Dynamic) -> RhaiResultOf<()> {
        context(&ctx)?.log(TraceKind::Error, &text.to_string());
        Ok(())
    }
}
