//! Load scenarios: one of three requests at a rate, and a stress test.

use crate::model::*;

use super::{id, judgement, time};

/// A metric that only informs, or of which nothing changed, with both sides.
fn row(suite: &str, benchmark: &str, metric: &str, unit: Unit, role: Role, (base, head): (f64, f64)) -> Row {
    let kind = match unit {
        Unit::Seconds => Kind::Time,
        Unit::PerSecond => Kind::Rate,
        Unit::Bytes => Kind::Slope,
        _ => Kind::Ratio,
    };
    let direction = if unit == Unit::PerSecond { Direction::HigherIsBetter } else { Direction::LowerIsBetter };
    let row = time(suite, benchmark, base, if base > 0.0 { head / base - 1.0 } else { 0.0 }, 0.03);
    let side = |value| judgement::Side { value, statistics: vec![value; 10] };
    let metric = Metric { id: id(suite, benchmark, metric), unit, direction, kind, role, ..row.metric };
    Row { metric, base: Some(side(base)), head: Some(side(head)), ..row }
}

/// Metrics of one benchmark: name, unit, base and head; those that are marked decide.
pub(in crate::report) fn metrics(suite: &str, benchmark: &str, of: &[(&str, Unit, bool, (f64, f64))]) -> Vec<Row> {
    let role = |gated: bool| if gated { Role::Gated } else { Role::Informative };
    of.iter().map(|(name, unit, gated, both)| row(suite, benchmark, name, unit.clone(), role(*gated), *both)).collect()
}

/// What a request has, where its times are so many times those of another.
fn request(benchmark: &str, times: f64, gated: bool) -> Vec<Row> {
    let s = Unit::Seconds;
    let both = |base: f64, head: f64| (times * base, times * head);
    metrics(
        "checkout",
        benchmark,
        &[
            ("latency-p50", s.clone(), gated, both(0.004, 0.0041)),
            ("latency-p75", s.clone(), false, both(0.005, 0.0051)),
            ("latency-p95", s.clone(), gated, both(0.012, 0.0123)),
            ("latency-p99", s.clone(), gated, both(0.031, 0.0305)),
            ("latency-max", s.clone(), false, both(0.131, 0.205)),
            ("service-time-p95", s, false, both(0.011, 0.0113)),
            ("errors", Unit::Ratio, true, (0.001, 0.001)),
        ],
    )
}

/// One request of three is slower, and the service breaks earlier.
pub(in crate::report) fn loaded() -> Judgement {
    let mut rows = [request("browse", 1.0, true), request("pay", 2.5, true), request("search", 1.4, true)].concat();
    for row in &mut rows {
        let slower =
            row.metric.id.benchmark.benchmark.as_str() == "pay" && row.metric.id.metric.as_str() == "latency-p95";
        if slower {
            let moved = time("checkout", "pay", 0.03, 0.67, 0.05);
            let metric = row.metric.clone();
            *row = Row { metric, verdict: Verdict::Regressed, outcome: Outcome::FailRegressed, ..moved };
        }
    }
    rows.extend(request("all requests", 1.6, false));
    rows.extend(metrics(
        "checkout",
        "all requests",
        &[
            ("throughput", Unit::PerSecond, false, (199.8, 199.6)),
            ("intended-rate", Unit::PerSecond, false, (200.0, 200.0)),
            ("duration", Unit::Seconds, false, (30.0, 30.0)),
            ("late-arrivals", Unit::Ratio, false, (0.0002, 0.0001)),
            ("generator-cpu", Unit::Ratio, false, (0.04, 0.041)),
            ("service-cpu", Unit::Count, false, (0.61, 0.72)),
            ("send-lag-p99", Unit::Seconds, false, (0.00011, 0.00012)),
        ],
    ));
    rows.extend(metrics(
        "limit",
        "browse",
        &[
            ("breaking-point", Unit::PerSecond, true, (791.0, 774.0)),
            ("latency-knee", Unit::PerSecond, false, (507.0, 507.0)),
            ("late-arrivals", Unit::Ratio, false, (0.0, 0.0)),
            ("generator-cpu", Unit::Ratio, false, (0.12, 0.12)),
            ("service-cpu", Unit::Count, false, (3.71, 3.83)),
        ],
    ));
    for (index, rate) in [100.0, 150.0, 225.0, 338.0, 507.0, 761.0].into_iter().enumerate() {
        let slow = if rate > 700.0 { 6.0 } else { 1.0 };
        rows.extend(metrics(
            "limit",
            &format!("stage {:02}, {rate}/s", index + 1),
            &[
                ("latency-p50", Unit::Seconds, false, (0.005 * slow, 0.0052 * slow)),
                ("latency-p95", Unit::Seconds, false, (0.011 * slow, 0.0112 * slow)),
                ("latency-p99", Unit::Seconds, false, (0.02 * slow, 0.021 * slow)),
                ("throughput", Unit::PerSecond, false, (rate, rate * 0.999)),
                ("errors", Unit::Ratio, false, (0.0, 0.0)),
                ("intended-rate", Unit::PerSecond, false, (rate, rate)),
            ],
        ));
    }
    judgement(RunVerdict::Regressed, rows)
}
