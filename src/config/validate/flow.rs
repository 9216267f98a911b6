//! Flows and their steps: names, order and bounds. Refuses to know what a request holds (`request`).

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::at::At;
use crate::config::human;
use crate::config::problem::quoted;
use crate::config::scenario::{DataFile, Flow, Step};
use crate::config::wire::{self, OneOrMany};
use crate::model::Name;
use crate::model::load::{ALL_REQUESTS, STAGE, TARGET};

use super::Reader;
use super::selector::check_repeated;

const FLOWS_MAX: usize = 50;
const STEPS_MAX: usize = 200;

/// The values that a template may name.
pub(super) struct Known {
    /// Whether there is a data file, whose columns are not known here.
    pub(super) data: bool,
    /// What earlier steps extract.
    pub(super) extracted: BTreeSet<String>,
}

/// A pause, from the least to the most.
type Pause = (Duration, Duration);

impl Reader<'_, '_> {
    /// What is sent: the flows, or the one request that stands in the scenario itself.
    pub(super) fn flows(&mut self, name: &At<String>, scenario: &mut wire::Scenario) -> Option<Vec<Flow>> {
        let pause = self.pause(scenario.think_time.as_ref()).unwrap_or_default();
        if scenario.flow.is_empty() {
            let step = At { value: one_request(scenario), span: name.span.clone() };
            let flow = wire::Flow { name: None, weight: None, data: scenario.data.take(), step: vec![step] };
            return Some(vec![self.flow(0, &At { value: flow, span: name.span.clone() }, pause)?]);
        }
        for (key, span) in keys_of_one_request(scenario) {
            let help = "write it into a `[[scenario.….flow.step]]`, `data` into its flow".to_owned();
            let message = format!("`{key}` belongs to a scenario of one request, and this one has flows");
            self.problems.add(&span, message, Some(help));
        }
        let steps: usize = scenario.flow.iter().map(|flow| flow.value.step.len()).sum();
        if scenario.flow.len() > FLOWS_MAX || steps > STEPS_MAX {
            let message =
                format!("{} flows of {steps} steps are more than {FLOWS_MAX} or {STEPS_MAX}", scenario.flow.len());
            self.problems.add(&name.span, message, None);
            return None;
        }
        let read: Vec<Option<Flow>> =
            scenario.flow.iter().enumerate().map(|(index, flow)| self.flow(index, flow, pause)).collect();
        let flows: Vec<Flow> = read.into_iter().collect::<Option<_>>()?;
        let names = flows
            .iter()
            .zip(&scenario.flow)
            .map(|(flow, at)| (format!("a flow {}", quoted(flow.name.as_str())), &at.span));
        check_repeated(names, self.problems);
        let spans = scenario.flow.iter().flat_map(|flow| flow.value.step.iter().map(|step| &step.span));
        let steps = flows.iter().flat_map(|flow| &flow.steps).zip(spans);
        let names = steps.map(|(step, span)| (format!("a step {}", quoted(step.name.as_str())), span));
        check_repeated(names, self.problems);
        Some(flows)
    }

    fn flow(&mut self, index: usize, At { value: flow, span }: &At<wire::Flow>, pause: Pause) -> Option<Flow> {
        let name = match &flow.name {
            Some(name) => self.name_of(&name.value, &name.span, "a flow"),
            None => Name::new(format!("flow {}", index + 1)).ok(),
        };
        let data = match &flow.data {
            Some(path) => self.data(path).map(Some),
            None => Some(None),
        };
        if flow.step.is_empty() {
            self.problems.add(span, "a flow without a step", None);
        }
        let mut known = Known { data: flow.data.is_some(), extracted: BTreeSet::new() };
        let mut steps = Vec::new();
        for step in &flow.step {
            steps.push(self.step(step, &known, pause));
            known.extracted.extend(step.value.extract.keys().map(|name| name.value.clone()));
        }
        let steps = steps.into_iter().collect::<Option<Vec<Step>>>();
        Some(Flow { name: name?, weight: flow.weight.unwrap_or(1), data: data?, steps: steps? })
    }

    fn data(&mut self, path: &At<String>) -> Option<DataFile> {
        let read = self.path(path)?;
        if read.extension().is_some_and(|ending| ending == "csv" || ending == "json") {
            return Some(DataFile { path: read });
        }
        let help = "a `.csv` file with a header, or a `.json` file with a list of tables".to_owned();
        self.problems.add(&path.span, format!("{} is no file of values", quoted(&path.value)), Some(help));
        None
    }

    fn step(&mut self, At { value: step, span }: &At<wire::Step>, known: &Known, pause: Pause) -> Option<Step> {
        let method = step.method.as_ref().map_or(Some("GET".to_owned()), |method| self.method(method));
        let path = step.path.as_ref().map_or(Some("/".to_owned()), |path| self.request_path(path, known));
        let mut headers = self.headers(&step.headers, known);
        let body = self.body(step, &mut headers, known);
        let credentials = match (&step.basic, &step.bearer_variable) {
            (None, None) => Some(None),
            _ => self.credentials(step.basic.as_ref(), step.bearer_variable.as_ref()).map(Some),
        };
        let extract = self.extracts(&step.extract);
        let checks = step.check.as_ref().map_or(Some(Vec::new()), |check| self.checks(check));
        let think_time = step.think_time.as_ref().map_or(Some(pause), |pause| self.pause(Some(pause)));
        let timeout = self.human(step.timeout.as_ref(), human::duration);
        let name = match (&step.name, &method, &path) {
            (Some(name), ..) => self.name_of(&name.value, &name.span, "a step"),
            (None, Some(method), Some(path)) => self.name_of(&format!("{method} {path}"), span, "a step"),
            (None, ..) => None,
        };
        Some(Step {
            name: name?,
            method: method?,
            path: path?,
            headers,
            body: body?,
            credentials: credentials?,
            extract,
            checks: checks?,
            redirects: step.redirects.as_ref().map_or(0, |redirects| redirects.value),
            think_time: think_time?,
            timeout,
        })
    }

    /// A name that no benchmark of Tollgate's own has.
    fn name_of(&mut self, text: &str, span: &Range<usize>, what: &str) -> Option<Name> {
        let message = match Name::new(text) {
            Ok(_) if text == ALL_REQUESTS || text.starts_with(STAGE) || text.starts_with(TARGET) => {
                format!("{} is what Tollgate calls a row of its own", quoted(text))
            }
            Ok(_) if text.contains(char::is_control) => format!("the name of {what} holds a control character"),
            Ok(name) => return Some(name),
            Err(error) => format!("not a name for {what}: {error}"),
        };
        self.problems.add(span, message, Some("write a `name` of its own".to_owned()));
        None
    }

    /// A pause: one time, or the least and the most.
    fn pause(&mut self, text: Option<&At<OneOrMany>>) -> Option<Pause> {
        let At { value, span } = text?;
        let texts = match value {
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        };
        let mut time = |text: &String| self.human(Some(&At { value: text.clone(), span: span.clone() }), human::pause);
        let (least, most) = match texts {
            [one] => {
                let time = time(one)?;
                (time, time)
            }
            [least, most] => (time(least)?, time(most)?),
            _ => (Duration::MAX, Duration::ZERO),
        };
        if least > most {
            let help = "one time, or the least and the most, as in `[\"500 ms\", \"2 s\"]`".to_owned();
            self.problems.add(span, "not a pause", Some(help));
            return None;
        }
        Some((least, most))
    }

    /// A file below the root, as it stands inside an untagged table.
    pub(super) fn file(&mut self, path: &str, span: &Range<usize>) -> Option<PathBuf> {
        self.path(&At { value: path.to_owned(), span: span.clone() })
    }
}

/// The one request of a scenario without flows.
fn one_request(scenario: &mut wire::Scenario) -> wire::Step {
    wire::Step {
        method: scenario.method.take(),
        path: scenario.path.take(),
        headers: std::mem::take(&mut scenario.headers),
        body: scenario.body.take(),
        json: scenario.json.take(),
        file: scenario.file.take(),
        form: std::mem::take(&mut scenario.form),
        basic: scenario.basic.take(),
        bearer_variable: scenario.bearer_variable.take(),
        check: scenario.check.take(),
        redirects: scenario.redirects.take(),
        ..wire::Step::default()
    }
}

/// The keys of the one request that a scenario with flows has all the same, and where.
fn keys_of_one_request(scenario: &wire::Scenario) -> Vec<(&'static str, Range<usize>)> {
    let texts = [
        ("method", &scenario.method),
        ("path", &scenario.path),
        ("body", &scenario.body),
        ("file", &scenario.file),
        ("bearer-variable", &scenario.bearer_variable),
        ("data", &scenario.data),
    ];
    let texts = texts.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?.span.clone())));
    let others = [
        ("json", scenario.json.as_ref().map(|at| &at.span)),
        ("basic", scenario.basic.as_ref().map(|at| &at.span)),
        ("check", scenario.check.as_ref().map(|at| &at.span)),
        ("redirects", scenario.redirects.as_ref().map(|at| &at.span)),
        ("headers", scenario.headers.keys().next().map(|at| &at.span)),
        ("form", scenario.form.keys().next().map(|at| &at.span)),
    ];
    texts.chain(others.into_iter().filter_map(|(key, span)| Some((key, span?.clone())))).collect()
}
