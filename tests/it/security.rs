//! What a pull request may try: to move its own bar, or to write into the report through a name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tollgate::baseline::Taken;
use tollgate::git::Repository;
use tollgate::measure::bench::json;
use tollgate::measure::host;
use tollgate::measure::surroundings::Surroundings;
use tollgate::model::{Name, Run, Why};

use crate::checks::project::{CONFIG, Project};

/// A suite whose values are the same in every run.
const EXACT: &str = r#"
between=
printf '{"schema":1,"benchmarks":['
while read -r name value; do
  printf '%s{"name":"%s","metrics":[{"name":"allocations","unit":"count","better":"lower","exact":true,"samples":[%s]}]}' \
    "$between" "$name" "$value"
  between=,
done < benchmarks.txt
printf ']}'
"#;

const WAIVER: &str = "# reviewed\n\n[[waiver]]\nid = \"core/search:time\"\nceiling = \"+20 %\"\nuntil = \"2199-12-31\"\nreason = \"see #412\"\n";

/// A project in which the change makes one benchmark slower.
fn slower(config: &str) -> Project {
    let project = Project::with(config);
    project.change("benchmarks.txt", "search 300", "search 330");
    project
}

#[test]
fn a_change_that_raises_its_own_tolerance_still_fails() {
    let project = slower("");
    project.commit("tollgate.toml", format!("{CONFIG}[gate]\ntolerance = \"50 %\"\n"));
    let checked = project.check(&[]);
    checked.ends(10, &["`core/search` is", "head changes `tollgate.toml`", "judged by both"]);
    assert_eq!(checked.rows(), ["search:time regressed fail-regressed"]);
}

#[test]
fn a_change_that_makes_its_benchmarks_advisory_still_fails() {
    let project = slower("");
    project.commit("tollgate.toml", format!("{CONFIG}[[rule]]\nbenchmark = \"core/*\"\nseverity = \"ignored\"\n"));
    project.check(&[]).ends(10, &["head changes `tollgate.toml`"]);
}

#[test]
fn a_change_that_lowers_the_tolerance_is_judged_by_its_own_word_too() {
    let project = Project::with("[gate]\ntolerance = \"50 %\"\nmust-detect = \"80 %\"\n");
    project.change("benchmarks.txt", "search 300", "search 330");
    project.check(&[]).ends(0, &[]);
    project.commit("tollgate.toml", CONFIG);
    project.check(&[]).ends(10, &["Head's own policy would have judged otherwise"]);
}

#[test]
fn a_change_that_deletes_the_policy_gets_no_verdict() {
    let project = slower("");
    std::fs::remove_file(project.path("tollgate.toml")).expect("it is there");
    project.repo.commit("Delete the gate");
    project.check(&[]).ends(3, &["no verdict", "no tollgate.toml"]);
}

/// Stores what the program gives now, as its baseline.
fn store(project: &Project) {
    let results = project.repo.run(project.repo.command("sh", project.repo.root()).arg("bench.sh"));
    let suite = Name::new("core").expect("a name");
    let parsed = json::parse(results.stdout.as_bytes(), &suite, &BTreeMap::new()).expect("results");
    let repository = Repository::discover(project.repo.root()).expect("a repository");
    let head = repository.revision("HEAD").expect("a commit");
    let surroundings = Surroundings {
        tollgate: PathBuf::new(),
        environment: BTreeMap::new(),
        stop: tollgate::measure::stop::Stop::new(),
        delay: std::time::Duration::ZERO,
    };
    let mut run = Run::new(head, host::environment(&surroundings, project.repo.root()));
    for reading in parsed.readings {
        run.insert(reading.metric, 0, reading.sample);
    }
    let taken = Taken { at_s: 1_767_225_600, tollgate: "0.1.0".to_owned(), why: Why::Update };
    let folder = project.path("baselines");
    tollgate::baseline::accept(&folder, &suite, vec![tollgate::baseline::stored_run(&run, taken)], 20).expect("stored");
}

#[test]
fn a_change_that_edits_its_baseline_still_fails_and_the_report_says_so() {
    let project = Project::new();
    project.commit("bench.sh", EXACT);
    store(&project);
    project.repo.commit("Store a baseline");
    project.land();
    project.repo.branch("worse");
    project.change("benchmarks.txt", "search 300", "search 330");
    let honest = project.check(&[]);
    honest.ends(10, &["stored run", "`allocations`"]);
    assert_eq!(honest.rows(), ["search:allocations regressed fail-regressed"]);

    store(&project);
    project.repo.commit("Store the worse numbers");
    let checked = project.check(&[]);
    checked.ends(10, &["head changes `baselines/"]);
    assert_eq!(checked.rows(), honest.rows());
}

#[test]
fn a_change_that_waives_itself_still_fails() {
    let project = slower("");
    project.commit("tollgate-waivers.toml", WAIVER);
    project.check(&[]).ends(10, &["head changes `tollgate-waivers.toml`"]);
}

#[test]
fn a_waiver_on_base_covers_up_to_its_ceiling() {
    let project = Project::new();
    project.commit("tollgate-waivers.toml", WAIVER);
    project.land();
    project.change("benchmarks.txt", "search 300", "search 330");
    let checked = project.check(&[]);
    checked.ends(0, &["1 waived", "waived until 2199-12-31"]);
    assert!(checked.judgement["rows"].to_string().contains("see #412"), "the reason is in the judgement");
    assert_eq!(checked.rows(), ["search:time regressed waived"]);

    project.change("benchmarks.txt", "search 330", "search 400");
    project.check(&[]).ends(10, &["worse than its waiver allows"]);
}

#[test]
fn an_expired_waiver_covers_nothing_and_is_named() {
    let project = Project::new();
    project.commit("tollgate-waivers.toml", WAIVER.replace("2199", "2020"));
    project.land();
    project.commit("README.md", "words");
    project.check(&[]).ends(0, &["(line 3 of tollgate-waivers.toml) expired after 2020-12-31"]);
    project.change("benchmarks.txt", "search 300", "search 330");
    project.check(&[]).ends(10, &["its waiver expired after 2020-12-31", "line 3 of"]);
}

#[test]
fn a_waiver_that_names_nothing_is_shown_with_its_line() {
    let project = Project::new();
    project.commit("tollgate-waivers.toml", WAIVER.replace("search", "gone"));
    project.land();
    project.commit("README.md", "words");
    project.check(&[]).ends(0, &["The waiver for `core/gone:time` (line 3 of `tollgate-waivers.toml`)"]);
}

#[test]
fn a_change_of_the_suites_command_is_marked() {
    let project = slower("");
    project.change("tollgate.toml", "[\"sh\", \"bench.sh\"]", "[\"sh\", \"-e\", \"bench.sh\"]");
    project.check(&[]).ends(10, &["Suite `core` is defined differently in head; each side ran its own definition."]);
}

#[test]
fn the_first_change_with_a_config_is_judged_by_it_and_base_runs_its_suites() {
    let project = Project::new();
    let config = project.repo.read("tollgate.toml");
    std::fs::remove_file(project.path("tollgate.toml")).expect("it is there");
    project.repo.commit("Before the gate");
    project.land();
    project.commit("tollgate.toml", config);
    project.check(&[]).ends(0, &["no regressions", "from head: base has none", "4 benchmarks expected, 4 measured"]);
    project.change("benchmarks.txt", "search 300", "search 360");
    project.check(&[]).ends(10, &["`core/search` is", "from head: base has none"]);
}

#[test]
fn the_first_change_with_a_program_to_measure_has_nothing_to_compare_with() {
    let project = Project::new();
    let [config, bench] = ["tollgate.toml", "bench.sh"].map(|name| {
        let text = project.repo.read(name);
        std::fs::remove_file(project.path(name)).expect("it is there");
        text
    });
    project.repo.commit("Before the gate");
    project.land();
    project.repo.write("bench.sh", bench);
    project.commit("tollgate.toml", config);
    project.check(&[]).ends(6, &["no verdict", "from head: base has none", "bench.sh"]);
}

#[test]
fn a_policy_of_base_that_cannot_be_read_is_said() {
    let project = Project::new();
    project.commit("tollgate.toml", "[gate");
    project.land();
    project.commit("tollgate.toml", CONFIG);
    project.check(&[]).ends(0, &["base's policy cannot be read, so head's is used", "from head"]);
}

/// Names that try each way out of a cell, a line, a quotation or a workflow command.
const HOSTILE: &[&str] = &[
    r"a|b",
    r"line\nfeed ::error::owned",
    r"@everyone #1",
    r"<script>alert(1)</script>",
    r"<img src=x onerror=alert(1)>",
    r"![x](https://evil.example/x.png)",
    r"[y](javascript:alert(1))",
    r"https://evil.example/z",
    r"\u001b[2J\u001b]0;owned\u0007",
    r"bidi \u202e\u2066",
    r"back`tick``s",
    r"::set-output name=x::y",
    r"]]>&amp;\u0000x",
    r"{{#each rows}}{{this}}{{/each}}",
    r"--> <!-- tollgate -->",
];

/// A program that prints a benchmark of each hostile name; of one of 600 characters too.
fn hostile_program(value: u32) -> String {
    let mut names: Vec<String> = HOSTILE.iter().map(|name| (*name).to_owned()).collect();
    names.push("x".repeat(600));
    let entry = |name: &String| {
        format!(
            r#"{{"name":"{name}","metrics":[{{"name":"{name}","unit":"B","better":"lower","exact":true,"samples":[{value}]}}]}}"#
        )
    };
    let entries: Vec<String> = names.iter().map(entry).collect();
    format!("cat <<'END'\n{{\"schema\":1,\"benchmarks\":[{}]}}\nEND\n", entries.join(","))
}

#[test]
fn hostile_names_reach_no_report_as_markup() {
    let project = Project::with("[gate]\nmissing = \"warn\"\n");
    project.commit("bench.sh", hostile_program(1000));
    project.land();
    project.commit("bench.sh", hostile_program(2000));
    let summary = project.repo.around().join("summary.md");
    let ci = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_STEP_SUMMARY", summary.to_str().expect("a plain path")),
    ];
    let checked = project.check_with(&["--base", "main"], &ci);
    checked.ends(10, &["regressions"]);

    let markdown = project.report("report.md");
    assert!(markdown.contains(&std::fs::read_to_string(&summary).expect("the summary is written")));
    for (report, text) in [
        ("report.md", markdown),
        ("report.html", project.report("report.html")),
        ("junit.xml", project.report("junit.xml")),
        ("stdout", checked.stdout.clone()),
        ("stderr", checked.stderr.clone()),
    ] {
        for raw in ['\u{1b}', '\u{7}', '\u{202e}', '\u{2066}', '\0'] {
            assert!(!text.contains(raw), "{report} holds {raw:?}");
        }
        let markup = report.starts_with("report") || report == "junit.xml";
        for active in ["<script>alert", "<img src=x", "<!-- tollgate -->"] {
            assert!(!markup || !text.contains(active), "{report} holds {active}");
        }
    }
    for line in checked.stdout.lines().filter(|line| line.trim_start().starts_with("::")) {
        let between = line.starts_with("::stop-commands::tollgate-") || line.starts_with("::tollgate-");
        let ours =
            between || line.starts_with("::error title=PERF-") || line.starts_with("::error title=Tollgate::and ");
        let ours = ours || line.starts_with("::error title=Not measured::") || line.starts_with("::warning title=");
        assert!(ours, "a workflow command that is not ours: {line}");
    }
    xml_is_whole(&project.report("junit.xml"));
}

/// Requires that every element that is opened is closed: a name that closes one would show.
fn xml_is_whole(text: &str) {
    let opened = text.matches("<testcase").count();
    let closed = text.matches("</testcase>").count()
        + text.lines().filter(|l| l.contains("<testcase") && l.trim_end().ends_with("/>")).count();
    assert_eq!(opened, closed, "{text}");
}

#[test]
fn what_a_benchmark_prints_cannot_command_the_workflow() {
    let project = Project::new();
    project.commit(
        "bench.sh",
        "echo '::error::owned'; echo '::stop-commands::x' >&2; printf '\\r::add-mask::y\\n'; exit 1",
    );
    let ci = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push")];
    let checked = project.check_with(&["--base", "main"], &ci);
    checked.ends(6, &["::error title=Not measured::Suite"]);
    for line in format!("{}{}", checked.stdout, checked.stderr).split(['\n', '\r']) {
        let theirs =
            ["::error::owned", "::stop-commands::x", "::add-mask"].iter().any(|it| line.trim_start().starts_with(it));
        assert!(!theirs, "a workflow command that is not ours: {line}");
    }
}
