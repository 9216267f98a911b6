//! What is said of the run's own soundness: base against itself, what all benchmarks did together. Refuses to repeat the headline.

use crate::model::machine::{Disturbance, DisturbedRounds};
use crate::model::{CanaryCheck, CanaryState, CommonShift, Judgement, Ratio, Unit};

use super::number::{self, count, plural};
use super::sentence;
use super::text::Text;

/// What a reader must know of the run as a whole before its rows.
pub(super) fn notices(judgement: &Judgement) -> Vec<Text> {
    let untrusted = judgement.canary.iter().filter(|check| check.state == CanaryState::Moved).map(untrusted);
    let doubted = judgement.disturbed.iter().filter(|rounds| rounds.casts_doubt()).map(doubted);
    let together = judgement.common_shift.iter().map(shift).chain(judgement.order_bias.iter().map(order));
    untrusted.chain(together).chain(doubted).collect()
}

/// Base against itself, for the part that says how the run was decided.
pub(super) fn canary(judgement: &Judgement) -> Option<Text> {
    let check = judgement.canary.as_ref()?;
    let rounds = plural(check.rounds as usize, "round");
    Some(match check.state {
        CanaryState::Still => against_itself(check).say(format!(", {rounds}")),
        CanaryState::Moved => against_itself(check).say(format!(
            ", {rounds}: surely more than the {} that are allowed",
            number::percent(check.tolerance_ratio)
        )),
        CanaryState::TooFewRounds { need } => {
            against_itself(check).say(format!(", too few rounds to tell: {} of the {need} that it takes", check.rounds))
        }
    })
}

/// The rounds that ran while the machine was disturbed, for the part that says how the run was decided.
pub(super) fn disturbed(judgement: &Judgement) -> Option<Text> {
    let all = judgement.disturbed.iter().map(|rounds| of_suite(rounds).say(causes(rounds)));
    all.reduce(|all, next| all.say("; ").then(next))
}

/// 3 of 12 rounds of `core`.
fn of_suite(DisturbedRounds { suite, rounds, of, .. }: &DisturbedRounds) -> Text {
    Text::prose(format!("{rounds} of {} of ", plural(*of as usize, "round"))).code(sentence::shown(suite.as_str()))
}

/// What disturbed the machine in these rounds.
fn causes(rounds: &DisturbedRounds) -> String {
    let said = rounds.causes.iter().map(|(cause, Ratio(ratio))| {
        let share = number::percent(*ratio);
        match cause {
            Disturbance::Stolen => format!("{share} of its time was taken by its host"),
            Disturbance::Others => format!("{share} of its time was used by other programs"),
            Disturbance::Memory => format!("{share} of the time some program waited for memory"),
            Disturbance::Throttled => format!("cores slowed down for their heat in {share} of the rounds"),
        }
    });
    format!(" ran while the machine was disturbed: {}", said.collect::<Vec<_>>().join(", "))
}

/// That small changes may be hidden, and what to do.
fn doubted(rounds: &DisturbedRounds) -> Text {
    of_suite(rounds).say(causes(rounds)).say(
        ". Base and head of a round share its machine, so that no side gains, but it may hide small changes: run it again when nothing else runs here, or on another machine.",
    )
}

/// Whether the benchmarks became slower.
pub(super) fn is_slower(shift: &CommonShift) -> bool {
    shift.effect.change.value() > 0.0
}

/// base against itself on `core/parse`: +0.1 % (−0.3 … +0.4).
fn against_itself(check: &CanaryCheck) -> Text {
    let change = number::change(&check.effect, &Unit::Ratio);
    Text::prose("base against itself on ").code(sentence::metric(&check.id)).say(format!(": {change}"))
}

/// That nothing of the run can be believed, and what to do.
fn untrusted(check: &CanaryCheck) -> Text {
    let change = number::change(&check.effect, &Unit::Ratio);
    let (rounds, allowed) = (plural(check.rounds as usize, "round"), number::percent(check.tolerance_ratio));
    Text::prose("This run is not to be trusted: base, run twice in each round, differs from itself on ")
        .code(sentence::metric(&check.id))
        .say(format!(" by {change} over {rounds}, where {allowed} is allowed. "))
        .say("Whatever differs between base and head may come from the same cause, so no noisy metric has a verdict. ")
        .say("Run it again, on another machine if it happens again; ")
        .code("canary = false")
        .say(" in ")
        .code("[gate]")
        .say(" leaves the check out.")
}

/// All benchmarks together.
fn shift(shift: &CommonShift) -> Text {
    let word = if is_slower(shift) { "slower" } else { "faster" };
    let (size, interval) = sized(shift);
    Text::prose(format!(
        "All {} benchmarks together became {size} {word} {interval}: look for a compiler flag, an allocator, a dependency. \
         This is the median benchmark over {}; nothing was subtracted from any row.",
        count(shift.benchmarks as usize),
        plural(shift.rounds as usize, "round"),
    ))
}

/// The order of the arms.
fn order(bias: &CommonShift) -> Text {
    let word = if is_slower(bias) { "slower" } else { "faster" };
    let (size, interval) = sized(bias);
    Text::prose(format!(
        "Whatever ran second in a round was {size} {word} {interval}, base or head, over {} benchmarks. \
         Coins drew the order, so that no side gains, but it hides small changes: a pause between processes, or a machine that keeps its clock, helps.",
        count(bias.benchmarks as usize),
    ))
}

/// The size without a sign, and the interval with them.
fn sized(shift: &CommonShift) -> (String, String) {
    (number::change_size(&shift.effect, &Unit::Ratio), number::interval(&shift.effect, &Unit::Ratio))
}

#[cfg(test)]
mod tests {
    use super::super::{annotations, json, junit, markdown, sample, terminal};
    use super::*;

    #[test]
    fn a_run_that_cannot_be_believed_says_so_first_and_what_to_do() {
        insta::assert_snapshot!(markdown::render(&sample::untrusted(), markdown::LIMIT), @"
        <!-- tollgate:v1 -->
        ## 🟠 Tollgate: no verdict, base differs from itself (none of 3 checks decided)

        **Nobody knows whether this change is slower: it should not merge before that is known.**

        > This run is not to be trusted: base, run twice in each round, differs from itself on <code>core/parse/large</code> by +4.1 % (+3.7 … +4.5) over 10 rounds, where 2 % is allowed. Whatever differs between base and head may come from the same cause, so no noisy metric has a verdict. Run it again, on another machine if it happens again; <code>canary = false</code> in <code>&#91;gate&#93;</code> leaves the check out.

        <details><summary>3 inconclusive</summary>

        | benchmark | metric | base | head | change (99 % interval) | allowed | note |
        |---|---|--:|--:|--:|--:|---|
        | <code>core › parse/large</code> | time | 412.0 µs | 413.2 µs | +0.30 % (−0.60 … +1.20) | +2 % | base differs from itself here, so that no difference can be laid to the change |
        | <code>core › print</code> | time | 1.200 ms | 1.103 ms | −8.1 % (−9.1 … −7.1) | +2 % | base differs from itself here, so that no difference can be laid to the change |
        | <code>core › tokenize</code> | time | 3.100 µs | 3.094 µs | −0.20 % (−0.60 … +0.20) | +2 % | base differs from itself here, so that no difference can be laid to the change |

        </details>

        <details><summary>How this was decided</summary>

        - **Base** <code>9a41c02b9</code> (merge base of main) <code>Add the lexer</code>
        - **Head** <code>77be01d37</code> (HEAD) <code>Validate tokens</code>
        - **Machine** <code>AMD EPYC 7763 64-Core Processor</code>, 4 cores, 16 GiB, <code>ubuntu-24.04 20261101.1</code>, <code>rustc 1.95.0</code>, <code>kvm</code>
        - **Coverage** 3 benchmarks expected, 3 measured, 3 compared
        - **Method** 3 metrics by 32 rounds of base and head in pairs
        - **Promise** a run of unchanged code fails at most 1 % of the time, over 3 metrics together
        - **Sensitivity** half of the checks would have shown a change for the worse of 1.9 %, the noisiest only one of 4.4 % (<code>core/parse/large</code>)
        - **Canary** base against itself on <code>core/parse/large</code>: +4.1 % (+3.7 … +4.5), 10 rounds: surely more than the 2 % that are allowed
        - **Policy** from base (head does not change it)
        - **Measured in** 6 min 12 s, seed <code>17446744073709551615</code>

        </details>
        ");
    }

    #[test]
    fn what_moved_together_and_what_disturbed_a_row_is_told_and_nothing_is_subtracted() {
        let text = anstream::adapter::strip_str(&terminal::render(&sample::disturbed())).to_string();
        insta::assert_snapshot!(text, @"
        Tollgate: no regressions in 3 checks. Smallest change that could have been seen: 1.9 %.

        note: All 40 benchmarks together became 1.1 % slower (+0.8 … +1.4): look for a compiler flag, an
              allocator, a dependency. This is the median benchmark over 10 rounds; nothing was subtracted
              from any row.
        note: Whatever ran second in a round was 0.80 % faster (−1.00 … −0.60), base or head, over 40
              benchmarks. Coins drew the order, so that no side gains, but it hides small changes: a pause
              between processes, or a machine that keeps its clock, helps.

        1 improved
          benchmark     metric      base      head  change (99 %)         allowed
          core › print  time    1.200 ms  1.103 ms  −8.1 % (−9.1 … −7.1)  +2 %
            base's own value fell by 6 % from the first round to the last: the machine drifts; 13 of 20
            rounds agree to the last digit: the timer may be too coarse; its processes differ by 8.2 %, so
            after the first stage a round had 8 short processes of each side

        2 unchanged
          benchmark           metric      base      head  change (99 %)            allowed
          core › parse/large  time    412.0 µs  413.2 µs  +0.30 % (−0.60 … +1.20)  +2 %
            whatever ran second in a round came out 3.1 % higher; coins drew the order, so no side gains,
            but more rounds are needed; 4 of 26 rounds lie far from the rest: something disturbs the
            machine, and more rounds are needed
          core › tokenize     time    3.100 µs  3.094 µs  −0.20 % (−0.60 … +0.20)  +2 %
            the values of head fall into two groups, those of base do not: head may be slow only sometimes;
            the values of base fall into two groups, those of head do not: base may be slow only sometimes

        base         `9a41c02b9` (merge base of main) `Add the lexer`
        head         `77be01d37` (HEAD) `Validate tokens`
        machine      `AMD EPYC 7763 64-Core Processor`, 4 cores, 16 GiB, `ubuntu-24.04 20261101.1`, `rustc
                     1.95.0`, `kvm`
        coverage     3 benchmarks expected, 3 measured, 3 compared
        method       3 metrics by 32 rounds of base and head in pairs
        promise      a run of unchanged code fails at most 1 % of the time, over 3 metrics together
        sensitivity  half of the checks would have shown a change for the worse of 1.9 %, the noisiest only
                     one of 4.4 % (`core/parse/large`)
        canary       base against itself on `core/parse/large`: +0.10 % (−0.30 … +0.50), 10 rounds
        policy       from base (head does not change it)
        measured in  6 min 12 s, seed `17446744073709551615`
        ");
    }

    #[test]
    fn a_run_that_cannot_be_believed_is_an_error_for_machines() {
        insta::assert_snapshot!(annotations::render(&sample::untrusted()), @"::error title=Tollgate::Tollgate: no verdict, base differs from itself (none of 3 checks decided)");
        assert!(junit::render(&sample::untrusted()).contains("errors=\"1\""));
    }

    #[test]
    fn a_canary_with_too_few_rounds_says_how_many_it_takes() {
        let mut judgement = sample::untrusted();
        let check = judgement.canary.as_mut().unwrap();
        (check.state, check.rounds) = (CanaryState::TooFewRounds { need: 10 }, 3);
        let said = canary(&judgement).unwrap().line(str::to_owned);
        assert!(said.ends_with("too few rounds to tell: 3 of the 10 that it takes"), "{said}");
        assert_eq!(notices(&judgement), []);
    }

    #[test]
    fn disturbed_rounds_are_told_and_only_many_of_them_are_a_doubt() {
        let mut judgement = sample::green();
        let causes = vec![(Disturbance::Stolen, Ratio(0.14)), (Disturbance::Memory, Ratio(0.075))];
        let suite = crate::model::Name::new("core").unwrap();
        judgement.disturbed = vec![DisturbedRounds { suite, rounds: 2, of: 12, causes }];
        let said = disturbed(&judgement).unwrap().line(str::to_owned);
        let expected = "ran while the machine was disturbed: 14 % of its time was taken by its host, 7.5 % of the time some program waited for memory";
        assert_eq!(said, format!("2 of 12 rounds of `core` {expected}"));
        assert_eq!(notices(&judgement), []);
        judgement.disturbed[0].rounds = 3;
        let doubt = notices(&judgement)[0].line(str::to_owned);
        assert!(doubt.starts_with(&format!("3 of 12 rounds of `core` {expected}. Base and head")), "{doubt}");
        assert_eq!(disturbed(&sample::green()), None);
        let warning = crate::model::judgement::Warning::MachineDisturbed { rounds: 3, of: 12 };
        judgement.rows[0].warnings = vec![warning];
        let read = json::from_json(json::to_json(&judgement).as_bytes()).unwrap();
        assert_eq!(read, judgement);
    }
}
