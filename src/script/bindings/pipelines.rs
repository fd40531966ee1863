//! `pipelines::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `pipelines::`.
pub(super) fn module() -> Module {
    exported_module!(pipelines)
}

#[export_module]
mod pipelines {
    use rhai::NativeCallContext;

    use super::super::{app, context, session};
    use crate::{
        api::{Call, Endpoint},
        script::{
            error::RhaiResultOf,
            records::{to_dynamic, to_json},
        },
    };

    /// The apps of a session that have a pipeline: `#{apps}`. Since uproot 0.1.
    ///
    /// ```rhai
    /// if "market" in pipelines::list("monday").apps { pipelines::run("monday", "market"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn list(ctx: NativeCallContext, session_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PipelinesList).session(&session(session_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }

    /// Runs the pipeline of an app: code of the experiment, which may change the session. Where it gives a table, this
    /// gives `#{rows}`; else `#{result}`: an object, a list, or a text. It runs once: when its answer is lost, nothing
    /// tells whether it ran. Versions before 0.7 refuse this where the pipeline has no default for its data. Since uproot
    /// 0.1. Needs `pipelines.run`.
    ///
    /// ```rhai
    /// files::write("bonus.csv", csv::encode(pipelines::run("monday", "market").rows));
    /// ```
    #[rhai_fn(name = "run", volatile, return_raw)]
    pub fn run(ctx: NativeCallContext, session_name: &str, app_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PipelinesRun).session(&session(session_name)?).app(&app(app_name)?);
        Ok(to_dynamic(&run.write(call)?))
    }

    /// The same, with data for the pipeline: any value that JSON can hold. Since uproot 0.1. Needs `pipelines.run`.
    ///
    /// ```rhai
    /// let paid = pipelines::run("monday", "market", #{ rate: 0.5 });
    /// ```
    #[rhai_fn(name = "run", volatile, return_raw)]
    pub fn run_with(
        ctx: NativeCallContext,
        session_name: &str,
        app_name: &str,
        data: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::PipelinesRun).session(&session(session_name)?).app(&app(app_name)?);
        let body = [("data".to_owned(), to_json(&data)?)].into_iter().collect();
        Ok(to_dynamic(&run.write(call.body(body))?))
    }
}
