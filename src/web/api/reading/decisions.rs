//! `/plans`, `/dead` and `/holds`: what waits for a person.

use serde_json::{Value, json};

use super::{Reading, hold, not_found, page, read};
use crate::{domain::RunId, web::answer::Answer};

pub(in crate::web::api) fn plans(reading: &Reading) -> Result<Value, Answer> {
    let asked = &reading.asked;
    let plans = reading.history().page_of_plans(asked.is_on("all"), asked.before().map(RunId), asked.limit());
    let rows: Vec<Value> = read(plans)?.into_iter().map(|plan| json!(plan)).collect();
    Ok(page("plans", &rows, asked.limit(), "run"))
}

pub(in crate::web::api) fn plan(reading: &Reading) -> Result<Value, Answer> {
    let run = reading.asked.run()?;
    let found = read(reading.history().plan(run))?;
    found.map(|plan| json!(plan)).ok_or_else(|| not_found(format!("there is no plan {run}")))
}

pub(in crate::web::api) fn dead(reading: &Reading) -> Result<Value, Answer> {
    let asked = &reading.asked;
    let dead =
        reading.history().page_of_dead_letters(asked.is_on("all"), asked.before().map(RunId), asked.limit());
    let rows: Vec<Value> = read(dead)?.into_iter().map(|letter| json!(letter)).collect();
    Ok(page("dead", &rows, asked.limit(), "run"))
}

pub(in crate::web::api) fn holds(reading: &Reading) -> Result<Value, Answer> {
    let holds: Vec<Value> = reading.holds()?.iter().map(hold).collect();
    Ok(json!({ "holds": holds }))
}
