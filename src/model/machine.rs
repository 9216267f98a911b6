//! What the machine did while rounds ran, beside what was measured. Refuses to say whether that matters.

use std::ops::AddAssign;

use super::health::Ratio;
use super::name::Name;

/// The time of a machine's cores and memory while one arm of a round ran. Adds up over processes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MachineTime {
    /// How long it was, in seconds.
    pub wall_s: f64,
    /// The time of all cores together, in seconds.
    pub cores_s: f64,
    /// What of it the host of a virtual machine took away.
    pub stolen_s: f64,
    /// What of it programs used that are neither Tollgate nor what it ran.
    pub others_s: f64,
    /// How long some task waited for memory, in seconds; 0 where the system does not say.
    pub memory_s: f64,
    /// How often a core slowed down for its heat.
    pub throttled: u32,
}

impl AddAssign for MachineTime {
    fn add_assign(&mut self, other: Self) {
        self.wall_s += other.wall_s;
        self.cores_s += other.cores_s;
        self.stolen_s += other.stolen_s;
        self.others_s += other.others_s;
        self.memory_s += other.memory_s;
        self.throttled = self.throttled.saturating_add(other.throttled);
    }
}

/// What disturbed a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disturbance {
    /// Its host took time of its cores away.
    Stolen,
    /// Other programs used its cores, more than in its quiet rounds.
    Others,
    /// Tasks waited for memory.
    Memory,
    /// Cores slowed down for their heat.
    Throttled,
}

/// The rounds of a suite that ran while the machine was disturbed. They count like any other: both arms of a round share its machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DisturbedRounds {
    /// The suite.
    pub suite: Name,
    /// How many of its rounds.
    pub rounds: u32,
    /// Of how many that were long enough to tell.
    pub of: u32,
    /// What disturbed them, each with its share of the machine's time in those rounds; of heat, how many of them.
    pub causes: Vec<(Disturbance, Ratio)>,
}

impl DisturbedRounds {
    /// Fewer disturbed rounds than this share are told of and cast no doubt: the middle half of all rounds, by which differences are estimated, is then
    /// mostly undisturbed.
    pub const DOUBT_SHARE: f64 = 0.25;

    /// Whether so many rounds were disturbed that small changes may be hidden.
    pub fn casts_doubt(&self) -> bool {
        f64::from(self.rounds) >= Self::DOUBT_SHARE * f64::from(self.of)
    }
}
