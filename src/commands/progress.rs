//! What is going on, on standard error: a bar on a terminal, plain lines without one, nothing when asked to be quiet.

use std::cell::Cell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::measure::rounds::Event;
use crate::model::{Arm, BenchmarkId, Canary, Trouble};

use super::Context;

/// Shows progress.
pub(crate) struct Progress<'a> {
    context: &'a Context,
    bar: ProgressBar,
    told: Cell<Option<(u32, Option<usize>)>>,
    canary_told: Cell<bool>,
}

impl<'a> Progress<'a> {
    /// A display for this context.
    pub(crate) fn new(context: &'a Context) -> Self {
        let drawn = context.interactive && !context.quiet;
        let target = if drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {bar:24} {msg}") {
            bar.set_style(style);
        }
        Self { context, bar, told: Cell::new(None), canary_told: Cell::new(false) }
    }

    /// A step that is no round: a checkout, a build.
    pub(crate) fn step(&self, text: &str) {
        if self.context.interactive {
            self.bar.set_message(text.to_owned());
            self.bar.enable_steady_tick(Duration::from_millis(200));
        } else {
            self.context.say(text);
        }
    }

    /// Something that happened in the rounds. While a program is measured nothing ticks: drawing would be noise.
    pub(crate) fn event(&self, event: &Event<'_>) {
        match event {
            Event::Round { round, benchmarks, checkpoint } => self.round(*round, *benchmarks, *checkpoint),
            Event::Ran { .. } => {}
            Event::Failed { part, arm, trouble } => {
                let line = format!("{}/{} failed in {}: {}", part.suite, part.key, arm.as_str(), summary(trouble));
                let line = crate::report::escape::terminal(&line);
                self.bar.suspend(|| self.context.say(&line));
            }
            Event::Canary { benchmark } => self.canary(benchmark),
        }
    }

    /// The canary's turn: on the bar each time, as a line once.
    fn canary(&self, benchmark: &BenchmarkId) {
        self.bar.set_message("canary: base against itself");
        if !self.context.interactive && !self.canary_told.replace(true) {
            let line =
                format!("canary: `{benchmark}` of base runs twice more in each of the first {} rounds", Canary::ROUNDS);
            self.context.say(&crate::report::escape::terminal(&line));
        }
    }

    fn round(&self, round: u32, benchmarks: Option<usize>, checkpoint: u32) {
        self.bar.disable_steady_tick();
        let who = match benchmarks {
            None => "all benchmarks".to_owned(),
            Some(1) => "1 undecided benchmark".to_owned(),
            Some(count) => format!("{count} undecided benchmarks"),
        };
        self.bar.set_length(u64::from(checkpoint));
        self.bar.set_position(u64::from(round));
        self.bar.set_message(format!("round {} of {checkpoint}: {who}", round + 1));
        let stage = Some((checkpoint, benchmarks));
        if !self.context.interactive && self.told.replace(stage) != stage {
            self.context.say(&format!("rounds {} to {checkpoint}: {who}", round + 1));
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// What a build says before it starts.
pub(crate) fn building(suite: &str, arm: Arm) -> String {
    crate::report::escape::terminal(&format!("building `{suite}` of {}", arm.as_str()))
}

/// A trouble in one line.
fn summary(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Crashed { message, .. } | Trouble::BuildFailed { message, .. } => message.clone(),
        Trouble::TimedOut { limit_s, .. } => format!("no end within {limit_s} s"),
        Trouble::Unparsed { text } => text.clone(),
        Trouble::New | Trouble::Missing | Trouble::Renamed { .. } => String::new(),
    }
}
