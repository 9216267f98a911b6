//! The two-stage, family-wise procedure on paired rounds. A pure function of the rounds, so that the loop that measures and the final
//! judgement ask the same question and get the same answer.
//!
//! Stage 1 looks at every metric for [`STAGE_ROUNDS`] rounds and only chooses: who looks slower or faster than allowed (*suspect*), whose
//! interval is too wide to be shown unchanged (*unsettled*), and who is done. Stage 2 takes fresh rounds for the first two alone and tests
//! them strictly against the tolerance, by the exact capped signed-rank test and weighted Holm over those that were chosen, at a few fixed
//! looks that share the level. Who does not look suspicious at a look leaves. Because stage 1 chooses and never convicts, the test of stage 2 is exact whatever stage 1 saw, and
//! the probability that a run with no metric beyond its tolerance is red is at most the false-alarm rate, under any noise and any
//! dependence between metrics (`METHODOLOGY.md`; Holm 1979; Cox 1975 for sample splitting).

mod noisy;

use crate::stats::excess::RateDifference;
use crate::stats::multiplicity::{Weighted, holm_weighted};
use crate::stats::planning::Plan;
use crate::stats::signed_rank::{Cap, PairedDifferences};
use crate::stats::summary::{mad_sd, variance};

use super::counts::Counts;
pub use noisy::too_noisy;

/// Rounds of stage 1.
pub const STAGE_ROUNDS: u32 = 10;
/// Rounds of stage 2 at which it is looked, if the limit on rounds allows; the limit itself is the last look.
pub const LOOKS: [u32; 3] = [16, 32, 64];
/// Rounds of stage 2 after which those leave that are surely unchanged by then. Nobody is convicted there.
pub const LEAVING: u32 = 8;
/// A metric is a suspect where stage 1 alone gives a p-value of at most this.
pub const SUSPECT_P: f64 = 0.30;
/// How much of the level an unsettled metric gets, against a suspect's 1.
pub const UNSETTLED_WEIGHT: f64 = 0.25;
/// The last look's share of the level; the earlier ones share the rest equally. Large changes need little of it, and what is still open at
/// the last look is there because it is hard to tell.
const LAST_SHARE: f64 = 0.55;
/// Level of the one-sided bound that shows a metric unchanged, in stage 1.
pub const UNCHANGED_LEVEL: f64 = 0.05;
/// The same for each look of stage 2, over the rounds of both stages: this bound needs no fresh rounds, as it concerns one metric alone.
pub const UNCHANGED_LEVEL_LOOK: f64 = 0.01;
/// Fewer rounds than this are never tested: the smallest possible p-value would be above 3 %.
pub const ROUNDS_MIN: u32 = 5;

/// One metric that takes part.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Round and difference, positive for the worse, in the order of rounds.
    pub differences: Vec<(u32, f64)>,
    /// The tolerance on the scale of the differences.
    pub tolerance: f64,
    /// Must-detect on the same scale; at least `tolerance`.
    pub must_detect: f64,
    /// The events of the rounds, where the metric is a count and the differences are of rates: tested as a whole as long as events come one
    /// by one. Its p-values stand in the same stages as those of differences; what convicts is, here as there, fresh rounds alone.
    pub counts: Option<Counts>,
}

/// The level and the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The largest probability that a run with nothing beyond its tolerance is red.
    pub false_alarm_rate: f64,
    /// The most rounds of a metric, both stages together.
    pub rounds_max: u32,
    /// Whether one that cannot be told stays to the last look although it does not look suspicious. It costs rounds and no level.
    pub patient: bool,
}

/// Whether measuring goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// More rounds can be had.
    Measuring,
    /// No more rounds will come.
    Ended,
}

/// What is known of a member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// Surely beyond the tolerance.
    Regressed,
    /// Surely beyond the tolerance for the better.
    Improved,
    /// Surely below must-detect.
    Unchanged,
    /// Neither.
    Inconclusive {
        /// About how many rounds in all would settle it, within four times the limit.
        rounds_needed: Option<u32>,
    },
    /// Not yet: it wants more rounds.
    Undecided,
}

/// A member's decision and the rounds that carry it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assessed {
    /// What is known.
    pub decision: Decision,
    /// The first of the rounds that the decision rests on.
    pub from: u32,
    /// One past the last of them.
    pub to: u32,
    /// The one-sided level at which this member was, or would be, convicted.
    pub level: f64,
}

/// What is done after some rounds of stage 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Who is surely unchanged leaves.
    Leave,
    /// Who is surely beyond its tolerance is convicted, at this share of the level, and who does not look suspicious leaves.
    Look { share: f64, last: bool },
}

/// The steps of stage 2, each with the round after which it is due. Empty where the limit leaves no room for a stage 2.
pub(super) fn steps(settings: &Settings) -> Vec<(u32, Step)> {
    if settings.rounds_max <= STAGE_ROUNDS {
        return Vec::new();
    }
    let before_the_limit = |rounds: &u32| *rounds < settings.rounds_max;
    let early: Vec<u32> = LOOKS.iter().map(|look| STAGE_ROUNDS + look).filter(before_the_limit).collect();
    let early_share = (1.0 - LAST_SHARE) / early.len().max(1) as f64;
    let last = Step::Look { share: if early.is_empty() { 1.0 } else { LAST_SHARE }, last: true };
    let leave = Some(STAGE_ROUNDS + LEAVING).filter(before_the_limit).map(|end| (end, Step::Leave));
    let early = early.into_iter().map(|end| (end, Step::Look { share: early_share, last: false }));
    leave.into_iter().chain(early).chain([(settings.rounds_max, last)]).collect()
}

/// The round numbers at which the procedure may decide something: the end of stage 1, then each step of stage 2.
pub fn checkpoints(settings: &Settings) -> Vec<u32> {
    let stage_1 = STAGE_ROUNDS.min(settings.rounds_max);
    [stage_1].into_iter().chain(steps(settings).into_iter().map(|(end, _)| end)).collect()
}

/// Assesses every member on the rounds so far. `rounds_run` counts the rounds that undecided members took part in.
pub fn assess(members: &[Member], rounds_run: u32, phase: Phase, settings: &Settings) -> Vec<Assessed> {
    let stage_1 = STAGE_ROUNDS.min(settings.rounds_max);
    if rounds_run < stage_1 && phase == Phase::Measuring {
        return members.iter().map(|_| waiting(rounds_run, settings)).collect();
    }
    let steps = steps(settings);
    let Some((_, Step::Look { share: last_share, .. })) = steps.last().filter(|_| rounds_run >= stage_1) else {
        return single_look(members, rounds_run, settings);
    };
    let mut stage = Stage::choose(members, stage_1, settings, *last_share);
    for (index, (end, step)) in steps.iter().enumerate() {
        match step {
            Step::Leave if rounds_run >= *end => stage.leave(members, *end),
            Step::Look { share, last } if rounds_run >= *end => stage.look(members, (stage_1, *end), *share, *last),
            Step::Leave | Step::Look { .. } => {
                if phase == Phase::Ended {
                    // The clock or the user ended the rounds. Before the first step, who takes part in stage 2 is known from stage 1 alone,
                    // so that the end cannot depend on the coins of stage 2: one test at the whole level is exact. After it the end may
                    // depend on them by who left, and with them how long a round takes; a test at such a moment has no exact level. So
                    // nobody is convicted then: what the looks said stands.
                    stage.look(members, (stage_1, rounds_run), if index == 0 { 1.0 } else { 0.0 }, true);
                }
                break;
            }
        }
    }
    stage.assessed
}

/// Tests all members once, on all their rounds: what a run that ended within stage 1, and metrics that do not block, are judged by.
pub fn single_look(members: &[Member], rounds_run: u32, settings: &Settings) -> Vec<Assessed> {
    let tests: Vec<Option<Tested>> = members.iter().map(|member| member.test(0, rounds_run)).collect();
    let reject = |side: Side| {
        let p = members.iter().zip(&tests).map(|(m, test)| (p_value(m, test.as_ref(), side), 1.0));
        rejected(p, settings.false_alarm_rate)
    };
    let (worse, better) = (reject(Side::Worse), reject(Side::Better));
    let level = settings.false_alarm_rate / members.len().max(1) as f64;
    (0..members.len())
        .map(|i| {
            let decision = if worse[i] {
                Decision::Regressed
            } else if better[i] {
                Decision::Improved
            } else if members[i].settled(tests[i].as_ref(), Side::Worse, UNCHANGED_LEVEL) {
                Decision::Unchanged
            } else {
                members[i].inconclusive(tests[i].as_ref(), level, settings)
            };
            Assessed { decision, from: 0, to: rounds_run, level }
        })
        .collect()
}

/// The two sides on which a member may be beyond its tolerance.
#[derive(Clone, Copy)]
enum Side {
    Worse,
    Better,
}

/// Stage 2: who was chosen, with what weight, and what is known so far.
struct Stage<'a> {
    settings: &'a Settings,
    worse: Vec<Candidate>,
    better: Vec<Candidate>,
    assessed: Vec<Assessed>,
}

/// A member's part in one family of stage 2.
#[derive(Clone, Copy, PartialEq)]
enum Candidate {
    /// Not chosen by stage 1.
    Out,
    /// Chosen, with this weight.
    In(f64),
    /// Convicted at an earlier look: it no longer shares the level.
    Convicted,
}

impl<'a> Stage<'a> {
    /// Stage 1: chooses.
    fn choose(members: &[Member], end: u32, settings: &'a Settings, last_share: f64) -> Self {
        let mut stage = Self { settings, worse: Vec::new(), better: Vec::new(), assessed: Vec::new() };
        for member in members {
            let test = member.test(0, end);
            let candidate = |side| match p_value(member, test.as_ref(), side) {
                p if p <= SUSPECT_P => Candidate::In(1.0),
                _ if !member.settled(test.as_ref(), side, UNCHANGED_LEVEL) => Candidate::In(UNSETTLED_WEIGHT),
                _ => Candidate::Out,
            };
            let (worse, better) = (candidate(Side::Worse), candidate(Side::Better));
            let out = worse == Candidate::Out && better == Candidate::Out;
            let decision = if out { Decision::Unchanged } else { Decision::Undecided };
            stage.assessed.push(Assessed { decision, from: 0, to: end, level: 0.0 });
            stage.worse.push(worse);
            stage.better.push(better);
        }
        let level = settings.false_alarm_rate * last_share;
        let total: f64 = stage.worse.iter().map(|c| if let Candidate::In(w) = c { *w } else { 0.0 }).sum();
        for (assessed, candidate) in stage.assessed.iter_mut().zip(&stage.worse) {
            // One that was not chosen would have been a suspect, had it looked slower: it would have shared the level with the others.
            assessed.level = match candidate {
                Candidate::In(weight) => level * weight / total,
                Candidate::Out | Candidate::Convicted => level / (total + 1.0),
            };
        }
        stage
    }

    /// Lets those go after `to` rounds that do not look suspicious in the fresh ones and are surely within must-detect, on both sides so that
    /// exchanging base and head changes nothing. Who goes is never convicted: the level of the others holds.
    fn leave(&mut self, members: &[Member], to: u32) {
        for (member, assessed) in members.iter().zip(&mut self.assessed) {
            if assessed.decision != Decision::Undecided {
                continue;
            }
            let (fresh, all) = (member.test(STAGE_ROUNDS, to), member.test(0, to));
            let within = |side| {
                p_value(member, fresh.as_ref(), side) > SUSPECT_P
                    && member.settled(all.as_ref(), side, UNCHANGED_LEVEL_LOOK)
            };
            if within(Side::Worse) && within(Side::Better) {
                (assessed.decision, assessed.to) = (Decision::Unchanged, to);
            }
        }
    }

    /// One look of stage 2 at the rounds `from..to`, with this share of the level.
    fn look(&mut self, members: &[Member], (from, to): (u32, u32), share: f64, last: bool) {
        let open = |assessed: &Assessed| assessed.decision == Decision::Undecided;
        let tests: Vec<Option<Tested>> = members
            .iter()
            .zip(&self.assessed)
            .map(|(member, assessed)| if open(assessed) { member.test(from, to) } else { None })
            .collect();
        let alpha = self.settings.false_alarm_rate * share;
        let worse = convict(members, &tests, &mut self.worse, Side::Worse, alpha);
        let better = convict(members, &tests, &mut self.better, Side::Better, alpha);
        for (i, member) in members.iter().enumerate() {
            if !open(&self.assessed[i]) {
                continue;
            }
            let assessed = &mut self.assessed[i];
            assessed.to = to;
            if worse[i] || better[i] {
                assessed.decision = if worse[i] { Decision::Regressed } else { Decision::Improved };
                assessed.from = from;
                continue;
            }
            // What is not a conviction rests on the rounds of both stages.
            let all = member.test(0, to);
            let suspicious = |side| p_value(member, tests[i].as_ref(), side) <= SUSPECT_P;
            let settled = |side| member.settled(all.as_ref(), side, UNCHANGED_LEVEL_LOOK);
            let stays = |side| suspicious(side) || (self.settings.patient && !settled(side));
            if !last && (stays(Side::Worse) || stays(Side::Better)) {
                continue;
            }
            assessed.decision = if settled(Side::Worse) {
                Decision::Unchanged
            } else {
                member.inconclusive(all.as_ref(), assessed.level, self.settings)
            };
        }
    }
}

/// Convicts members of one side by weighted Holm over all that stage 1 chose and that were not convicted before. One that left without
/// conviction keeps its share of the level (its p-value counts as 1).
fn convict(
    members: &[Member],
    tests: &[Option<Tested>],
    candidates: &mut [Candidate],
    side: Side,
    alpha: f64,
) -> Vec<bool> {
    let chosen: Vec<(usize, f64)> = candidates
        .iter()
        .enumerate()
        .filter_map(|(i, candidate)| if let Candidate::In(weight) = candidate { Some((i, *weight)) } else { None })
        .collect();
    let p = chosen.iter().map(|(i, weight)| (p_value(&members[*i], tests[*i].as_ref(), side), *weight));
    let rejections = rejected(p, alpha);
    let mut convicted = vec![false; members.len()];
    for ((i, _), rejected) in chosen.into_iter().zip(rejections) {
        if rejected {
            convicted[i] = true;
            candidates[i] = Candidate::Convicted;
        }
    }
    convicted
}

impl Member {
    /// The test of the rounds `from..to`; `None` where they are too few.
    fn test(&self, from: u32, to: u32) -> Option<Tested> {
        let differences: Vec<f64> =
            self.differences.iter().filter(|(round, _)| (from..to).contains(round)).map(|(_, d)| *d).collect();
        if differences.len() < ROUNDS_MIN as usize {
            return None;
        }
        // More than half of the rounds of a rare event are alike, and their median deviation 0.
        let noise_sd = if self.counts.is_some() { variance(&differences)?.sqrt() } else { mad_sd(&differences)? };
        let pooled = self.counts.as_ref().and_then(|counts| counts.pooled(from, to));
        Some(Tested { paired: PairedDifferences::new(&differences, Cap::Third).ok()?, noise_sd, pooled })
    }

    /// Whether it is surely within must-detect on one side.
    fn settled(&self, test: Option<&Tested>, side: Side, level: f64) -> bool {
        test.is_some_and(|test| match (side, test.pooled) {
            (Side::Worse, None) => test.paired.upper_bound(level) < self.must_detect,
            (Side::Better, None) => test.paired.lower_bound(level) > -self.must_detect,
            (Side::Worse, Some(pooled)) => pooled.p_value_less(self.must_detect) <= level,
            (Side::Better, Some(pooled)) => pooled.mirrored().p_value_less(self.must_detect) <= level,
        })
    }

    /// The decision of one that cannot be told, with the rounds that would settle it.
    fn inconclusive(&self, test: Option<&Tested>, level: f64, settings: &Settings) -> Decision {
        let needed = test.and_then(|test| {
            plan(level, 1.0 - UNCHANGED_LEVEL, test.noise_sd, self.tolerance)
                .rounds_needed(self.must_detect, settings.rounds_max.saturating_mul(4))
        });
        Decision::Inconclusive { rounds_needed: needed.map(|rounds| STAGE_ROUNDS + rounds) }
    }
}

/// The test of some rounds, with their spread.
struct Tested {
    paired: PairedDifferences,
    noise_sd: f64,
    /// All events of the rounds, where they may be taken together.
    pooled: Option<RateDifference>,
}

/// What is planned for one test of the procedure.
pub fn plan(alpha: f64, power: f64, noise_sd: f64, margin: f64) -> Plan {
    Plan { alpha, power, cap: Cap::Third, noise_sd, margin }
}

/// Which hypotheses weighted Holm rejects at `alpha`, from p-values and weights.
fn rejected(hypotheses: impl Iterator<Item = (f64, f64)>, alpha: f64) -> Vec<bool> {
    let hypotheses: Vec<Weighted> = hypotheses.map(|(p_value, weight)| Weighted { p_value, weight }).collect();
    holm_weighted(&hypotheses).into_iter().map(|adjusted| adjusted <= alpha).collect()
}

fn waiting(rounds_run: u32, settings: &Settings) -> Assessed {
    Assessed { decision: Decision::Undecided, from: 0, to: rounds_run, level: settings.false_alarm_rate }
}

fn p_value(member: &Member, test: Option<&Tested>, side: Side) -> f64 {
    test.map_or(1.0, |test| match (side, test.pooled) {
        (Side::Worse, None) => test.paired.p_value_greater(member.tolerance),
        (Side::Better, None) => test.paired.p_value_less(-member.tolerance),
        (Side::Worse, Some(pooled)) => pooled.p_value_greater(member.tolerance),
        (Side::Better, Some(pooled)) => pooled.mirrored().p_value_greater(member.tolerance),
    })
}

#[cfg(test)]
mod tests;
