//! What a calibration means, in words: whether the machine can be trusted, what the gate can tell, and what is odd. Refuses to know the table.

use anstyle::{AnsiColor, Style};

use crate::model::calibration::{Calibrated, Calibration, Shape, Told};

use super::super::escape;
use super::super::number::{duration, percent, plural};
use super::super::terminal::paragraph;
use super::super::text::append;
use super::{about, name};

/// The most metrics that are named one by one.
const NAMED_MAX: usize = 12;
const BOLD: Style = Style::new().bold();
const RED: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// What was measured.
pub(super) fn heading(out: &mut String, calibration: &Calibration) {
    let Calibration { revision, environment, rounds, round_s, .. } = calibration;
    let rounds = plural(*rounds as usize, "round");
    let took = about(calibration.elapsed_s);
    append(out, format_args!("{BOLD}Calibration of {} against itself: {rounds} in {took}{BOLD:#}\n", revision.short()));
    let cores = plural(environment.cores as usize, "core");
    let machine = escape::terminal(&environment.cpu_model);
    paragraph(out, "", &format!("{machine}, {cores}; a round of everything takes {round_s:.1} s."));
    let legend = "Columns of rounds: the smallest change for the worse that is seen in four of five runs. Allowed: tolerance | must-detect, with \
                  the floor taken in. Told in: rounds and time until a change as large as must-detect is found in 95 of 100 runs. \
                  Could: the smallest must-detect that the gate's limits allow.";
    out.push('\n');
    paragraph(out, "", legend);
    out.push('\n');
}

/// Whether unchanged code passed.
pub(super) fn verdict(out: &mut String, calibration: &Calibration) {
    let blocking = calibration.metrics.iter().filter(|one| one.blocking).count();
    if calibration.alarms.is_empty() {
        let whole = format!(
            "Unchanged code passes: of {} that can block, none was called regressed.",
            plural(blocking, "metric")
        );
        paragraph(out, "", &whole);
        return;
    }
    let names: Vec<String> = calibration.alarms.iter().take(NAMED_MAX).map(name).collect();
    append(out, format_args!("{RED}THIS MACHINE CANNOT BE TRUSTED{RED:#}\n"));
    let said = format!(
        "The same program in both arms was called regressed in {}. By the gate's promise that happens to one run in a hundred. If it happens \
         again, something on this machine treats the two arms differently: look for a program that is measured in both at once, a clock that \
         drifts with the order, or state that one arm leaves to the other.",
        names.join(", ")
    );
    paragraph(out, "", &said);
}

/// What the gate can tell, what it cannot, and what is odd.
pub(super) fn advice(out: &mut String, calibration: &Calibration) {
    let blocking: Vec<&Calibrated> = calibration.metrics.iter().filter(|one| one.blocking).collect();
    let mut slowest: Option<(u32, f64)> = None;
    for one in &blocking {
        if let Told::Within { rounds, seconds } = one.told
            && slowest.is_none_or(|(_, most)| seconds > most)
        {
            slowest = Some((rounds, seconds));
        }
    }
    let can = blocking.iter().filter(|one| matches!(one.told, Told::Exactly | Told::Within { .. })).count();
    let limits = format!("{} rounds and {}", calibration.rounds_max, duration(calibration.time_limit_s));
    let most = slowest.map_or(String::new(), |(rounds, seconds)| {
        format!(", the slowest of them after {rounds} rounds, {}", about(seconds))
    });
    if !blocking.is_empty() {
        let metrics = plural(blocking.len(), "metric");
        let said =
            format!("Of {metrics} that can block, {can} can tell tolerance from must-detect within {limits}{most}.");
        paragraph(out, "", &said);
    }
    listed(out, blocking.iter().filter_map(|one| cannot(one)).collect());
    listed(out, blocking.iter().filter(|one| one.told == Told::Unknown).map(|one| unknown(one)).collect());
    listed(out, calibration.metrics.iter().flat_map(|one| one.shapes.iter().map(|shape| odd(one, shape))).collect());
    let finer = |one: &&Calibrated| {
        one.suggested.is_some_and(|wanted| wanted.must_detect_ratio < one.thresholds.must_detect_ratio - 1e-9)
    };
    let finer = blocking.iter().copied().filter(finer).count();
    if finer > 0 {
        let said = format!(
            "{} could tell less than must-detect asks for. That is not suggested by itself: code layout alone moves small benchmarks by some \
             percent (docs/bias.md).",
            plural(finer, "metric")
        );
        paragraph(out, "", &said);
    }
    if calibration.ignored > 0 {
        paragraph(out, "", &format!("{} that the policy ignores are left out.", plural(calibration.ignored, "metric")));
    }
}

/// A list, cut where it is long.
fn listed(out: &mut String, items: Vec<String>) {
    let more = items.len().saturating_sub(NAMED_MAX);
    for item in items.into_iter().take(NAMED_MAX) {
        paragraph(out, "  - ", &item);
    }
    if more > 0 {
        paragraph(out, "  - ", &format!("and {more} more, in the JSON"));
    }
}

/// What one that cannot be told would need.
fn cannot(one: &Calibrated) -> Option<String> {
    let Told::NotWithin { rounds, seconds } = one.told else { return None };
    let noise = one.noise_ratio.map_or(String::new(), |noise| format!(" (noise {})", percent(noise)));
    let wanted = percent(one.thresholds.must_detect_ratio);
    let needs = match (rounds, seconds) {
        (Some(rounds), Some(seconds)) => format!("{wanted} would take about {rounds} rounds, {}", about(seconds)),
        _ => format!("no affordable number of rounds shows {wanted}"),
    };
    let instead = match one.suggested {
        Some(wanted) => format!("a must-detect of {} can be told", percent(wanted.must_detect_ratio)),
        None => "no must-detect up to 100 % can be told: let it only warn, or measure longer in each round".to_owned(),
    };
    Some(format!("{}{noise}: {needs}; {instead}", name(&one.metric.id)))
}

fn unknown(one: &Calibrated) -> String {
    let rounds = plural(one.rounds as usize, "round");
    format!("{}: nothing can be said from {rounds} with a middle value of {}", name(&one.metric.id), one.value)
}

/// What is odd about one, and what to do.
fn odd(one: &Calibrated, shape: &Shape) -> String {
    let said = match shape {
        Shape::Bimodal { gap_ratio } => format!(
            "is bimodal: its rounds fall into two groups, {} apart. Look for what alternates: memory layout, a frequency, a cache",
            percent(*gap_ratio)
        ),
        Shape::HeavyTailed { rounds } => format!(
            "has heavy tails: {} lie far out. The test bears that; more work in each round makes them rarer",
            plural(*rounds as usize, "round")
        ),
        Shape::Ordered { second_ratio } => format!(
            "depends on the order: whichever arm ran second was {} {}. The coins keep that from favouring one arm, and it adds to the noise",
            percent(second_ratio.abs()),
            if *second_ratio > 0.0 { "worse" } else { "better" }
        ),
        Shape::NotExact => "is declared exact, and spread between equal programs: it is judged as noisy".to_owned(),
    };
    format!("{} {said}", name(&one.metric.id))
}
