//! Stored times that stand in for base: only where they can, and never in silence.

use std::path::Path;

use tollgate::baseline::{parse, save};

use super::project::Project;

/// 19 stored runs are enough for a rate of 5 %.
const GATE: &str = "[gate]\nfalse-alarm-rate = \"5 %\"\n";

/// Stores one run, and as many more like it as `runs` says, each a little off; on base.
fn stored(project: &Project, runs: i64) {
    let updated = project.repo.tollgate(&["baseline", "update"]);
    assert_eq!(updated.status, 0, "{}", updated.stderr);
    let written = updated.stdout.lines().next().expect("the file is named").to_owned();
    let mut file = parse(project.repo.read(&written).as_bytes(), &written).expect("it is whole");
    let first = file.runs[0].clone();
    for number in 1..runs {
        let mut run = first.clone();
        run.taken_at_s += number;
        let factor = 1.0 + 0.001 * f64::from(i32::try_from(number * 5 % 7).expect("small") - 3);
        for value in run.series.values_mut().flat_map(|series| &mut series.statistics) {
            *value *= factor;
        }
        file.add(run);
    }
    save(&project.path("baselines"), &file).expect("the disk is there");
    assert!(Path::new(&written).starts_with("baselines"));
    project.repo.commit("Store runs");
    project.land();
}

#[test]
fn few_stored_runs_do_not_stand_in_for_base_and_it_is_said_why() {
    let project = Project::with(GATE);
    stored(&project, 3);
    project.commit("README.md", "words");
    let listed = project.check(&["--list"]);
    listed.ends(0, &["core: base and head (rounds in pairs: 3 stored runs could only show +"]);
    let checked = project.check(&[]);
    checked.ends(
        0,
        &["core was judged by rounds of base and head, not by its stored runs: 3 stored runs could only show"],
    );
    assert_eq!(checked.judgement["promise"]["stored"], serde_json::Value::Null);
}

#[test]
fn enough_steady_stored_runs_stand_in_for_base_and_find_a_tenth() {
    let project = Project::with(GATE);
    stored(&project, 19);
    project.commit("README.md", "words");
    project.check(&["--list"]).ends(0, &["core: head (stored runs: they could show what must not slip through"]);
    let checked = project.check(&[]);
    let promise =
        "4 metrics judged by stored runs: at most 5 % of the time, if those runs and this one differ by chance alone";
    checked.ends(0, &["core was judged by stored runs: they could show", promise]);
    assert_eq!(checked.judgement["promise"]["stored"]["runs"], 19);
    project.change("benchmarks.txt", "search 300", "search 330");
    let slower = project.check(&[]);
    slower.ends(10, &["`core/search` is"]);
    assert_eq!(slower.rows(), ["search:time regressed fail-regressed"]);
}

#[test]
fn asked_for_few_stored_runs_say_what_more_of_them_would_show() {
    let project = Project::new();
    stored(&project, 3);
    project.commit("README.md", "words");
    let checked = project.check(&["--against", "baseline"]);
    checked.ends(
        0,
        &[
            "3 stored runs could only show a change of",
            "10 more runs on machines of this class would bring it to about",
        ],
    );
    let promise = "at most 25 % of the time, if those runs and this one differ by chance alone; 99 stored runs of each would make it 1 %";
    checked.ends(0, &[promise]);
}
