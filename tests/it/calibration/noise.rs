//! Seeded noise of benchmarks, from quiet to hostile: what one process of one arm reports in one round. Refuses to know how it is judged.
//!
//! The logarithm of a sample is environment + process + mode + correlated noise within the process + outlier. One tick is one sample. The
//! environment is common to both arms, but it goes on between their slots.

use tollgate::judge::PIECES;
use tollgate::model::Sample;
use tollgate::model::sample::Statistic;

/// Samples of each process; the smallest counts.
const SAMPLES: u32 = 10;

/// A small generator with a 64-bit state that is advanced by a constant and mixed: fast without optimisation, the same everywhere.
#[derive(Clone)]
pub(crate) struct Random {
    state: u64,
    spare: Option<f64>,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ 0x5851_F42D_4C95_7F2D, spare: None }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `count` − 1.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.bits() % count as u64).expect("less than a usize")
    }

    /// 1 or −1, by a fair coin.
    pub(crate) fn sign(&mut self) -> f64 {
        if self.bits() & 1 == 1 { 1.0 } else { -1.0 }
    }

    /// In (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Standard normal, two at a time by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }

    pub(crate) fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }
}

/// How noisy a benchmark is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Noise {
    /// Within a process: standard deviation and correlation of one sample with the next.
    within: (f64, f64),
    /// Between processes.
    process_sd: f64,
    /// Between processes, with tails so heavy that there is no variance (Student's t with two degrees of freedom); its scale.
    heavy: f64,
    /// Slow mode: how many processes have it, and its size.
    mode: (f64, f64),
    /// Environment that wanders back to its mean: standard deviation and ticks to relax.
    drift: (f64, f64),
    /// Bursts of other load: rate per tick, mean length in ticks, mean size.
    bursts: (f64, f64, f64),
    /// Samples that are disturbed: how many, and the scale of a Pareto law with exponent 1.5.
    outliers: (f64, f64),
    /// The machine slows down by this much each tick.
    slowing: f64,
    /// The work moves between two machines (or kinds of core): rate per tick, and how much slower the second one is.
    machines: (f64, f64),
}

pub(super) const QUIET: Noise = Noise {
    within: (0.005, 0.3),
    process_sd: 0.005,
    heavy: 0.0,
    mode: (0.0, 0.0),
    drift: (0.003, 300.0),
    bursts: (0.0, 1.0, 0.0),
    outliers: (0.01, 0.05),
    slowing: 0.0,
    machines: (0.0, 0.0),
};

pub(super) const CI: Noise = Noise {
    within: (0.015, 0.5),
    process_sd: 0.015,
    drift: (0.010, 300.0),
    bursts: (1.0 / 3000.0, 150.0, 0.08),
    outliers: (0.03, 0.10),
    ..QUIET
};

pub(super) const CI_BIMODAL: Noise = Noise { process_sd: 0.010, mode: (0.3, 0.06), ..CI };

pub(super) const NOISY: Noise = Noise {
    within: (0.040, 0.5),
    process_sd: 0.030,
    mode: (0.3, 0.05),
    drift: (0.025, 200.0),
    bursts: (1.0 / 1000.0, 150.0, 0.20),
    outliers: (0.06, 0.20),
    ..QUIET
};

/// A bell curve between processes and nothing else: rounds without any disturbance.
pub(super) const BELL: Noise = Noise {
    within: (0.0, 0.0),
    process_sd: 0.010,
    heavy: 0.0,
    mode: (0.0, 0.0),
    drift: (0.0, 1.0),
    bursts: (0.0, 1.0, 0.0),
    outliers: (0.0, 0.0),
    slowing: 0.0,
    machines: (0.0, 0.0),
};

/// Programs with a random key in each process, as hash maps have: their processes differ far more than the samples of one.
pub(super) const RANDOM_KEYS: Noise = Noise { within: (0.005, 0.5), process_sd: 0.080, ..CI };

/// Processes whose spread has no variance.
pub(super) const HEAVY: Noise = Noise { process_sd: 0.0, heavy: 0.008, ..CI };

/// A machine that gets slower all the time: 2 % over the first stage of a hundred benchmarks.
pub(super) const SLOWING: Noise = Noise { slowing: 1e-6, ..CI };

impl Noise {
    /// The same on a machine that slows down by `ratio` each tick.
    pub(super) const fn slowing_by(self, ratio: f64) -> Self {
        Self { slowing: ratio, ..self }
    }
}

/// Samples of a process that hardly differ from each other, in an environment that hardly changes within a round.
pub(super) const CORRELATED: Noise = Noise { within: (0.020, 0.98), drift: (0.030, 3000.0), ..CI };

/// A runner that is moved between two types of machine, 8 % apart, every few rounds.
pub(super) const TWO_MACHINES: Noise = Noise { machines: (1.0 / 5000.0, 0.08), ..CI };

/// Which benchmarks a pull request has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mix {
    All(Noise),
    /// 30 % quiet, 50 % ci, 10 % bimodal, 10 % noisy.
    Fleet,
}

impl Mix {
    pub(super) fn draw(self, random: &mut Random) -> Noise {
        match self {
            Self::All(noise) => noise,
            Self::Fleet => match random.uniform() {
                u if u < 0.3 => QUIET,
                u if u < 0.8 => CI,
                u if u < 0.9 => CI_BIMODAL,
                _ => NOISY,
            },
        }
    }
}

/// How the processes of one round follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    /// Each benchmark is a process of its own, in one arm and then the other.
    InTurn,
    /// Each arm's process runs all benchmarks: a benchmark's two slots lie as far apart as all of them take.
    Together,
    /// As in turn, by a suite that can shorten its processes: a round may have several short ones.
    Split,
}

/// What one process reports, as logarithms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Process {
    /// Its smallest sample.
    pub(crate) smallest: f64,
    /// The smallest of each of its pieces.
    pub(crate) pieces: [f64; PIECES],
}

/// What one round of a benchmark gives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Observed {
    /// Log-ratio of head to base.
    pub(crate) difference: f64,
    /// The pieces of base's process, and of head's; nothing where there are several.
    pub(crate) pieces: [[f64; PIECES]; 2],
}

/// One benchmark with its surroundings.
pub(super) struct Benchmark {
    noise: Noise,
    drift: f64,
    burst: Option<f64>,
    on_second: bool,
    ticks: f64,
}

impl Benchmark {
    pub(super) fn new(noise: Noise, random: &mut Random) -> Self {
        let drift = noise.drift.0 * random.normal();
        let mut benchmark = Self { noise, drift, burst: None, on_second: false, ticks: 0.0 };
        benchmark.pass(1e9, random);
        benchmark.ticks = 0.0;
        benchmark
    }

    /// One round of so many processes of each arm in which `running` benchmarks take part, head slower by `slowdown` apart from noise.
    pub(super) fn round(
        &mut self,
        (slowdown, head_first): (f64, bool),
        order: Order,
        (running, processes): (usize, u32),
        random: &mut Random,
    ) -> Observed {
        if processes > 1 {
            return self.split_round((slowdown, head_first), (running, processes), random);
        }
        let [first, second] = self.processes(order, running, random);
        let (base, head) = if head_first { (second, first) } else { (first, second) };
        let difference = if head_first { first.smallest - second.smallest } else { second.smallest - first.smallest };
        Observed { difference: slowdown + difference, pieces: [base.pieces, head.pieces] }
    }

    /// Short processes of both arms, which take turns at being first.
    fn split_round(
        &mut self,
        (slowdown, head_first): (f64, bool),
        (running, processes): (usize, u32),
        random: &mut Random,
    ) -> Observed {
        let samples = (SAMPLES / processes).max(1);
        let mut waited = 2.0 * f64::from(SAMPLES) * (running as f64 - 1.0);
        let mut arms = [Vec::new(), Vec::new()];
        for turn in 0..processes {
            let first = usize::from(head_first ^ (turn % 2 == 1));
            for arm in [first, 1 - first] {
                let process = self.process(waited + f64::from(samples), samples, random);
                arms[arm].push(vec![process.smallest.exp()]);
                waited = 0.0;
            }
        }
        let [base, head] = arms
            .map(|processes| Sample::processes(processes).expect("there are values").statistic(Statistic::Min).ln());
        Observed { difference: slowdown + head - base, ..Observed::default() }
    }

    /// What the two processes of a round report, as logarithms, in the order in which they ran.
    pub(super) fn slots(&mut self, order: Order, running: usize, random: &mut Random) -> [f64; 2] {
        self.processes(order, running, random).map(|process| process.smallest)
    }

    fn processes(&mut self, order: Order, running: usize, random: &mut Random) -> [Process; 2] {
        let all = f64::from(SAMPLES) * running as f64;
        let (before, between) = match order {
            Order::InTurn | Order::Split => (2.0 * all - f64::from(SAMPLES), f64::from(SAMPLES)),
            Order::Together => (all, all),
        };
        let first = self.process(before, SAMPLES, random);
        [first, self.process(between, SAMPLES, random)]
    }

    /// One process of so many samples.
    fn process(&mut self, ticks: f64, samples: u32, random: &mut Random) -> Process {
        self.pass(ticks, random);
        let noise = self.noise;
        let mut level = self.drift + self.burst.unwrap_or(0.0) + noise.slowing * self.ticks;
        level += if self.on_second { noise.machines.1 } else { 0.0 };
        level += noise.process_sd * random.normal();
        if noise.heavy > 0.0 {
            level += noise.heavy * random.normal() / random.exponential().sqrt();
        }
        if noise.mode.0 > 0.0 && random.uniform() < noise.mode.0 {
            level += noise.mode.1;
        }
        let (sd, correlation) = noise.within;
        let fresh = (1.0 - correlation * correlation).sqrt();
        let mut within = random.normal();
        let mut pieces = [f64::INFINITY; PIECES];
        for index in 0..samples {
            let outlier = if random.uniform() < noise.outliers.0 {
                (noise.outliers.1 * random.uniform().powf(-1.0 / 1.5)).ln_1p()
            } else {
                0.0
            };
            let piece = &mut pieces[index as usize * PIECES / samples as usize];
            *piece = piece.min(sd * within + outlier);
            within = correlation * within + fresh * random.normal();
        }
        let smallest = pieces.into_iter().fold(f64::INFINITY, f64::min);
        Process { smallest: level + smallest, pieces: pieces.map(|piece| level + piece) }
    }

    /// Time goes by in the environment.
    fn pass(&mut self, ticks: f64, random: &mut Random) {
        self.ticks += ticks;
        let kept = (-ticks / self.noise.drift.1).exp();
        if self.noise.machines.0 > 0.0 {
            self.on_second ^= random.uniform() < 0.5 * (1.0 - (-2.0 * ticks * self.noise.machines.0).exp());
        }
        self.drift = kept * self.drift + self.noise.drift.0 * (1.0 - kept * kept).sqrt() * random.normal();
        let (rate, length, size) = self.noise.bursts;
        if rate <= 0.0 || (self.burst.is_some() && random.uniform() < (-ticks / length).exp()) {
            return;
        }
        let busy = rate * length / (1.0 + rate * length);
        let forgotten = 1.0 - (-ticks * (rate + 1.0 / length)).exp();
        self.burst = (random.uniform() < busy * forgotten).then(|| size * random.exponential());
    }
}
