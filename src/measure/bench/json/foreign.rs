//! Lists that other tools read: one value a benchmark and run. Refuses to take a direction from a tool's name.

use crate::model::{Determinism, Direction, Name, Unit};

use super::node::Node;
use super::observed::{Observed, measured};
use super::{Described, JsonError, Results, check_count, kind_of, unit};

/// The metric of a list that has one value a benchmark and no name for it.
const VALUE: &str = "value";

/// A custom list of github-action-benchmark: `[{"name", "unit", "value", …}]`. That tool keeps the direction in its own configuration.
pub(super) fn custom_list(entries: &[Node], results: &mut Results<'_>) -> Result<(), JsonError> {
    check_count(entries.len())?;
    for (position, entry) in entries.iter().enumerate() {
        let named = entry.need("name").and_then(|node| node.text("name"));
        let place = named.as_ref().map_or_else(|_| format!("entry {}", position + 1), |name| format!("`{name}`"));
        let taken = named.and_then(|name| {
            let symbol = entry.need("unit")?.text("unit")?;
            let (unit, scale) = unit(symbol)?;
            let value = entry.need(VALUE)?.value(scale)?;
            results.take(name, VALUE, noisy(symbol, &unit, None), one(value, &unit)?)
        });
        if let Err(reason) = taken {
            results.refuse(&place, &reason);
        }
    }
    Ok(())
}

/// Bencher's metric format: `{benchmark: {measure: {"value", …}}}`.
pub(super) fn bencher(entries: &[(String, Node)], results: &mut Results<'_>) -> Result<(), JsonError> {
    let is_measure = |node: &Node| matches!(node.get(VALUE), Ok(Some(_)) | Err(_)) && matches!(node, Node::Object(_));
    let is_benchmark =
        |node: &Node| matches!(node, Node::Object(measures) if measures.iter().any(|(_, measure)| is_measure(measure)));
    if !entries.iter().any(|(_, node)| is_benchmark(node)) {
        return Err(JsonError::NotResults { message: "no number as `schema`, and no `value` of a measure".to_owned() });
    }
    check_count(entries.len())?;
    for (benchmark, node) in entries {
        match node {
            Node::Object(measures) if !measures.is_empty() => {
                for (measure, node) in measures {
                    if let Err(reason) = bencher_measure(benchmark, measure, node, results) {
                        results.refuse(&format!("`{benchmark}`, `{measure}`"), &reason);
                    }
                }
            }
            Node::Object(_) => results.refuse(&format!("`{benchmark}`"), "no measures"),
            _ => results.refuse(&format!("`{benchmark}`"), "not an object"),
        }
    }
    Ok(())
}

/// One measure. Bencher knows the units of its own measures; any other is its own unit.
fn bencher_measure(benchmark: &str, measure: &str, node: &Node, results: &mut Results<'_>) -> Result<(), String> {
    let (unit, scale, direction) = match measure {
        "latency" => (Unit::Seconds, 1e-9, Some(Direction::LowerIsBetter)),
        "throughput" => (Unit::PerSecond, 1.0, Some(Direction::HigherIsBetter)),
        other => (Unit::Other(Name::new(other).map_err(|error| error.to_string())?), 1.0, None),
    };
    let value = node.need(VALUE)?.value(scale)?;
    results.take(benchmark, measure, noisy(measure, &unit, direction), one(value, &unit)?)
}

fn noisy<'a>(symbol: &'a str, unit: &Unit, direction: Option<Direction>) -> Described<'a> {
    let (usual, kind) = (certain_direction(unit), kind_of(unit));
    Described { symbol, unit: unit.clone(), direction, usual, kind, determinism: Determinism::Noisy }
}

/// One value as a sample.
fn one(value: f64, unit: &Unit) -> Result<Observed, String> {
    measured(value, kind_of(unit)).map(|value| Observed::Values(vec![value]))
}

/// The direction of units that have only one. Bytes may be of free memory.
fn certain_direction(unit: &Unit) -> Option<Direction> {
    match unit {
        Unit::Seconds => Some(Direction::LowerIsBetter),
        Unit::PerSecond | Unit::BytesPerSecond => Some(Direction::HigherIsBetter),
        Unit::Bytes | Unit::Count | Unit::Ratio | Unit::Other(_) => None,
    }
}
