//! Reviewed exceptions, read and written. Refuses to know which metrics there are and what day it is.

use std::fmt::Write;

use jiff::civil::Date;

use crate::model::{Ceiling, Quantity, Unit, Waiver};

use super::at::At;
use super::human::{self, HumanError};
use super::problem::{Problems, quoted};
use super::validate::check_repeated;
use super::wire;
use super::{ConfigError, schema, structure};

/// Where waivers are explained.
const REFERENCE: &str = "`tollgate waive` writes an entry; docs/configuration.md explains its keys";

/// Reads a waiver file, or says everything that is wrong with it. `origin` is what messages call the file. An expired waiver is read like any other.
pub fn parse_waivers(text: &str, origin: &str) -> Result<Vec<Waiver>, ConfigError> {
    let mut problems = Problems::new(text);
    let waivers = structure::parse(&mut problems).and_then(|tree| {
        let file: wire::WaiverFile = structure::read(tree, &schema::waivers(), &mut problems)?;
        let ids = file.waiver.iter().map(|at| (format!("a waiver for {}", quoted(&at.value.id.value)), &at.span));
        check_repeated(ids, &mut problems);
        Some(file.waiver.iter().filter_map(|at| waiver(at, &mut problems)).collect())
    });
    problems.into_result(waivers, origin, REFERENCE)
}

/// One entry to append to a waiver file, starting with an empty line. What it is given is escaped, not checked: read the whole file after.
pub fn waiver_entry(id: &str, ceiling: &str, until: Date, reason: &str, owner: Option<&str>) -> String {
    let until = until.to_string();
    let lines = [
        ("id", Some(id)),
        ("ceiling", Some(ceiling)),
        ("until", Some(&until)),
        ("reason", Some(reason)),
        ("owner", owner),
    ];
    let mut entry = "\n[[waiver]]\n".to_owned();
    for (key, value) in lines {
        if let Some(value) = value {
            let _never = writeln!(entry, "{key} = {}", toml::Value::from(value));
        }
    }
    entry
}

/// How far a waived metric may go: `+10 %` is a change, `96 MiB` a value.
fn ceiling(text: &str) -> Result<Ceiling, HumanError> {
    let limit = human::quantity(text)?;
    match (text.trim_start().starts_with('+'), limit) {
        (true, Quantity { value, unit: Unit::Ratio }) => Ok(Ceiling::Change { ratio: value }),
        (true, Quantity { value, unit }) => {
            Err(HumanError::WrongUnit { text: text.to_owned(), value, unit, needed: Unit::Ratio })
        }
        (false, Quantity { value, unit }) => Ok(Ceiling::Value { value, unit }),
    }
}

fn waiver(At { value: waiver, span }: &At<wire::Waiver>, problems: &mut Problems<'_>) -> Option<Waiver> {
    let wire::Waiver { id, ceiling: limit, until, reason, owner } = waiver;
    let named =
        id.value.rsplit_once(':').is_some_and(|(benchmark, metric)| benchmark.contains('/') && !metric.is_empty());
    if !named {
        let help = Some("copy it from the report: `suite/benchmark:metric`, such as `core/parse:time`".to_owned());
        problems.add(&id.span, format!("{} does not name a metric", quoted(&id.value)), help);
    }
    if limit.value.contains('%') && !limit.value.trim_start().starts_with('+') {
        let help = format!(
            "write `+{}` for that much worse than base; a share itself is written as in `0.05 ratio`",
            limit.value.trim()
        );
        problems.add(&limit.span, format!("{} could be a change or a value", quoted(&limit.value)), Some(help));
    }
    let ceiling =
        ceiling(&limit.value).map_err(|error| problems.add(&limit.span, error.to_string(), error.hint())).ok();
    let day = until.value.parse::<Date>().ok().filter(|day| day.to_string() == until.value);
    if day.is_none() {
        let help = Some("write it as YYYY-MM-DD".to_owned());
        problems.add(&until.span, format!("{} is not a day", quoted(&until.value)), help);
    }
    if reason.value.trim().is_empty() {
        problems.add(&reason.span, "`reason` is empty", Some("say why, and where it is followed up".to_owned()));
    }
    Some(Waiver {
        id: id.value.clone(),
        ceiling: ceiling?,
        until: day?,
        reason: reason.value.clone(),
        owner: owner.as_ref().map(|owner| owner.value.clone()),
        line: problems.line_of(span.start),
    })
}
