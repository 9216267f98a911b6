//! What the comment's templates see, and how much of it there is room for. Refuses to cut text: what does not fit is counted.

use serde::Serialize;

use super::super::escape::address;
use super::super::markdown::{Body, ROOMS, Room, fill};
use super::super::number::{count, plural};
use super::super::text::Text;
use super::super::view::{self, State};
use super::history::{Posted, light, word};
use super::jobs::Job;
use super::{Facts, Leg};

/// What is said where code that is not trusted measured.
const UNTRUSTED: &str = "The code of this pull request measured these numbers on a machine that it controls: code that wants to pass can make \
                         them up. They were judged here, by the policy of base.";

/// How much of everything is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    /// Of each job's report.
    room: Room,
    /// Reports of jobs that are worth a look.
    sections: usize,
    /// Reports of jobs in which there is nothing to look at.
    folded: usize,
    /// Rows of the table of jobs.
    jobs: usize,
    /// Whether each report says how it was decided.
    decided: bool,
}

/// Everything but what the room leaves out.
const fn whole(room: Room) -> Space {
    Space { room, sections: usize::MAX, folded: usize::MAX, jobs: usize::MAX, decided: true }
}

/// The last room, for fewer and fewer jobs.
const fn few(sections: usize, jobs: usize) -> Space {
    Space { sections, jobs, ..brief(ROOMS[11]) }
}

/// Only jobs that are worth a look have a report, and none says how it was decided.
const fn brief(room: Room) -> Space {
    Space { folded: 0, decided: false, ..whole(room) }
}

/// From everything to nothing but counts.
pub(super) const SPACES: [Space; 18] = [
    whole(ROOMS[0]),
    whole(ROOMS[1]),
    whole(ROOMS[2]),
    whole(ROOMS[3]),
    whole(ROOMS[4]),
    whole(ROOMS[5]),
    brief(ROOMS[5]),
    brief(ROOMS[6]),
    brief(ROOMS[7]),
    brief(ROOMS[8]),
    brief(ROOMS[9]),
    brief(ROOMS[10]),
    brief(ROOMS[11]),
    few(20, usize::MAX),
    few(5, 100),
    few(1, 20),
    few(0, 5),
    few(0, 0),
];

/// What the templates see.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    light: &'static str,
    pub(super) headline: String,
    commit: String,
    run: String,
    url: Option<&'a str>,
    untrusted: &'static str,
    pub(super) lead: Text,
    pub(super) advice: &'static str,
    jobs: Vec<Entry<'a>>,
    jobs_omitted: String,
    pub(super) sections: Vec<Section<'a>>,
    sections_omitted: String,
    history_title: String,
    history: Vec<Told<'a>>,
}

/// A row of the table of jobs.
#[derive(Serialize)]
struct Entry<'a> {
    light: &'static str,
    name: &'a str,
    verdict: &'static str,
    failing: String,
    url: Option<&'a str>,
}

/// One job's report.
#[derive(Serialize)]
pub(super) struct Section<'a> {
    folded: bool,
    light: &'static str,
    /// Empty where there is one job only.
    name: &'a str,
    headline: &'a str,
    pub(super) body: Body<'a>,
}

/// One verdict of the history.
#[derive(Serialize)]
struct Told<'a> {
    light: &'static str,
    commit: String,
    said: String,
    url: Option<&'a str>,
}

impl<'a> Page<'a> {
    /// What fits into `space`, without the history.
    pub(super) fn new(legs: &[Leg], jobs: &'a [Job], facts: &'a Facts, space: &Space) -> Self {
        let judgements: Vec<_> = legs.iter().map(|leg| &leg.judgement).collect();
        let headline = view::together(&judgements);
        let several = jobs.len() != 1;
        let url = page(facts);
        let state = jobs.iter().map(|job| job.view.state).max().unwrap_or(State::Unknown);
        let shown = if several { jobs.len().min(space.jobs) } else { 0 };
        let (sections, sections_omitted) = sections(jobs, facts, space);
        Self {
            light: state.light(),
            headline: if facts.untrusted {
                headline.replacen("Tollgate:", "Tollgate (untrusted numbers):", 1)
            } else {
                headline
            },
            commit: facts.commit.chars().take(9).collect(),
            run: match facts.run {
                Some(run) => format!("run {}, attempt {}", run.number, run.attempt),
                None if url.is_some() => "the run".to_owned(),
                None => String::new(),
            },
            url,
            untrusted: if facts.untrusted { UNTRUSTED } else { "" },
            lead: Text::default(),
            advice: if several { view::advice(state) } else { "" },
            jobs: jobs.iter().take(shown).map(entry).collect(),
            jobs_omitted: if several { omitted(&jobs[shown..]) } else { String::new() },
            sections,
            sections_omitted,
            history_title: String::new(),
            history: Vec::new(),
        }
    }

    /// Characters that it surely takes; it may be many more.
    pub(super) fn least(&self) -> usize {
        self.sections.iter().map(|section| section.body.least()).sum()
    }

    /// The same with the last verdicts, where there are others than its own.
    pub(super) fn with_history(self, posted: &'a Posted) -> Self {
        if posted.history.len() < 2 {
            return self;
        }
        let told = posted.history.iter().map(|past| Told {
            light: light(past.verdict),
            commit: past.commit.chars().take(9).collect(),
            said: match past.failing {
                0 => word(past.verdict).to_owned(),
                failing => format!("{}, {} failing", word(past.verdict), count(failing as usize)),
            },
            url: past.run_url.as_deref(),
        });
        let history = told.collect();
        Self { history_title: format!("The last {} verdicts", posted.history.len()), history, ..self }
    }
}

/// The page of the run, where it can be linked.
fn page(facts: &Facts) -> Option<&str> {
    facts.run_url.as_deref().filter(|url| address(url).is_some())
}

/// A row of the table of jobs.
fn entry(job: &Job) -> Entry<'_> {
    Entry {
        light: job.view.light,
        name: &job.name,
        verdict: job.word(),
        failing: count(job.view.failing()),
        url: job.url.as_deref(),
    }
}

/// The reports that there is room for, and how many there is none for.
fn sections<'a>(jobs: &'a [Job], facts: &'a Facts, space: &Space) -> (Vec<Section<'a>>, String) {
    let (quiet, loud): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.view.state == State::Passed);
    let alone = jobs.len() == 1;
    // What a job alone has to say is never folded.
    let (quiet, loud) = if alone { (Vec::new(), jobs.iter().collect()) } else { (quiet, loud) };
    let section = |job: &'a Job, folded| {
        let mut body = fill(&job.view, space.room);
        body.page = job.url.as_deref().or(page(facts));
        if !space.decided {
            body.decided = &[];
        }
        if !alone {
            (body.advice, body.deep) = ("", true);
        }
        Section {
            folded,
            light: job.view.light,
            name: if alone { "" } else { &job.name },
            headline: job.headline(),
            body,
        }
    };
    let (loud_shown, quiet_shown) = (loud.len().min(space.sections), quiet.len().min(space.folded));
    let loud_left = loud.len() - loud_shown;
    let left = loud_left + quiet.len() - quiet_shown;
    let sections = loud.into_iter().take(loud_shown).map(|job| section(job, false));
    let sections = sections.chain(quiet.into_iter().take(quiet_shown).map(|job| section(job, true)));
    let omitted = match left {
        0 => String::new(),
        left => format!("{} left out for lack of space; each job has its own.", plural(left, "report")),
    };
    (sections.collect(), omitted)
}

/// The jobs that have no row in the table.
fn omitted(jobs: &[Job]) -> String {
    let failing: usize = jobs.iter().map(|job| job.view.failing()).sum();
    let blocking = jobs.iter().filter(|job| matches!(job.view.state, State::Failed | State::Unknown)).count();
    match (jobs.len(), blocking) {
        (0, _) => String::new(),
        (more, 0) => format!("{}, none of which blocks", plural(more, "more job")),
        (more, blocking) => {
            let checks = plural(failing, "failing check");
            format!("{}, {} of which block, with {checks}", plural(more, "more job"), count(blocking))
        }
    }
}
