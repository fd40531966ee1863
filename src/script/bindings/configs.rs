//! `configs::`

use rhai::{Module, exported_module, plugin::*};

/// The functions of `configs::`.
pub(super) fn module() -> Module {
    exported_module!(configs)
}

#[export_module]
mod configs {
    use rhai::NativeCallContext;

    use super::super::{config, context};
    use crate::{
        api::{Call, Endpoint},
        script::{error::RhaiResultOf, records::to_dynamic},
    };

    /// What sessions can be made from: `#{configs, apps}`, each a map of names and their descriptions.
    ///
    /// ```rhai
    /// if !("dictator" in configs::list().configs) { fail("the experiment is not there"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn list(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        Ok(to_dynamic(&run.read_json(&Call::new(Endpoint::ConfigsList))?))
    }

    /// One configuration: `#{name, summary, apps, settings, multiple_of}`; `multiple_of` is what the number of players
    /// should be divisible by.
    ///
    /// ```rhai
    /// let size = configs::summary("dictator").multiple_of;
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn summary(ctx: NativeCallContext, config_name: &str) -> RhaiResultOf<Dynamic> {
        let run = context(&ctx)?;
        let call = Call::new(Endpoint::ConfigsSummary).config(&config(config_name)?);
        Ok(to_dynamic(&run.read_json(&call)?))
    }
}
