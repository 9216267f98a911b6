//! The jobs of one commit, worst first, each with a name of its own. Refuses to know how they are shown.

use std::collections::BTreeSet;

use super::super::escape::{address, pasteable, shorten, visible};
use super::super::view::View;
use super::history::word;
use super::{Facts, Leg, RunVerdict};

/// The most characters of a job's name that are shown: a table of many jobs must fit.
const NAME_SHOWN_MAX: usize = 60;

/// One job's report, in words.
pub(super) struct Job {
    /// Its name, unlike that of any other job. Foreign text, visible and short.
    pub(super) name: String,
    /// Which of the legs it is.
    pub(super) leg: usize,
    /// Its report.
    pub(super) view: View,
    /// Its verdict.
    pub(super) verdict: RunVerdict,
    /// Its page.
    pub(super) url: Option<String>,
}

impl Job {
    /// Its headline without the name of this program.
    pub(super) fn headline(&self) -> &str {
        self.view.headline.strip_prefix("Tollgate: ").unwrap_or(&self.view.headline)
    }

    /// Its verdict in a word.
    pub(super) fn word(&self) -> &'static str {
        word(self.verdict)
    }
}

/// The jobs, worst first.
pub(super) fn all(legs: &[Leg], facts: &Facts) -> Vec<Job> {
    let mut taken = BTreeSet::new();
    let mut jobs: Vec<Job> = legs
        .iter()
        .enumerate()
        .map(|(at, leg)| {
            let mut view = View::of(&leg.judgement);
            if facts.commands {
                name_the_command(&mut view, facts);
            }
            Job {
                name: unlike(&mut taken, &leg.name),
                leg: at,
                view,
                verdict: leg.judgement.verdict,
                url: leg.run_url.as_deref().and_then(address),
            }
        })
        .collect();
    jobs.sort_by(|a, b| {
        let severity = |job: &Job| (job.view.state, job.verdict, job.view.failing());
        severity(b).cmp(&severity(a)).then_with(|| a.name.cmp(&b.name))
    });
    jobs
}

/// A name that no other job has: the second `linux` is `linux (2)`.
fn unlike(taken: &mut BTreeSet<String>, name: &str) -> String {
    let name = shorten(visible(name).trim(), NAME_SHOWN_MAX);
    let name = if name.is_empty() { "job".to_owned() } else { name };
    let numbered = (2_u64..).map(|number| format!("{name} ({number})"));
    let free = [name.clone()].into_iter().chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name);
    taken.insert(free.clone());
    free
}

/// Adds to each failing row the comment that waives it, where it can be pasted.
fn name_the_command(view: &mut View, facts: &Facts) {
    let commit: String = facts.commit.chars().take(9).collect();
    for finding in &mut view.findings {
        let words = finding.failing.iter().filter_map(|id| word_of(id));
        finding.waive = words.map(|word| format!("/tollgate waive {commit} {word} REASON")).collect();
    }
}

/// A metric as one word of a comment, which no sign escapes; `None` where it cannot be pasted.
fn word_of(id: &str) -> Option<String> {
    let plain = !id.contains(' ') && !id.starts_with(['\'', '"', '`']);
    let quoted = ['\'', '"'].into_iter().find(|mark| !id.contains(*mark)).map(|mark| format!("{mark}{id}{mark}"));
    if plain { Some(id.to_owned()) } else { quoted }.filter(|_| pasteable(id))
}
