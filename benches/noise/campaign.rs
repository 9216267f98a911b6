//! The campaign: which processes run, in what order, beside what other load, and how that is written down. Refuses to know what they compute.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::workloads::ALL;

/// A busy process ends by itself after this time, should nobody end it.
const BUSY_S_MAX: u32 = 120;

/// Pairs of identical programs, of programs that do 5 % and 10 % more, long processes and twins in each lap and condition.
const PAIRS: u32 = 12;
const SLOWER: [(u32, u32); 2] = [(5, 3), (10, 3)];
const LONG: u32 = 4;
const TWINS: u32 = 1;
/// Rounds of several short processes an arm: how many processes, and the samples of each. All of an arm take the time of one that is not short.
const SHORT: u32 = 8;
const SHORT_SAMPLES: &str = "12";
/// Those rounds in each lap and condition: of identical programs, of programs that do 5 % and 10 % more.
const SHORT_ROUNDS: [(u32, u32); 3] = [(0, 6), (5, 6), (10, 6)];
/// Both programs are copied anew, to other places of the disk and the page cache, every so many laps.
const LAPS_A_COPY: u32 = 2;

/// A process of the campaign: what it is asked to do, and where it belongs.
#[derive(Clone, Copy)]
struct Task {
    kind: &'static str,
    pair: u32,
    slot: u32,
    arm: &'static str,
    slower_pct: u32,
}

/// What a campaign records.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Pairs of single processes, long processes and twins.
    Whole,
    /// Rounds of short processes.
    Short,
}

/// What was asked for.
pub(crate) struct Campaign {
    plan: Plan,
    out: PathBuf,
    laps: u32,
    seed: u64,
    conditions: Vec<String>,
}

impl Campaign {
    /// From the words after `campaign OUT` or `short OUT`: laps, seed, conditions. `idle` and `shared` start nothing (the one says that nothing else ran, the
    /// other that others' work did), `busyN` starts N busy processes.
    pub(crate) fn parse(plan: Plan, out: &str, options: &[&str]) -> Option<Self> {
        let mut options = options.iter();
        let laps = options.next().map_or(Some(10), |laps| laps.parse().ok())?;
        let seed = options.next().map_or(Some(1), |seed| seed.parse().ok())?;
        let mut conditions: Vec<String> = options.map(|&name| name.to_owned()).collect();
        if conditions.is_empty() {
            conditions = vec!["idle".to_owned(), "busy1".to_owned()];
        }
        conditions.iter().all(|name| busy_count(name).is_some()).then_some(())?;
        Some(Self { plan, out: PathBuf::from(out), laps, seed, conditions })
    }

    /// Writes line after line, so that what was recorded before an interruption is whole.
    pub(crate) fn run(&self) -> io::Result<()> {
        let this = std::env::current_exe()?;
        let units = output(Command::new(&this).arg("calibrate"))?.trim().to_owned();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("noise");
        fs::create_dir_all(&folder)?;
        let mut out = BufWriter::new(File::create(&self.out)?);
        let names: Vec<String> = ALL.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        writeln!(
            out,
            "{{\"schema\":1,\"seed\":{},\"unix_s\":{unix_s},\"names\":[{}],\"units\":[{units}]}}",
            self.seed,
            names.join(",")
        )?;
        let mut recorder = Recorder { out, units, folder, coins: Coins(self.seed), began: Instant::now() };
        for lap in 0..self.laps {
            if lap % LAPS_A_COPY == 0 {
                recorder.copy(&this)?;
            }
            for condition in &self.conditions {
                eprintln!("lap {} of {}, {condition}", lap + 1, self.laps);
                let _busy = (0..busy_count(condition).unwrap_or(0))
                    .map(|_| Busy::start(&this))
                    .collect::<io::Result<Vec<_>>>()?;
                match self.plan {
                    Plan::Whole => recorder.lap(condition, lap)?,
                    Plan::Short => recorder.short_lap(condition, lap)?,
                }
            }
        }
        recorder.out.flush()
    }
}

fn busy_count(condition: &str) -> Option<u32> {
    match condition {
        "idle" | "shared" => Some(0),
        other => other.strip_prefix("busy")?.parse().ok(),
    }
}

/// A process that keeps a core busy for as long as this value lives.
struct Busy(Child);

impl Busy {
    fn start(program: &Path) -> io::Result<Self> {
        let seconds = BUSY_S_MAX.to_string();
        Command::new(program).args(["busy", &seconds]).stdin(Stdio::piped()).spawn().map(Self)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Fair coins from a seed: a state that is advanced by a constant and mixed.
struct Coins(u64);

impl Coins {
    fn heads(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 63 == 1
    }
}

struct Recorder {
    out: BufWriter<File>,
    units: String,
    folder: PathBuf,
    coins: Coins,
    began: Instant,
}

impl Recorder {
    /// Fresh copies of the program, a and b, in an order drawn by the coin. New files first, so that they get other places.
    fn copy(&mut self, program: &Path) -> io::Result<()> {
        let order = if self.coins.heads() { ["a", "b"] } else { ["b", "a"] };
        for arm in order {
            fs::copy(program, self.folder.join(format!("{arm}.new")))?;
        }
        for arm in order {
            fs::rename(self.folder.join(format!("{arm}.new")), self.folder.join(arm))?;
        }
        Ok(())
    }

    fn lap(&mut self, condition: &str, lap: u32) -> io::Result<()> {
        for index in 0..PAIRS {
            self.pair(condition, lap, ("aa", lap * PAIRS + index), 0)?;
        }
        for (slower_pct, pairs) in SLOWER {
            for index in 0..pairs {
                self.pair(condition, lap, ("ab", lap * pairs + index), slower_pct)?;
            }
        }
        for index in 0..LONG {
            let arm = if self.coins.heads() { "a" } else { "b" };
            let task = Task { kind: "long", pair: lap * LONG + index, slot: 0, arm, slower_pct: 0 };
            self.process(condition, lap, task)?;
        }
        for index in 0..TWINS {
            let task = Task { kind: "twins", pair: lap * TWINS + index, slot: 0, arm: "a", slower_pct: 0 };
            self.process(condition, lap, task)?;
        }
        Ok(())
    }

    fn short_lap(&mut self, condition: &str, lap: u32) -> io::Result<()> {
        for (slower_pct, pairs) in SHORT_ROUNDS {
            for index in 0..pairs {
                self.short_round(condition, lap, lap * pairs + index, slower_pct)?;
            }
        }
        Ok(())
    }

    /// Several short processes of each arm, one of each at a time. A coin draws who is first at the first time, and then they take turns.
    fn short_round(&mut self, condition: &str, lap: u32, pair: u32, slower: u32) -> io::Result<()> {
        let [first, second] = if self.coins.heads() { ["a", "b"] } else { ["b", "a"] };
        let turns = (0..SHORT).flat_map(|turn| if turn % 2 == 0 { [first, second] } else { [second, first] });
        for (slot, arm) in (0..).zip(turns) {
            let slower_pct = if arm == "b" { slower } else { 0 };
            self.process(condition, lap, Task { kind: "short", pair, slot, arm, slower_pct })?;
        }
        Ok(())
    }

    /// Both arms, in an order drawn by a coin; b is the one that does more.
    fn pair(&mut self, condition: &str, lap: u32, (kind, pair): (&'static str, u32), slower: u32) -> io::Result<()> {
        let order = if self.coins.heads() { ["a", "b"] } else { ["b", "a"] };
        for (slot, arm) in (0..).zip(order) {
            let slower_pct = if arm == "b" { slower } else { 0 };
            self.process(condition, lap, Task { kind, pair, slot, arm, slower_pct })?;
        }
        Ok(())
    }

    fn process(&mut self, condition: &str, lap: u32, task: Task) -> io::Result<()> {
        let Task { kind, pair, slot, arm, slower_pct } = task;
        // A long process takes ten times the time of one of a pair: what ten rounds take.
        let factor = if matches!(kind, "long" | "twins") { "10" } else { "1" };
        let samples = if kind == "short" { SHORT_SAMPLES } else { "100" };
        let at_ms = self.began.elapsed().as_millis();
        let load = load().unwrap_or_else(|| "null".to_owned());
        let slower = slower_pct.to_string();
        let mut command = Command::new(self.folder.join(arm));
        let printed = output(command.args(["work", samples, factor, &slower, kind, &self.units]))?;
        for (line, samples) in printed.lines().enumerate() {
            // The second line of a process is its other twin.
            let arm = if line == 0 { arm } else { "b" };
            writeln!(
                self.out,
                "{{\"c\":\"{condition}\",\"k\":\"{kind}\",\"lap\":{lap},\"copy\":{},\"pair\":{pair},\"slot\":{slot},\
                 \"arm\":\"{arm}\",\"slower\":{slower_pct},\"ms\":{at_ms},\"load\":{load},\"w\":{samples}}}",
                lap / LAPS_A_COPY
            )?;
        }
        self.out.flush()
    }
}

/// The load average over a minute, where the system says it.
fn load() -> Option<String> {
    let loads = fs::read_to_string("/proc/loadavg").ok()?;
    loads.split(' ').next()?.parse::<f64>().ok().map(|load| load.to_string())
}

/// What a program of ours prints.
fn output(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    } else {
        Err(io::Error::other(format!("a process ended with {}", output.status)))
    }
}
