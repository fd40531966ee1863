//! The functions without a module in front.

use std::time::Duration;

use rhai::{Module, exported_module, plugin::*};

use crate::{
    domain::parse_duration,
    script::{
        context::RunContext,
        error::{Ending, RhaiResultOf, bad_argument, end},
    },
};

/// The functions without a module in front.
pub(super) fn module() -> Module {
    exported_module!(base)
}

fn lasting(function: &str, duration: &Dynamic) -> RhaiResultOf<Duration> {
    let wrong = || {
        bad_argument(function, "a duration is a text such as \"90s\" or \"1h 30m\", or a number of seconds")
    };
    if let Ok(whole) = duration.as_int() {
        return u64::try_from(whole).map(Duration::from_secs).map_err(|_| wrong());
    }
    if let Ok(number) = duration.as_float() {
        return Duration::try_from_secs_f64(number).map_err(|_| wrong());
    }
    let text = duration.clone().into_immutable_string().map_err(|_| wrong())?;
    parse_duration(&text).map_err(|error| bad_argument(function, &error.to_string()))
}

/// Before a wait, so that what happened until now is there to be seen.
fn flush(context: &RunContext) -> RhaiResultOf<()> {
    let written = context.actor.begun.wait().and_then(|()| {
        let (first, lines) = context.actor.trace.take();
        context.tools.store.trace(context.actor.run, first, lines).wait()
    });
    written.map_err(|error| end(Ending::Store(error.to_string())))
}

#[export_module]
mod base {
    use rhai::NativeCallContext;

    use super::{super::context, flush, lasting};
    use crate::{
        domain::{TraceKind, format_duration},
        script::{
            Nap,
            error::{Ending, RhaiResultOf, bad_argument, end, refuse},
            records::to_dynamic,
        },
    };

    /// A parameter of the automation, from `params` in the configuration. Without it there, the run fails.
    ///
    /// ```rhai
    /// let session = param("session");
    /// ```
    #[rhai_fn(name = "param", volatile, return_raw)]
    pub fn param(ctx: NativeCallContext, name: &str) -> RhaiResultOf<Dynamic> {
        let context = context(&ctx)?;
        let found = context.automation.params.get(name).map(to_dynamic);
        found.ok_or_else(|| {
            let automation = &context.automation.name;
            bad_argument(
                "param",
                &format!("the automation {automation} has no parameter {name:?}: add it to its `params`"),
            )
        })
    }

    /// A parameter of the automation, or the default.
    ///
    /// ```rhai
    /// let patience = param("patience", "3m");
    /// ```
    #[rhai_fn(name = "param", volatile, return_raw)]
    pub fn param_or(ctx: NativeCallContext, name: &str, default: Dynamic) -> RhaiResultOf<Dynamic> {
        Ok(context(&ctx)?.automation.params.get(name).map_or(default, to_dynamic))
    }

    /// The time in seconds since 1970, as the server's own times are.
    ///
    /// ```rhai
    /// let silent_for = now() - last_seen;
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn now(ctx: NativeCallContext) -> RhaiResultOf<f64> {
        Ok(context(&ctx)?.tools.env.now().as_millisecond() as f64 / 1000.0)
    }

    /// A duration such as "3m" in seconds. Numbers are seconds already.
    ///
    /// ```rhai
    /// if dwell > seconds(param("patience")) { log::info("too long"); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn seconds(ctx: NativeCallContext, duration: Dynamic) -> RhaiResultOf<f64> {
        context(&ctx)?;
        Ok(lasting("seconds", &duration)?.as_secs_f64())
    }

    /// Waits, for "90s" or a number of seconds. The run goes on afterwards, within its `time_limit`; look again before you
    /// act, since the world goes on meanwhile.
    ///
    /// ```rhai
    /// wait_for("1m");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn wait_for(ctx: NativeCallContext, duration: Dynamic) -> RhaiResultOf<()> {
        let context = context(&ctx)?;
        let duration = lasting("wait_for", &duration)?;
        context.before_writing("wait_for")?;
        context.note(TraceKind::Wait, format!("waiting for {}", format_duration(duration)), None);
        flush(&context)?;
        let run = context.actor.run;
        let scope = &context.actor.scope;
        let lasts = jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX);
        let until = context.tools.env.now().saturating_add(lasts).unwrap_or(jiff::Timestamp::MAX);
        (context.signal)(Nap { run, until: Some(until.min(scope.deadline)) });
        let slept = context.tools.env.sleep(duration, scope);
        (context.signal)(Nap { run, until: None });
        slept.map_err(|stopped| end(Ending::Stopped(stopped)))
    }

    /// Ends the run: there was nothing to do.
    ///
    /// ```rhai
    /// if waiting == 0 { skip("nobody waits"); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn skip(ctx: NativeCallContext, reason: &str) -> RhaiResultOf<Dynamic> {
        context(&ctx)?;
        Err(end(Ending::Skip(reason.to_owned())))
    }

    /// Ends the run as failed.
    ///
    /// ```rhai
    /// if rows == 0 { fail("the export is empty"); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn fail(ctx: NativeCallContext, reason: &str) -> RhaiResultOf<Dynamic> {
        context(&ctx)?;
        Err(end(Ending::Fail(reason.to_owned())))
    }

    /// Not for automations: `wait_for` is, which a deadline and a stop can end.
    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_whole(ctx: NativeCallContext, _seconds: i64) -> RhaiResultOf<()> {
        context(&ctx)?;
        Err(refuse("sleep is not for automations: use wait_for(\"10s\")".to_owned()))
    }

    /// Not for automations: `wait_for` is.
    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep(ctx: NativeCallContext, _seconds: f64) -> RhaiResultOf<()> {
        sleep_whole(ctx, 0)
    }

    /// Not for automations: `now()` is.
    #[rhai_fn(return_raw)]
    pub fn timestamp(ctx: NativeCallContext) -> RhaiResultOf<f64> {
        context(&ctx)?;
        Err(refuse("timestamp is not for automations: use now()".to_owned()))
    }
}
