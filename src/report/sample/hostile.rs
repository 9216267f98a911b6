//! A judgement for tests in which every text from outside attacks whoever shows it.

use crate::model::judgement::{Drift, DriftState, Notice, PolicySource, WaiverState};
use crate::model::*;

use super::drift::since;
use super::finding;
use super::{id, judgement, name, revision, time, waiver};

/// Names that attack every sink.
pub(in crate::report) const HOSTILE: [&str; 8] = [
    "a|b\n| c | d |",
    "@octocat #1 http://evil.example www.evil.example",
    "<script>alert(1)</script>",
    "--><img src=x onerror=alert(1)>",
    "\u{1b}[2J\u{1b}]8;;http://evil\u{7}",
    "\u{202e}desrever\u{200b}",
    "`code` ](http://x) *b* ![i](x) $x$ '; rm -rf ~ #",
    "::error::%0A",
];

/// Failing rows with hostile names, owners, notices and messages.
pub(in crate::report) fn hostile() -> Judgement {
    let long = "x|@y<".repeat(100);
    let rows = HOSTILE.iter().copied().chain([long.as_str()]).map(|text| {
        let row = time(text, text, 1e-3, 0.5, 0.01);
        Row {
            metric: Metric { id: id(text, text, text), unit: Unit::Other(name(text)), ..row.metric },
            verdict: Verdict::Regressed,
            outcome: Outcome::FailRegressed,
            owner: Some(text.to_owned()),
            drift: Some(Drift { since: text.to_owned(), ..since(DriftState::Beyond, 0.2) }),
            waiver: Some(WaiverState::Expired(Waiver {
                reason: text.to_owned(),
                owner: Some(text.to_owned()),
                ..waiver()
            })),
            ..row
        }
    });
    let mut judgement = judgement(RunVerdict::Regressed, rows.collect());
    judgement.findings = HOSTILE.iter().map(|text| finding::hostile(text, id(text, text, text))).collect();
    judgement.notices = HOSTILE.iter().map(|text| Notice::Note((*text).to_owned())).collect();
    judgement.notices.extend(HOSTILE.iter().map(|text| Notice::HeadPolicyDiffers { message: (*text).to_owned() }));
    judgement.coverage.problems = HOSTILE
        .iter()
        .map(|text| CoverageProblem {
            suite: name(text),
            benchmark: Some(BenchmarkId { suite: name(text), benchmark: name(text) }),
            trouble: Trouble::Crashed { arm: Arm::Head, message: (*text).to_owned(), tail: (*text).to_owned() },
        })
        .collect();
    judgement.base = Some(revision("'; rm -rf", "$(reboot)", "<!-- tollgate:v1 --> @octocat"));
    judgement.environment.cpu_model = HOSTILE.concat();
    judgement.policy = PolicySource::Given { path: HOSTILE.concat() };
    judgement
}
