//! What a test claims: `expect`, `expect_eq`, `fail`.

use rhai::{Dynamic, Engine};
use serde_json::Value;

use super::{RhaiResultOf, error, json};

/// Makes them known to an engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("expect", |holds: bool| match holds {
        true => Ok(()),
        false => Err(error("what is expected here does not hold".to_owned())),
    });
    engine.register_fn("expect", |holds: bool, what: &str| match holds {
        true => Ok(()),
        false => Err(error(format!("expected: {what}"))),
    });
    engine.register_fn("expect_eq", |found: Dynamic, wanted: Dynamic| expect_eq(&found, &wanted, ""));
    engine.register_fn("expect_eq", |found: Dynamic, wanted: Dynamic, what: &str| {
        expect_eq(&found, &wanted, &format!("{what}: "))
    });
    engine.register_fn("fail", |why: &str| -> RhaiResultOf<()> { Err(error(why.to_owned())) });
}

fn expect_eq(found: &Dynamic, wanted: &Dynamic, what: &str) -> RhaiResultOf<()> {
    let (found, wanted) = (json(found)?, json(wanted)?);
    if same(&found, &wanted) {
        return Ok(());
    }
    Err(error(format!("{what}expected {wanted}, found {found}")))
}

/// Whole numbers are compared as such; where one of two has a fraction, they may differ in the last digits, as results of
/// computations do.
fn same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => found == wanted,
    }
}
