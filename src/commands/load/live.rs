//! What a drive shows while it runs: a picture on a terminal, plain lines without one, nothing when asked to be quiet. Drawn by a thread of its own, so that
//! who sends never waits for a terminal.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::commands::Context;
use crate::measure::load::record::Snapshot;
use crate::model::sample::Histogram;
use crate::report::load::{self, Frame};

use super::recent::Recent;

/// How long "the last seconds" are.
const RECENT: Duration = Duration::from_secs(5);
/// The longest time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// How many plain lines a drive of a known length has at least.
const LINES_MIN: u32 = 5;
/// The shortest time between two plain lines.
const LINE_EVERY_MIN: Duration = Duration::from_secs(1);
/// How many pictures wait for a slow terminal; what comes then is not shown.
const WAITING_MAX: usize = 8;
/// The most seconds of throughput that are kept.
const RATES_MAX: usize = 60;

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// As a picture that is drawn again and again.
    Picture,
    /// As a line from time to time.
    Lines,
    /// Not at all.
    Nothing,
}

/// Runs `drive` and shows what it tells its watcher.
pub(super) fn watched<T>(context: &Context, show: Show, drive: impl FnOnce(&(dyn Fn(&Snapshot) + Sync)) -> T) -> T {
    if show == Show::Nothing {
        return drive(&|_| {});
    }
    let (send, receive) = sync_channel::<Snapshot>(WAITING_MAX);
    std::thread::scope(|scope| {
        scope.spawn(move || draw(context, show, &receive));
        let done = drive(&|snapshot| {
            // Never waits: a terminal that is stopped must not stop the load.
            let _full = send.try_send(snapshot.clone());
        });
        drop(send);
        done
    })
}

/// Draws what comes until nothing comes any more.
fn draw(context: &Context, show: Show, snapshots: &Receiver<Snapshot>) {
    let target =
        if show == Show::Picture { ProgressDrawTarget::stderr_with_hz(4) } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    let mut tally = Tally::new();
    let mut next_line = Duration::ZERO;
    for snapshot in snapshots {
        let (elapsed, total) = (snapshot.elapsed, snapshot.total);
        tally.add(snapshot);
        let Some(frame) = tally.frame() else { continue };
        match show {
            Show::Picture => {
                bar.set_message(load::frame(&frame));
                bar.tick();
            }
            Show::Lines if elapsed >= next_line => {
                if !next_line.is_zero() {
                    context.say(&load::line(&frame));
                }
                next_line = elapsed + every(total);
            }
            Show::Lines | Show::Nothing => {}
        }
    }
    bar.finish_and_clear();
}

/// How often there is a line.
fn every(total: Option<Duration>) -> Duration {
    total.map_or(LINE_EVERY, |total| (total / LINES_MIN).clamp(LINE_EVERY_MIN, LINE_EVERY))
}

/// What the snapshots come to.
struct Tally {
    last: Option<Snapshot>,
    /// Since when and with which count the second began that is not over.
    second: (Duration, u64),
    rates: Vec<f64>,
    all: Histogram,
    latest: Recent,
    /// What that comes to.
    recent: Histogram,
    errors: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn new() -> Self {
        Self {
            last: None,
            second: (Duration::ZERO, 0),
            rates: Vec::new(),
            all: Histogram::default(),
            latest: Recent::new(RECENT),
            recent: Histogram::default(),
            errors: BTreeMap::new(),
        }
    }

    fn add(&mut self, snapshot: Snapshot) {
        // More than a histogram counts cannot come of one drive; what does not fit is not shown.
        let _full = self.all.merge(&snapshot.recent);
        self.latest.push(snapshot.elapsed, snapshot.recent.clone(), snapshot.lag_max);
        self.recent = self.latest.all();
        let (since, before) = self.second;
        let gone = snapshot.elapsed.saturating_sub(since).as_secs_f64();
        if gone > 0.95 {
            self.rates.push(snapshot.ended.saturating_sub(before) as f64 / gone);
            self.second = (snapshot.elapsed, snapshot.ended);
            if self.rates.len() > RATES_MAX {
                self.rates.remove(0);
            }
        }
        self.errors = snapshot.errors.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        self.last = Some(snapshot);
    }

    fn frame(&self) -> Option<Frame<'_>> {
        let last = self.last.as_ref()?;
        let since = self.latest.since().unwrap_or(last.elapsed);
        Some(Frame {
            elapsed_s: last.elapsed.as_secs_f64(),
            total_s: last.total.map(|total| total.as_secs_f64()),
            warming_up: last.warming_up,
            level: last.level,
            rates: &self.rates,
            recent: &self.recent,
            recent_s: (last.elapsed.saturating_sub(since)).as_secs_f64(),
            all: &self.all,
            ended: last.ended,
            errors: &self.errors,
            in_flight: last.in_flight,
            lag_max_s: self.latest.lag_max().as_secs_f64(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::scenario::Level;
    use crate::measure::load::record::ErrorKind;

    /// What a watcher sees after so many quarters of a second, 50 requests each; in the second half one in ten fails.
    fn snapshot(quarter: u32) -> Snapshot {
        let mut recent = Histogram::default();
        for at in 0..50 {
            recent.record(if quarter > 40 { 0.04 } else { 0.001 } * (1.0 + f64::from(at) / 50.0), 1).unwrap();
        }
        let failed = u64::from(quarter.saturating_sub(40)) * 5;
        Snapshot {
            elapsed: Duration::from_millis(250) * quarter,
            total: Some(Duration::from_secs(20)),
            warming_up: quarter < 8,
            level: Level::Rate(200.0),
            ended: u64::from(quarter) * 50,
            errors: if failed > 0 { BTreeMap::from([(ErrorKind::Status, failed)]) } else { BTreeMap::new() },
            in_flight: 3,
            recent,
            lag_max: Duration::from_micros(120),
        }
    }

    fn tally(quarters: u32) -> Tally {
        let mut tally = Tally::new();
        (1..=quarters).for_each(|quarter| tally.add(snapshot(quarter)));
        tally
    }

    #[test]
    fn a_picture_shows_where_it_is_and_how_it_goes() {
        insta::assert_snapshot!(load::frame(&tally(56).frame().unwrap()), @"
        ▕████████████████▊       ▏ 14 s of 20 s, 6 s left · 200/s
        throughput      200.0 /s  ██████████████
        latency            p50       p90       p95       p99       max
        last 5 s       53.6 ms   74.4 ms   76.8 ms   79.2 ms   79.2 ms
        in all          1.7 ms   65.6 ms   72.8 ms   78.4 ms   79.2 ms
        errors      status 80 (2.9 %)
        in flight   3, largest send lag 120 µs
           1.31 ms  ████████▊ 185
           2.27 ms  ███▏ 65
           3.92 ms   0
           6.77 ms   0
           11.7 ms   0
           20.2 ms   0
           34.9 ms  ██████▏ 128
           60.3 ms  ████████████████████████████████ 672
        ");
    }

    #[test]
    fn a_line_says_the_same_in_short() {
        insta::assert_snapshot!(load::line(&tally(7).frame().unwrap()), @"2 s of 20 s, warm-up: 350 at 200/s, 200.0 /s, p50 1.5 ms, p99 1.98 ms, errors none, 3 in flight");
        insta::assert_snapshot!(load::line(&tally(56).frame().unwrap()), @"14 s of 20 s: 2,800 at 200/s, 200.0 /s, p50 53.6 ms, p99 79.2 ms, errors status 80 (2.9 %), 3 in flight");
    }

    #[test]
    fn the_last_seconds_forget_and_the_whole_does_not() {
        let tally = tally(78);
        assert_eq!((tally.recent.count(), tally.all.count()), (21 * 50, 78 * 50));
        assert!(tally.recent.quantile(0.0).unwrap() >= 0.04 && tally.all.quantile(0.0).unwrap() < 0.002);
        assert!(tally.rates.len() <= RATES_MAX && tally.rates.iter().all(|rate| (rate - 200.0).abs() < 1e-6));
    }

    #[test]
    fn lines_come_often_in_a_short_drive_and_seldom_in_a_long_one() {
        let every = |seconds| every(Some(Duration::from_secs(seconds))).as_secs();
        assert_eq!([every(2), every(10), every(3600)], [1, 2, 5]);
    }

    #[test]
    fn nobody_waits_for_the_picture_and_the_drive_gives_its_result() {
        let context = Context {
            directory: "/".into(),
            environment: BTreeMap::new(),
            tollgate: "tollgate".into(),
            quiet: true,
            interactive: false,
            now_s: 0,
            stop: crate::measure::stop::Stop::new(),
        };
        let given = watched(&context, Show::Lines, |watch| {
            (1..200).for_each(|quarter| watch(&snapshot(quarter)));
            7
        });
        assert_eq!(given, 7);
    }
}
