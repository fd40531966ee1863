//! `uproctor doctor`: everything on which a night may fail, on one screen.

mod findings;
mod here;
mod servers;
mod store;

use std::{path::Path, sync::Arc};

use super::{exit::Exit, run};
use crate::{config, environment::Environment, live::Live, script};
use findings::Findings;

/// `uproctor doctor`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only whether the daemon runs and is well, as a container's health check asks
    #[arg(long)]
    quick: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// Looks at everything and says how it is.
pub(super) fn run(args: &Args, path: &Path) -> Exit {
    let runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let env: Arc<dyn Environment> = Arc::new(Live::new(runtime.handle().clone()));
    let (config, _, problems) = script::prepare(config::load(path));
    let mut findings = Findings::new(args.json);
    if !args.quick {
        here::configuration(&config, &problems, &mut findings);
        here::clocks(&config, &mut findings);
        servers::uproot(&env, &config, &mut findings);
        store::store(&config, &mut findings);
        here::alarms(&config, &mut findings);
        here::users(&config, &mut findings);
    }
    servers::daemon(&*env, &config, args.quick, &mut findings);
    findings.finish()
}
