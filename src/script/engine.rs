//! Engines: a raw one for each run, over packages that all runs share.

use std::sync::LazyLock;

use rhai::{
    Dynamic, Engine, OptimizationLevel, Position, Shared,
    module_resolvers::DummyModuleResolver,
    packages::{Package, StandardPackage},
};

use super::{
    bindings,
    context::RunContext,
    depth::{self, DEEPEST, Sampler},
    error::{Ending, end},
    limits,
};
use crate::domain::TraceKind;

/// Rhai's own functions, made once. A new engine over them costs less than a microsecond.
static STANDARD: LazyLock<StandardPackage> = LazyLock::new(StandardPackage::new);

/// How many operations pass between two looks at the clock and the cancellation.
const LOOK_EVERY: u64 = 256;

/// An engine with every function and limit, for compiling and for documentation.
pub(super) fn bare() -> Engine {
    let mut engine = Engine::new_raw();
    STANDARD.register_into_engine(&mut engine);
    bindings::register(&mut engine);
    limits::apply(&mut engine);
    // The optimizer would change what scripts mean in corner cases, and gains almost nothing.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_module_resolver(DummyModuleResolver::new());
    engine.disable_symbol("eval");
    engine
}

/// An engine for one run.
pub(super) fn for_run(context: &Shared<RunContext>) -> Engine {
    let mut engine = bare();
    let scope = context.actor.scope.clone();
    let env = Shared::clone(&context.tools.env);
    engine.set_default_tag(Dynamic::from(Shared::clone(context)));
    let ending = Shared::clone(context);
    engine.on_progress(move |operations| {
        if operations % LOOK_EVERY != 0 {
            return None;
        }
        let stopped = scope.check(env.now()).err()?;
        // It is not one of our functions that ends the script.
        ending.called_at(Position::NONE);
        Some(Dynamic::from(Ending::Stopped(stopped)))
    });
    watch_depth(&mut engine, context);
    let print = Shared::clone(context);
    engine.on_print(move |text| print.log(TraceKind::Info, text));
    let debug = Shared::clone(context);
    engine.on_debug(move |text, _, position| debug.log(TraceKind::Debug, &format!("{position:?}: {text}")));
    engine
}

/// Ends a run whose values are nested without end.
fn watch_depth(engine: &mut Engine, context: &Shared<RunContext>) {
    let context = Shared::clone(context);
    let sampler = Sampler::default();
    #[expect(deprecated, reason = "Rhai marks it as not settled; there is no other way to see values")]
    engine.on_var(move |name, _, place| {
        if !sampler.looks() || !place.scope().get(name).is_some_and(depth::is_too_deep) {
            return Ok(None);
        }
        context.called_at(Position::NONE);
        let why = format!(
            "the value of `{name}` is nested more than {DEEPEST} levels deep: does a loop put it into itself?"
        );
        Err(end(Ending::Fail(why)))
    });
}
