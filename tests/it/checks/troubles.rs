//! What breaks while measuring: the exit code says that it broke, the report says which command and its last words.

use super::project::{BENCH, Project};

#[test]
fn a_benchmark_that_crashes_in_head_breaks_the_run_and_shows_its_last_words() {
    let project = Project::new();
    project.commit("bench.sh", "echo reading 7 files\necho cannot open the index >&2\nexit 3\n");
    let checked = project.check(&[]);
    checked.ends(6, &["no verdict", "failed on head: run `sh bench.sh`", "3", "cannot open the index"]);
    assert!(project.report("report.md").contains("cannot open the index"));
    assert!(project.report("report.html").contains("cannot open the index"));
}

#[test]
fn a_benchmark_that_a_signal_ends_breaks_the_run() {
    let project = Project::new();
    project.commit("bench.sh", "kill -SEGV $$\n");
    project.check(&[]).ends(6, &["failed on head: run `sh bench.sh`", "signal 11"]);
}

#[test]
fn a_benchmark_that_crashes_in_base_alone_breaks_the_run_and_says_so() {
    let project = Project::new();
    project.commit("bench.sh", "exit 3\n");
    project.land();
    project.commit("bench.sh", BENCH);
    let checked = project.check(&[]);
    checked.ends(6, &["failed on base: run `sh bench.sh`", "0 benchmarks expected, 4 measured, 0 compared"]);
    assert!(!checked.stdout.contains("is new"), "whether it is new cannot be known");
    assert!(checked.rows().contains(&"parse:time not-comparable warn".to_owned()), "{:?}", checked.rows());
}

#[test]
fn a_benchmark_that_hangs_is_stopped_with_its_children() {
    let project = Project::new();
    project.change("tollgate.toml", "20 s", "200 ms");
    project.land();
    project.commit("bench.sh", "sleep 1000 &\n(sleep 1000 &)\nwait\n");
    project.check(&[]).ends(6, &["did not end within 1 s on head"]);
}

#[test]
fn a_benchmark_that_crashes_now_and_then_loses_its_rounds() {
    let project = Project::new();
    let flaky = BENCH.replace("echo $n > .round", "echo $n > .round\n[ $n = 2 ] && exit 9");
    project.commit("bench.sh", flaky);
    let checked = project.check(&[]);
    checked.ends(6, &["failed on head"]);
    // The other rounds are judged all the same.
    assert_eq!(checked.judgement["coverage"]["compared"], 4);
}

#[test]
fn a_base_that_does_not_build_is_said_and_budgets_are_judged_alone() {
    let budget = "[[budget]]\nbenchmark = \"core/write\"\nmetric = \"time\"\ncritical = \"350 ms\"\n";
    let project = Project::with(&format!("build = [\"sh\", \"build.sh\"]\n{budget}"));
    project.commit("build.sh", "echo no compiler >&2; exit 1");
    project.land();
    project.commit("build.sh", "true");
    let checked = project.check(&[]);
    checked.ends(11, &["could not be built on base", "no compiler", "over its critical budget of 350 ms"]);
    assert!(checked.rows().contains(&"parse:time not-comparable warn".to_owned()), "{:?}", checked.rows());

    project.change("benchmarks.txt", "write 400", "write 300");
    let checked = project.check(&[]);
    checked.ends(6, &["could not be built on base", "4 not comparable"]);
    assert!(!checked.stdout.contains("is new"), "whether it is new cannot be known");
}

#[test]
fn a_head_that_does_not_build_breaks_the_run() {
    let project = Project::with("build = [\"sh\", \"build.sh\"]\n");
    project.commit("build.sh", "true");
    project.land();
    project.commit("build.sh", "echo 'error: expected `;`' >&2; exit 101");
    let checked = project.check(&[]);
    checked.ends(6, &["could not be built on head", "sh build.sh", "error: expected `;`"]);
}

#[test]
fn output_that_is_no_result_breaks_the_run() {
    for text in
        ["hello", "{\"schema\": 1, \"benchmarks\": [", "{\"schema\": 2, \"benchmarks\": []}", "[1e999]", "", "[[[["]
    {
        let project = Project::new();
        project.commit("bench.sh", format!("printf '%s' '{text}'\n"));
        project.check(&[]).ends(6, &["failed on head: ", "`sh bench.sh`"]);
    }
}

#[test]
fn entries_that_are_not_understood_are_less_than_there_should_be_and_each_is_named() {
    let odd = [
        ("NaN", "the value `NaN` is not a number"),
        ("-5", "is not a measurement"),
        ("0", "is not a measurement"),
        ("1e300", "is not a measurement"),
        ("\"fast\"", "the value `fast` is not a number"),
        ("", "no samples"),
        ("null", "a value is not a number"),
    ];
    let entry = |(at, (samples, _)): (usize, &(&str, &str))| {
        format!("{{\"name\":\"odd{at}\",\"metrics\":[{{\"name\":\"time\",\"unit\":\"us\",\"samples\":[{samples}]}}]}},")
    };
    let entries: String = odd.iter().enumerate().map(entry).collect();
    let project = Project::new();
    project.commit("bench.sh", BENCH.replace("\"benchmarks\":[", &format!("\"benchmarks\":[{entries}")));
    let checked = project.check(&[]);
    checked.ends(4, &["no verdict", "not understood"]);
    let problems = checked.judgement["coverage"]["problems"].to_string();
    for (at, (_, reason)) in odd.iter().enumerate() {
        assert!(
            problems.contains(&format!("`odd{at}`, `time`: ")) && problems.contains(reason),
            "{reason}: {problems}"
        );
    }
    assert_eq!(checked.judgement["coverage"]["compared"], 4, "the others are judged all the same");
}

#[test]
fn an_entry_that_is_not_understood_is_shown_even_where_less_is_enough() {
    let project = Project::with("[gate]\nmissing = \"warn\"\n");
    project.commit("bench.sh", BENCH.replace("\"benchmarks\":[", "\"benchmarks\":[{\"name\":7},"));
    project.check(&[]).ends(0, &["not understood"]);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let project = Project::new();
    project.change("tollgate.toml", "\"sh\", \"bench.sh\"", "\"no-such-program\"");
    project.check(&[]).ends(6, &["no-such-program", "failed on head"]);
}
