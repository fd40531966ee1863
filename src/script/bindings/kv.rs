//! `kv::` and `kv::shared::`

use rhai::{Dynamic, Module, NativeCallContext, exported_module, plugin::*};

use super::context;
use crate::{
    domain::parse_duration,
    script::{
        error::{Ending, RhaiResultOf, bad_argument, end},
        records::{to_dynamic, to_json},
    },
    store::{KvScope, StoreError},
};

/// The functions of `kv::`, with those of `kv::shared::` in it.
pub(super) fn module() -> Module {
    let mut module = exported_module!(own);
    module.set_sub_module("shared", exported_module!(shared));
    module
}

/// The largest value, as JSON.
const LARGEST: usize = 8 * 1024 * 1024;

fn failed(error: StoreError) -> Box<rhai::EvalAltResult> {
    end(Ending::Store(error.to_string()))
}

fn scope(ctx: &NativeCallContext<'_>, shared: bool) -> RhaiResultOf<KvScope> {
    let context = context(ctx)?;
    Ok(match shared {
        true => KvScope::shared(context.actor.mode),
        false => KvScope::automation(&context.automation.name, context.actor.mode),
    })
}

fn get(ctx: &NativeCallContext<'_>, shared: bool, key: &str, default: Dynamic) -> RhaiResultOf<Dynamic> {
    let context = context(ctx)?;
    let found = context.tools.store.history().kv_get(&scope(ctx, shared)?, key, context.tools.env.now());
    Ok(found.map_err(failed)?.map_or(default, |value| to_dynamic(&value)))
}

fn set(
    ctx: &NativeCallContext<'_>,
    shared: bool,
    key: &str,
    value: &Dynamic,
    ttl: Option<&str>,
) -> RhaiResultOf<()> {
    let context = context(ctx)?;
    context.before_writing("kv::set")?;
    let expires = match ttl {
        None => None,
        Some(text) => {
            let lasts = parse_duration(text).map_err(|error| bad_argument("kv::set", &error.to_string()))?;
            context
                .tools
                .env
                .now()
                .checked_add(jiff::SignedDuration::try_from(lasts).unwrap_or_default())
                .ok()
        }
    };
    let value = to_json(value)?;
    if value.to_string().len() > LARGEST {
        return Err(bad_argument("kv::set", "one value may have 8 MiB as JSON: use files:: for more"));
    }
    context.tools.store.kv_set(&scope(ctx, shared)?, key, value, expires).wait().map_err(failed)
}

fn add(ctx: &NativeCallContext<'_>, shared: bool, key: &str, amount: i64) -> RhaiResultOf<i64> {
    let context = context(ctx)?;
    context.before_writing("kv::add")?;
    let sum = context.tools.store.kv_add(&scope(ctx, shared)?, key, amount, context.tools.env.now()).wait();
    sum.map_err(failed)?.ok_or_else(|| {
        bad_argument("kv::add", &format!("the value of {key:?} is no whole number, or the sum is too large"))
    })
}

fn delete(ctx: &NativeCallContext<'_>, shared: bool, key: &str) -> RhaiResultOf<bool> {
    let context = context(ctx)?;
    context.before_writing("kv::delete")?;
    context.tools.store.kv_delete(&scope(ctx, shared)?, key).wait().map_err(failed)
}

#[export_module]
mod own {
    use rhai::NativeCallContext;

    use crate::script::error::RhaiResultOf;

    /// What this automation remembers under a key, or `()`.
    ///
    /// ```rhai
    /// if kv::get("reminded") == () { log::info("first time"); }
    /// ```
    #[rhai_fn(name = "get", volatile, return_raw)]
    pub fn get(ctx: NativeCallContext, key: &str) -> RhaiResultOf<Dynamic> {
        super::get(&ctx, false, key, Dynamic::UNIT)
    }

    /// What this automation remembers under a key, or the default.
    ///
    /// ```rhai
    /// let tries = kv::get("tries", 0);
    /// ```
    #[rhai_fn(name = "get", volatile, return_raw)]
    pub fn get_or(ctx: NativeCallContext, key: &str, default: Dynamic) -> RhaiResultOf<Dynamic> {
        super::get(&ctx, false, key, default)
    }

    /// Remembers a value for later runs of this automation. Dry runs have a memory of their own.
    ///
    /// ```rhai
    /// kv::set("opened", true);
    /// ```
    #[rhai_fn(name = "set", volatile, return_raw)]
    pub fn set(ctx: NativeCallContext, key: &str, value: Dynamic) -> RhaiResultOf<()> {
        super::set(&ctx, false, key, &value, None)
    }

    /// Remembers a value for a while.
    ///
    /// ```rhai
    /// kv::set("reminded/ABC", true, "2h");
    /// ```
    #[rhai_fn(name = "set", volatile, return_raw)]
    pub fn set_for(ctx: NativeCallContext, key: &str, value: Dynamic, lasts: &str) -> RhaiResultOf<()> {
        super::set(&ctx, false, key, &value, Some(lasts))
    }

    /// Adds to a remembered whole number, which starts at 0, and gives the sum.
    ///
    /// ```rhai
    /// if kv::add("warnings", 1) > 3 { fail("too many warnings"); }
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn add(ctx: NativeCallContext, key: &str, amount: i64) -> RhaiResultOf<i64> {
        super::add(&ctx, false, key, amount)
    }

    /// Forgets a key; gives whether it was there.
    ///
    /// ```rhai
    /// kv::delete("opened");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn delete(ctx: NativeCallContext, key: &str) -> RhaiResultOf<bool> {
        super::delete(&ctx, false, key)
    }
}

#[export_module]
mod shared {
    use rhai::NativeCallContext;

    use crate::script::error::RhaiResultOf;

    /// What all automations share under a key, or `()`.
    ///
    /// ```rhai
    /// let wave = kv::shared::get("wave");
    /// ```
    #[rhai_fn(name = "get", volatile, return_raw)]
    pub fn get(ctx: NativeCallContext, key: &str) -> RhaiResultOf<Dynamic> {
        super::get(&ctx, true, key, Dynamic::UNIT)
    }

    /// What all automations share under a key, or the default.
    ///
    /// ```rhai
    /// let wave = kv::shared::get("wave", 1);
    /// ```
    #[rhai_fn(name = "get", volatile, return_raw)]
    pub fn get_or(ctx: NativeCallContext, key: &str, default: Dynamic) -> RhaiResultOf<Dynamic> {
        super::get(&ctx, true, key, default)
    }

    /// Remembers a value for all automations.
    ///
    /// ```rhai
    /// kv::shared::set("wave", 2);
    /// ```
    #[rhai_fn(name = "set", volatile, return_raw)]
    pub fn set(ctx: NativeCallContext, key: &str, value: Dynamic) -> RhaiResultOf<()> {
        super::set(&ctx, true, key, &value, None)
    }

    /// Remembers a value for all automations, for a while.
    ///
    /// ```rhai
    /// kv::shared::set("busy", true, "10m");
    /// ```
    #[rhai_fn(name = "set", volatile, return_raw)]
    pub fn set_for(ctx: NativeCallContext, key: &str, value: Dynamic, lasts: &str) -> RhaiResultOf<()> {
        super::set(&ctx, true, key, &value, Some(lasts))
    }

    /// Adds to a shared whole number, which starts at 0, and gives the sum.
    ///
    /// ```rhai
    /// kv::shared::add("sessions opened", 1);
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn add(ctx: NativeCallContext, key: &str, amount: i64) -> RhaiResultOf<i64> {
        super::add(&ctx, true, key, amount)
    }

    /// Forgets a shared key; gives whether it was there.
    ///
    /// ```rhai
    /// kv::shared::delete("busy");
    /// ```
    #[rhai_fn(volatile, return_raw)]
    pub fn delete(ctx: NativeCallContext, key: &str) -> RhaiResultOf<bool> {
        super::delete(&ctx, true, key)
    }
}
