//! What a comment must know of itself the next time: its marker in the first line, the last verdicts hidden in the last. Refuses to believe what
//! it reads: every text in it is checked again, and what is not as written here is left out.

use serde::{Deserialize, Serialize};

use super::super::escape;
use super::{Facts, Leg, RunNumber, RunVerdict, digits, fingerprint, verdict};

/// How many verdicts are kept, the one of this comment among them.
const KEPT: usize = 5;
/// The longest last line that is written and read, in bytes.
const LINE_BYTES_MAX: usize = 2_048;
/// How the hidden line starts and ends.
const LINE: (&str, &str) = ("<!-- tollgate:past ", " -->");

/// One verdict that this comment has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The commit that was judged, as full lower-case hex.
    pub commit: String,
    /// The verdict over all jobs.
    pub verdict: RunVerdict,
    /// How many checks failed, over all jobs.
    pub failing: u32,
    /// The page of the run; the plain address of a page.
    pub run_url: Option<String>,
}

/// What a comment of ours says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The commit that it is about, as full lower-case hex.
    pub commit: String,
    /// The run that wrote it.
    pub run: Option<RunNumber>,
    /// The verdict over all jobs.
    pub verdict: RunVerdict,
    /// [`super::fingerprint`] of what it says.
    pub fingerprint: String,
    /// The last verdicts, oldest first, its own last. At most five.
    pub history: Vec<Past>,
}

/// The same as it is stored: `c` the commit, `r` number, attempt and id of the run, `f` the fingerprint, `h` the verdicts, its own last.
#[derive(Serialize, Deserialize)]
struct Stored {
    c: String,
    #[serde(default)]
    r: Option<(u64, u64, u64)>,
    f: String,
    h: Vec<(String, String, u32, Option<String>)>,
}

/// The first line of the comment of a key, by which it is found again: the key itself may hold anything, so that its hash stands there.
pub fn first_line(key: &str) -> String {
    format!("<!-- tollgate:v1 key={} -->", digits(key))
}

/// What a posted comment says about itself; `None` where it is no comment of ours, or was cut or edited beyond reading. Anybody may have written
/// the text: who did is for the caller to know.
pub fn read(body: &str) -> Option<Posted> {
    let key = body.lines().next()?.trim_end().strip_prefix("<!-- tollgate:v1 key=")?.strip_suffix(" -->")?;
    let hidden = body.lines().rev().map(str::trim_end).find(|line| line.starts_with(LINE.0))?;
    if !is_hex(key, 16) || hidden.len() > LINE_BYTES_MAX {
        return None;
    }
    let stored: Stored = serde_json::from_str(hidden.strip_prefix(LINE.0)?.strip_suffix(LINE.1)?).ok()?;
    let skipped = stored.h.len().saturating_sub(KEPT);
    let history: Vec<Past> = stored.h.into_iter().skip(skipped).filter_map(past).collect();
    let own = history.last().filter(|past| past.commit == stored.c)?;
    if !is_hex(&stored.f, 16) {
        return None;
    }
    Some(Posted {
        commit: stored.c,
        run: stored.r.map(|(number, attempt, id)| RunNumber { number, attempt, id }),
        verdict: own.verdict,
        fingerprint: stored.f,
        history,
    })
}

/// One stored verdict, where every part of it is what it should be.
fn past((commit, verdict, failing, run_url): (String, String, u32, Option<String>)) -> Option<Past> {
    (is_hex(&commit, 40) || is_hex(&commit, 64)).then_some(())?;
    let verdict = VERDICTS.into_iter().find(|known| word(*known) == verdict)?;
    Some(Past { commit, verdict, failing, run_url: run_url.as_deref().and_then(escape::address) })
}

/// What this comment is to know of itself. A verdict on the same commit replaces the older one: it was another attempt.
pub(super) fn now(legs: &[Leg], facts: &Facts, before: Option<&Posted>) -> Posted {
    let failing: usize =
        legs.iter().map(|leg| leg.judgement.rows.iter().filter(|row| row.outcome.fails()).count()).sum();
    let own = Past {
        commit: facts.commit.clone(),
        verdict: verdict(legs),
        failing: u32::try_from(failing).unwrap_or(u32::MAX),
        run_url: facts.run_url.as_deref().and_then(escape::address),
    };
    let earlier = before.iter().flat_map(|before| &before.history).filter(|past| past.commit != facts.commit);
    let mut history: Vec<Past> = earlier.cloned().chain([own]).collect();
    history.drain(..history.len().saturating_sub(KEPT));
    Posted {
        commit: facts.commit.clone(),
        run: facts.run,
        verdict: verdict(legs),
        fingerprint: fingerprint(legs),
        history,
    }
}

/// The hidden last line. Nothing in it can end it: commits and hashes are hex, verdicts words of ours, addresses have no `>`.
pub(super) fn last_line(posted: &Posted) -> String {
    let kept = |past: &Past| (past.commit.clone(), word(past.verdict).to_owned(), past.failing, past.run_url.clone());
    let mut stored = Stored {
        c: posted.commit.clone(),
        r: posted.run.map(|run| (run.number, run.attempt, run.id)),
        f: posted.fingerprint.clone(),
        h: posted.history.iter().map(kept).collect(),
    };
    loop {
        let json = serde_json::to_string(&stored).expect("numbers and texts are JSON");
        // A commit that is none would have been given by a caller; it must not end the line either.
        let line = format!("{}{}{}", LINE.0, json.replace('>', "\\u003e").replace('@', "\\u0040"), LINE.1);
        if line.len() <= LINE_BYTES_MAX || stored.h.len() <= 1 {
            return line;
        }
        stored.h.remove(0);
    }
}

/// Every verdict.
const VERDICTS: [RunVerdict; 8] = [
    RunVerdict::Pass,
    RunVerdict::Inconclusive,
    RunVerdict::NotComparable,
    RunVerdict::NotCovered,
    RunVerdict::Untrusted,
    RunVerdict::Broken,
    RunVerdict::OverBudget,
    RunVerdict::Regressed,
];

/// A verdict in the words of a table. Stored in comments: none may change.
pub(super) fn word(verdict: RunVerdict) -> &'static str {
    match verdict {
        RunVerdict::Pass => "passed",
        RunVerdict::Inconclusive => "inconclusive",
        RunVerdict::NotComparable => "not comparable",
        RunVerdict::NotCovered => "not covered",
        RunVerdict::Untrusted => "not to be trusted",
        RunVerdict::Broken => "broken",
        RunVerdict::OverBudget => "over budget",
        RunVerdict::Regressed => "regressed",
    }
}

/// A verdict as a symbol; never the only sign.
pub(super) fn light(verdict: RunVerdict) -> &'static str {
    match verdict {
        RunVerdict::Pass => "🟢",
        RunVerdict::Inconclusive
        | RunVerdict::NotComparable
        | RunVerdict::NotCovered
        | RunVerdict::Untrusted
        | RunVerdict::Broken => "🟠",
        RunVerdict::OverBudget | RunVerdict::Regressed => "🔴",
    }
}

/// Whether a text is so many digits of lower-case hex.
fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
