//! A config is read in full or refused with everything that is wrong with it, each problem with its place.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use serde_json::Value;
use tollgate::config::{Adapter, Config, ResultSource, parse_waivers, schema, waiver_entry};

fn refused(text: &str) -> String {
    Config::parse(text, "tollgate.toml").unwrap_err().to_string()
}

fn check(text: &str) -> Config {
    Config::parse(text, "tollgate.toml").unwrap_or_else(|error| panic!("{error}"))
}

const EVERYTHING: &str = r#"
[gate]
base = "origin/main"
anchor = "v1.0"
against = "base"
tolerance = "2 %"
must-detect = "5 %"
floor = ["50 ns", "1 KiB"]
false-alarm-rate = "5 %"
time-limit = "5 min"
max-rounds = 60
inconclusive = "fail"
missing = "warn"

[suite.core]
adapter = "criterion"
directory = "crates/core"
package = "x"
benches = ["a"]
features = ["f"]
warm-up = "50 ms"
measurement = "200 ms"
sample-size = 50
filter = "parse/*"
timeout = "10 min"
environment = { K = "V" }
sources = ["benches/**"]

[suite.cli]
adapter = "command"
build = ["cargo", "build"]
run = ["target/release/x", "--n", "{size}", "{{literal}}"]
prepare = ["sync"]
warm-up-runs = 1
runs = 3
parameters = { size = ["10", "100"] }
expect-status = 0

[suite.custom]
adapter = "json"
run = ["./bench", "--out", "{output}"]
better = { "req/s" = "higher" }

[suite.file]
adapter = "json"
build = [["make"], ["make", "data"]]
run = ["./bench"]
results = "out/results.json"

[[rule]]
benchmark = "core/parse/*"
metric = "time"
tolerance = "3 %"
must-detect = "8 %"
floor = "50 ns"
direction = "lower"
severity = "advisory"
owner = "@alice"

[[budget]]
benchmark = "cli/*"
metric = "peak-rss"
target = "32 MiB"
warning = "48 MiB"
critical = "64 MiB"

[[budget]]
metric = "throughput"
target = "1000 /s"
critical = "500 /s"
"#;

#[test]
fn every_key_is_read_into_base_units() {
    let config = check(EVERYTHING);
    let names: Vec<&str> = config.suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(names, ["cli", "core", "custom", "file"]);
    assert_eq!(config.suites[0].build, [["cargo", "build"]]);
    assert_eq!(config.suites[3].build.len(), 2);
    let sources: Vec<&ResultSource> = config
        .suites
        .iter()
        .filter_map(|suite| match &suite.adapter {
            Adapter::Json(json) => Some(&json.results),
            Adapter::Criterion(_) | Adapter::Command(_) => None,
        })
        .collect();
    assert_eq!(sources, [&ResultSource::OutputArgument, &ResultSource::File("out/results.json".into())]);
    let gate = &config.policy.gate;
    assert_eq!((gate.tolerance_ratio, gate.time_limit.as_secs(), gate.rounds_max), (Some(0.02), 300, 60));
    assert_eq!(config.policy.budgets[0].budget.critical, Some(67_108_864.0));
    assert_eq!(config.policy.rules.len(), 1);
}

#[test]
fn broken_syntax_is_shown_with_a_caret() {
    insta::assert_snapshot!(refused("[gate]\nbase = \"origin/main\nmissing = fail\n"), @r#"
        2 problems in tollgate.toml

        tollgate.toml:2:20: not TOML: invalid basic string, expected `"`
          |
        2 | base = "origin/main
          |                    ^

        tollgate.toml:3:11: not TOML: invalid boolean, expected `false`
          |
        3 | missing = fail
          |           ^^^^
        "#);
}

#[test]
fn a_key_that_is_written_twice_is_shown_beside_other_problems() {
    insta::assert_snapshot!(refused("[gate]\nbase = 'main'\nbase = 'trunk'\nmax-rounds = 5\n[gate]\n"), @r"
        3 problems in tollgate.toml

        tollgate.toml:3:1: `base` is written twice
          |
        3 | base = 'trunk'
          | ^^^^
          = help: keep one of the two

        tollgate.toml:4:14: `max-rounds` must be from 10 to 500
          |
        4 | max-rounds = 5
          |              ^

        tollgate.toml:5:2: `gate` is written twice
          |
        5 | [gate]
          |  ^^^^
          = help: keep one of the two
        ");
}

#[test]
fn an_unknown_key_is_refused_at_every_level() {
    insta::assert_snapshot!(
        refused("gat = 1\n[gate]\ntolerence = '2 %'\n[suite.core]\nadapter = 'criterion'\nbench = ['a']\n[[rule]]\nseverety = 'ignored'\n"),
        @r"
        4 problems in tollgate.toml

        tollgate.toml:1:1: `gat` is not a key of the top level
          |
        1 | gat = 1
          | ^^^
          = help: did you mean `gate`?

        tollgate.toml:3:1: `tolerence` is not a key of `[gate]`
          |
        3 | tolerence = '2 %'
          | ^^^^^^^^^
          = help: did you mean `tolerance`?

        tollgate.toml:6:1: `bench` is not a key of `[suite.core]`
          |
        6 | bench = ['a']
          | ^^^^^
          = help: did you mean `benches`?

        tollgate.toml:8:1: `severety` is not a key of `[[rule]]`
          |
        8 | severety = 'ignored'
          | ^^^^^^^^
          = help: did you mean `severity`?
        "
    );
}

#[test]
fn a_key_of_another_adapter_says_whose_it_is() {
    insta::assert_snapshot!(
        refused("[suite.core]\nadapter = 'criterion'\nruns = 3\nrun = ['x']\n"),
        @r"
        2 problems in tollgate.toml

        tollgate.toml:3:1: `runs` is not a key of `[suite.core]`
          |
        3 | runs = 3
          | ^^^^
          = help: it belongs to the adapter `command`

        tollgate.toml:4:1: `run` is not a key of `[suite.core]`
          |
        4 | run = ['x']
          | ^^^
          = help: it belongs to the adapter `command` and `json`
        "
    );
}

#[test]
fn a_wrong_type_is_shown_with_an_example() {
    insta::assert_snapshot!(
        refused("[gate]\ntolerance = 0.02\nmax-rounds = 'many'\nfloor = 3\n[suite.cli]\nadapter = 'command'\nrun = 'make bench'\nbuild = 'make'\nexpect-status = 300\nparameters = { n = [1] }\n"),
        @r#"
        7 problems in tollgate.toml

        tollgate.toml:2:13: `tolerance` must be a string, not a number
          |
        2 | tolerance = 0.02
          |             ^^^^
          = help: write it as in `"2 %"`

        tollgate.toml:3:14: `max-rounds` must be a whole number, not a string
          |
        3 | max-rounds = 'many'
          |              ^^^^^^

        tollgate.toml:4:9: `floor` must be a string or a list of strings
          |
        4 | floor = 3
          |         ^

        tollgate.toml:7:7: `run` must be a list of strings, not a string
          |
        7 | run = 'make bench'
          |       ^^^^^^^^^^^^

        tollgate.toml:8:9: `build` must be a list of strings or a list of lists of strings
          |
        8 | build = 'make'
          |         ^^^^^^

        tollgate.toml:9:17: `expect-status` must be from 0 to 255
          |
        9 | expect-status = 300
          |                 ^^^

        tollgate.toml:10:21: an item of `n` must be a string, not a whole number
           |
        10 | parameters = { n = [1] }
           |                     ^
        "#
    );
}

#[test]
fn a_missing_key_is_shown_at_its_table() {
    insta::assert_snapshot!(
        refused("[suite.a]\nrun = ['x']\n\n[suite.b]\nadapter = 'command'\n[[budget]]\nmetric = 'time'\n"),
        @r"
        3 problems in tollgate.toml

        tollgate.toml:1:1: `[suite.a]` lacks `adapter`
          |
        1 | [suite.a]
          | ^^^^^^^^^
          = help: one of `criterion`, `command`, `json`

        tollgate.toml:4:1: `[suite.b]` lacks `run`
          |
        4 | [suite.b]
          | ^^^^^^^^^
          = help: The command line, the program first; no shell reads it

        tollgate.toml:6:1: a budget without a limit
          |
        6 | [[budget]]
          | ^^^^^^^^^^
          = help: set at least one of `target`, `warning`, `critical`
        "
    );
}

#[test]
fn a_wrong_choice_is_answered_with_the_right_one() {
    insta::assert_snapshot!(
        refused("[gate]\nagainst = 'bases'\nmissing = 'explode'\n[suite.a]\nadapter = 'criterio'\n[suite.b]\nadapter = 7\n"),
        @r"
        4 problems in tollgate.toml

        tollgate.toml:2:11: `bases` is not a value of `against`
          |
        2 | against = 'bases'
          |           ^^^^^^^
          = help: did you mean `base`?

        tollgate.toml:3:11: `explode` is not a value of `missing`
          |
        3 | missing = 'explode'
          |           ^^^^^^^^^
          = help: possible here: `warn`, `fail`

        tollgate.toml:5:11: `criterio` is not an adapter
          |
        5 | adapter = 'criterio'
          |           ^^^^^^^^^^
          = help: did you mean `criterion`?

        tollgate.toml:7:11: `adapter` must be a string, not a whole number
          |
        7 | adapter = 7
          |           ^
        "
    );
}

#[test]
fn a_wrong_unit_says_what_is_needed() {
    insta::assert_snapshot!(
        refused("[gate]\ntolerance = '120 ms'\ntime-limit = '64 MiB'\nfalse-alarm-rate = '0.01'\nfloor = ['1 ns', '1 us', '3 Mib']\n[[budget]]\ntarget = '1 ms'\ncritical = '1 MiB'\n"),
        @r"
        6 problems in tollgate.toml

        tollgate.toml:2:13: `120 ms` is a time, a percentage is needed
          |
        2 | tolerance = '120 ms'
          |             ^^^^^^^^
          = help: write it as in `2 %`

        tollgate.toml:3:14: `64 MiB` is a size, a time is needed
          |
        3 | time-limit = '64 MiB'
          |              ^^^^^^^^
          = help: write it as in `200 ms`

        tollgate.toml:4:20: `0.01` is a plain number, a percentage is needed
          |
        4 | false-alarm-rate = '0.01'
          |                    ^^^^^^
          = help: shares are written in percent: `1 %`

        tollgate.toml:5:9: `1 us` is a second floor for a time
          |
        5 | floor = ['1 ns', '1 us', '3 Mib']
          |         ^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: one floor of each unit

        tollgate.toml:5:9: `Mib` is not a unit
          |
        5 | floor = ['1 ns', '1 us', '3 Mib']
          |         ^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: did you mean `MiB`?

        tollgate.toml:8:12: `1 MiB` is a size, but the limit before it is a time
          |
        8 | critical = '1 MiB'
          |            ^^^^^^^
          = help: all limits of a budget have one unit
        "
    );
}

#[test]
fn a_percentage_out_of_range_is_refused() {
    insta::assert_snapshot!(
        refused("[gate]\nfalse-alarm-rate = '60 %'\ntolerance = '-1 %'\ntime-limit = '48 h'\n"),
        @r"
        3 problems in tollgate.toml

        tollgate.toml:2:20: `60 %` is out of range: more than 0 % and at most 50 % is possible
          |
        2 | false-alarm-rate = '60 %'
          |                    ^^^^^^

        tollgate.toml:3:13: `-1 %` is out of range: 0 or more is possible
          |
        3 | tolerance = '-1 %'
          |             ^^^^^^

        tollgate.toml:4:14: `48 h` is out of range: more than 0 s and at most 24 h is possible
          |
        4 | time-limit = '48 h'
          |              ^^^^^^
        "
    );
}

#[test]
fn a_tolerance_above_must_detect_is_refused() {
    insta::assert_snapshot!(refused("[[rule]]\ntolerance = '8 %'\nmust-detect = '5 %'\n"), @r"
        1 problem in tollgate.toml

        tollgate.toml:2:13: `tolerance` is above `must-detect`, `5 %`
          |
        2 | tolerance = '8 %'
          |             ^^^^^
          = help: what must not slip through is at least what is allowed
        ");
}

#[test]
fn the_limits_of_a_budget_rise_or_fall() {
    check("[[budget]]\ntarget = '1 s'\nwarning = '1 s'\ncritical = '2 s'\n");
    check("[[budget]]\ntarget = '3 /s'\ncritical = '2 /s'\n");
    insta::assert_snapshot!(refused("[[budget]]\ntarget = '1 s'\nwarning = '3 s'\ncritical = '2 s'\n"), @r"
        1 problem in tollgate.toml

        tollgate.toml:4:12: the limits of this budget are in no order
          |
        4 | critical = '2 s'
          |            ^^^^^
          = help: `target`, `warning` and `critical` must rise (less is better) or fall (more is better)
        ");
}

#[test]
fn a_bad_pattern_is_refused() {
    insta::assert_snapshot!(
        refused("[[rule]]\nbenchmark = 'core/[a'\nmetric = ''\n"),
        @r"
        2 problems in tollgate.toml

        tollgate.toml:2:13: `core/[a` is not a pattern: unclosed character class; missing ']'
          |
        2 | benchmark = 'core/[a'
          |             ^^^^^^^^^
          = help: `*` matches any text, `?` one character, `[…]` one of some; put `[]` round one to take it as it is

        tollgate.toml:3:10: an empty pattern matches nothing
          |
        3 | metric = ''
          |          ^^
          = help: `*` matches all
        "
    );
}

#[test]
fn a_pattern_that_no_suite_can_match_is_refused() {
    let suites = "[suite.core]\nadapter = 'criterion'\n[suite.cli]\nadapter = 'command'\nrun = ['x']\n";
    for alive in ["core/*", "c*", "*", "co*e/x", "{core,cli}/x", "core/a/b", "*/parse"] {
        check(&format!("{suites}[[rule]]\nbenchmark = '{alive}'\n"));
    }
    insta::assert_snapshot!(
        refused(&format!("{suites}[[rule]]\nbenchmark = 'cor/*'\n[[budget]]\nbenchmark = 'core'\ntarget = '1 s'\n[[rule]]\nbenchmark = 'web*/x'\n")),
        @r"
        3 problems in tollgate.toml

        tollgate.toml:7:13: `cor/*` selects nothing: no suite is called `cor`
          |
        7 | benchmark = 'cor/*'
          |             ^^^^^^^
          = help: did you mean `core/*`?

        tollgate.toml:9:13: `core` names a suite and none of its benchmarks
          |
        9 | benchmark = 'core'
          |             ^^^^^^
          = help: did you mean `core/*`?

        tollgate.toml:12:13: `web*/x` selects nothing: no suite is called `web*`
           |
        12 | benchmark = 'web*/x'
           |             ^^^^^^^^
           = help: suites: `cli`, `core`
        "
    );
}

#[test]
fn duplicates_are_refused_with_the_line_of_the_first() {
    insta::assert_snapshot!(
        refused("[[budget]]\nmetric = 'time'\ntarget = '1 s'\n[[budget]]\nmetric = 'time'\ntarget = '2 s'\n[suite.cli]\nadapter = 'command'\nrun = ['x', '{n}']\nparameters = { n = ['1', '1'] }\n[suite.CLI]\nadapter = 'criterion'\n"),
        @r"
        3 problems in tollgate.toml

        tollgate.toml:4:1: a budget for `time` of `*` is there twice
          |
        4 | [[budget]]
          | ^^^^^^^^^^
          = help: the first one is on line 1; keep one of the two

        tollgate.toml:7:8: `cli` differs from another suite by case alone
          |
        7 | [suite.cli]
          |        ^^^
          = help: suites become files, and not every system tells upper from lower case

        tollgate.toml:10:26: `n` has the value `1` twice
           |
        10 | parameters = { n = ['1', '1'] }
           |                          ^^^
        "
    );
}

#[test]
fn an_empty_command_is_refused() {
    insta::assert_snapshot!(
        refused("[suite.cli]\nadapter = 'command'\nrun = []\nbuild = [['make'], []]\nprepare = ['']\n"),
        @r#"
        3 problems in tollgate.toml

        tollgate.toml:3:7: an empty command
          |
        3 | run = []
          |       ^^
          = help: the program first, then its arguments, such as `["make", "bench"]`

        tollgate.toml:4:9: an empty command in `build`
          |
        4 | build = [['make'], []]
          |         ^^^^^^^^^^^^^^

        tollgate.toml:5:11: an empty command
          |
        5 | prepare = ['']
          |           ^^^^
          = help: the program first, then its arguments, such as `["make", "bench"]`
        "#
    );
}

#[test]
fn a_path_out_of_the_repository_is_refused() {
    insta::assert_snapshot!(
        refused("[suite.a]\nadapter = 'criterion'\ndirectory = '../x'\nsources = ['/etc/*']\n[suite.b]\nadapter = 'json'\nrun = ['x']\nresults = 'C:\\x'\n[suite.'../c']\nadapter = 'criterion'\n"),
        @r"
        4 problems in tollgate.toml

        tollgate.toml:3:13: `../x` leaves the repository
          |
        3 | directory = '../x'
          |             ^^^^^^
          = help: write it relative to the root of the repository, without `..`

        tollgate.toml:4:12: `/etc/*` leaves the repository
          |
        4 | sources = ['/etc/*']
          |            ^^^^^^^^
          = help: write it relative to the root of the repository, without `..`

        tollgate.toml:8:11: `C:\x` leaves the repository
          |
        8 | results = 'C:\x'
          |           ^^^^^^
          = help: write `/` between folders, on every system

        tollgate.toml:9:8: `../c` is not a name for a suite
          |
        9 | [suite.'../c']
          |        ^^^^^^
          = help: a letter or digit, then up to 63 of letters, digits, `-`, `_`, `.`
        "
    );
}

#[test]
fn an_unknown_placeholder_is_refused() {
    insta::assert_snapshot!(
        refused("[suite.a]\nadapter = 'command'\nrun = ['x', '{sise}', '{other}', '}']\nparameters = { size = ['1'] }\n[suite.b]\nadapter = 'json'\nrun = ['x', '{output}']\nresults = 'stdout'\n"),
        @r"
        5 problems in tollgate.toml

        tollgate.toml:3:13: `{sise}` stands for nothing: it is not a parameter
          |
        3 | run = ['x', '{sise}', '{other}', '}']
          |             ^^^^^^^^
          = help: did you mean `{size}`? literal braces are written `{{` and `}}`

        tollgate.toml:3:23: `{other}` stands for nothing: it is not a parameter
          |
        3 | run = ['x', '{sise}', '{other}', '}']
          |                       ^^^^^^^^^
          = help: literal braces are written `{{other}}`

        tollgate.toml:3:34: `}` without `{` in `}`
          |
        3 | run = ['x', '{sise}', '{other}', '}']
          |                                  ^^^
          = help: literal braces are written `{{` and `}}`

        tollgate.toml:4:16: `run` has no `{size}`, so that all its values would run the same
          |
        4 | parameters = { size = ['1'] }
          |                ^^^^

        tollgate.toml:8:11: `run` already says `{output}`
          |
        8 | results = 'stdout'
          |           ^^^^^^^^
          = help: leave `results` out, or take `{output}` out of `run`
        "
    );
}

#[test]
fn eight_problems_are_reported_at_once() {
    let error = Config::parse(
        "[gate]\nbase = 'main'\nbase = 'x'\ntolerence = '2 %'\nmust-detect = '5 ms'\nmax-rounds = 5\n\n[suite.core]\nadapter = 'criterion'\nruns = 3\ndirectory = '..'\n\n[[rule]]\nbenchmark = 'cor/*'\n\n[[budget]]\nmetric = 'time'\n",
        "tollgate.toml",
    )
    .unwrap_err();
    assert_eq!(error.problems().len(), 8);
    assert!(error.hint().is_some());
    insta::assert_snapshot!(error, @r"
        8 problems in tollgate.toml

        tollgate.toml:3:1: `base` is written twice
          |
        3 | base = 'x'
          | ^^^^
          = help: keep one of the two

        tollgate.toml:4:1: `tolerence` is not a key of `[gate]`
          |
        4 | tolerence = '2 %'
          | ^^^^^^^^^
          = help: did you mean `tolerance`?

        tollgate.toml:5:15: `5 ms` is a time, a percentage is needed
          |
        5 | must-detect = '5 ms'
          |               ^^^^^^
          = help: write it as in `2 %`

        tollgate.toml:6:14: `max-rounds` must be from 10 to 500
          |
        6 | max-rounds = 5
          |              ^

        tollgate.toml:10:1: `runs` is not a key of `[suite.core]`
           |
        10 | runs = 3
           | ^^^^
           = help: it belongs to the adapter `command`

        tollgate.toml:11:13: `..` leaves the repository
           |
        11 | directory = '..'
           |             ^^^^
           = help: write it relative to the root of the repository, without `..`

        tollgate.toml:14:13: `cor/*` selects nothing: no suite is called `cor`
           |
        14 | benchmark = 'cor/*'
           |             ^^^^^^^
           = help: did you mean `core/*`?

        tollgate.toml:16:1: a budget without a limit
           |
        16 | [[budget]]
           | ^^^^^^^^^^
           = help: set at least one of `target`, `warning`, `critical`
        ");
}

#[test]
fn control_characters_are_not_shown_and_long_lines_are_cut() {
    let long = "x".repeat(300);
    insta::assert_snapshot!(
        refused(&format!("\"a\\u001b[2J\\u202e\" = 1\n\tgate = {{ 'bäse' = 1, '{long}' = 2 }}\n")),
        @r"
        1 problem in tollgate.toml

        tollgate.toml:2:12: not TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
          |
        2 |  gate = { bäse = 1, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
          |            ^
        "
    );
}

#[test]
fn a_huge_file_is_refused_unread() {
    insta::assert_snapshot!(refused(&"#".repeat((1 << 20) + 1)).lines().next().unwrap_or_default(), @r"1 problem in tollgate.toml");
    let deep = format!("gate = {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(refused(&deep).contains("not TOML"));
}

#[test]
fn waivers_are_read_with_their_lines() {
    let entry = |id: &str, ceiling: &str, reason: &str| {
        waiver_entry(id, ceiling, "2027-01-31".parse().unwrap(), reason, Some("@alice"))
    };
    let text = entry("core/a \"b\"\n:time", "+10 %", "two\nlines \\ '''") + &entry("cli/x:peak-rss", "96 MiB", "b");
    let waivers = parse_waivers(&text, "tollgate-waivers.toml").unwrap();
    assert_eq!(waivers[0].id, "core/a \"b\"\n:time");
    assert_eq!(waivers[0].reason, "two\nlines \\ '''");
    assert_eq!(waivers[0].ceiling, tollgate::model::Ceiling::Change { ratio: 0.1 });
    assert_eq!(waivers[1].ceiling, tollgate::model::Ceiling::Value { value: 100_663_296.0 });
    assert_eq!(waivers[0].line, 2);
    let second = text.lines().take(waivers[1].line).last();
    assert_eq!(second, Some("[[waiver]]"));
}

#[test]
fn a_wrong_waiver_is_refused_like_a_wrong_config() {
    let text = "[[waiver]]\nid = 'core/a'\nceiling = '10 %'\nuntil = '2027-02-30'\nreason = ''\n[[waiver]]\nid = 'a/b:time'\nceiling = '+5 ms'\nuntil = 2027-01-31\n";
    insta::assert_snapshot!(parse_waivers(text, "tollgate-waivers.toml").unwrap_err(), @r#"
        6 problems in tollgate-waivers.toml

        tollgate-waivers.toml:2:6: `core/a` does not name a metric
          |
        2 | id = 'core/a'
          |      ^^^^^^^^
          = help: copy it from the report: `suite/benchmark:metric`, such as `core/parse:time`

        tollgate-waivers.toml:3:11: `10 %` could be a change or a value
          |
        3 | ceiling = '10 %'
          |           ^^^^^^
          = help: write `+10 %` for that much worse than base; a share itself is written as in `0.05 ratio`

        tollgate-waivers.toml:4:9: `2027-02-30` is not a day
          |
        4 | until = '2027-02-30'
          |         ^^^^^^^^^^^^
          = help: write it as YYYY-MM-DD

        tollgate-waivers.toml:5:10: `reason` is empty
          |
        5 | reason = ''
          |          ^^
          = help: say why, and where it is followed up

        tollgate-waivers.toml:6:1: `[[waiver]]` lacks `reason`
          |
        6 | [[waiver]]
          | ^^^^^^^^^^
          = help: Why

        tollgate-waivers.toml:9:9: an item of `until` must be a string, not a date
          |
        9 | until = 2027-01-31
          |         ^^^^^^^^^^
          = help: write it as in `"2027-01-31"`
        "#);
}

fn as_json(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

/// The template with its examples switched on.
fn with_examples(text: &str) -> String {
    let line = |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned();
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn the_shipped_configs_keep_to_the_schema_and_parse() {
    let schema = jsonschema::validator_for(&schema::config()).unwrap();
    let own = include_str!("../../tollgate.toml");
    let full = with_examples(Config::default_text());
    assert!(full.contains("\n[suite.core]\n") && full.contains("\n[[budget]]\n"));
    for text in [Config::default_text(), &full, own, EVERYTHING] {
        let errors: Vec<String> = schema.iter_errors(&as_json(text)).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        check(text);
    }
    assert_eq!(check(own).suites[0].name.as_str(), "core");
    assert!(!schema.is_valid(&as_json("[suite.a]\nadapter = 'criterion'\nruns = 3\n")));
}

#[test]
fn the_defaults_in_the_template_are_the_defaults() {
    assert_eq!(check(Config::default_text()), check(""));
}

#[test]
fn the_waiver_schema_takes_what_is_written() {
    let schema = jsonschema::validator_for(&schema::waivers()).unwrap();
    let entry = waiver_entry("core/a:time", "+10 %", "2027-01-31".parse().unwrap(), "why", None);
    assert!(schema.is_valid(&as_json(&entry)));
    assert!(!schema.is_valid(&as_json("[[waiver]]\nid = 'x'\n")));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _config = Config::parse(&text, "x").map_err(|error| error.to_string());
        let _waivers = parse_waivers(&text, "x").map_err(|error| error.to_string());
    }

    #[test]
    fn no_mutation_of_a_config_makes_the_parser_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, "[\\[\\]{}=\"'.#\n\u{0}-9a-zäµ💥 ]{0,5}"), 1..8)
    ) {
        let mut text: Vec<char> = EVERYTHING.chars().collect();
        for (at, remove, insert) in edits {
            let at = at.index(text.len());
            let end = (at + remove).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = Config::parse(&text, "x") {
            prop_assert!(!error.problems().is_empty());
            let control = error.to_string().contains('\0');
            prop_assert!(!control);
        }
    }
}

/// A repository with these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join(".git")).unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn tollgate(root: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate")).current_dir(root).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// The suites of the config that `init` writes: everything from the first `[suite.` to the examples.
fn suites_found(files: &[(&str, &str)]) -> String {
    let root = repository(files);
    let (code, text) = tollgate(root.path(), &["init", "--print", "--no-workflow"]);
    assert_eq!(code, Some(0), "{text}");
    check(&text);
    let schema = jsonschema::validator_for(&schema::config()).unwrap();
    assert!(schema.is_valid(&as_json(&text)));
    let (_, rest) = text.split_once("# ---- suites: what is run\n").unwrap();
    let suites = rest.split("\n\n").filter(|paragraph| paragraph.contains("\n[suite."));
    suites.map(|suite| suite.trim().to_owned() + "\n").collect()
}

const CRITERION_MAIN: &str = "criterion::criterion_main!(benches);";

#[test]
fn init_finds_the_criterion_benches_of_a_package() {
    insta::assert_snapshot!(suites_found(&[
        ("Cargo.toml", "[package]\nname = 'x'\n[dev-dependencies]\ncriterion = '0.8'\n[[bench]]\nname = 'a'\nharness = false\nrequired-features = ['f']\n[[bench]]\nname = 'own'\nharness = false\n[[bench]]\nname = 'libtest'\n"),
        ("benches/a.rs", CRITERION_MAIN),
        ("benches/own.rs", "fn main() {}"),
        ("benches/libtest.rs", CRITERION_MAIN),
    ]), @r"");
}

#[test]
fn init_finds_the_benches_of_workspace_members() {
    let member = |name: &str| {
        format!(
            "[package]\nname = '{name}'\n[dev-dependencies]\nc = {{ package = 'criterion', version = '1' }}\n[[bench]]\nname = 'b'\nharness = false\n"
        )
    };
    insta::assert_snapshot!(suites_found(&[
        ("Cargo.toml", "[workspace]\nmembers = ['crates/*', 'tool', '../outside']\n"),
        ("crates/one/Cargo.toml", &member("go")),
        ("crates/one/benches/b/main.rs", CRITERION_MAIN),
        ("tool/Cargo.toml", &member("a.b")),
        ("tool/benches/b.rs", CRITERION_MAIN),
        ("go.mod", "module x\n"),
    ]), @r"");
}

#[test]
fn init_times_what_it_cannot_read_yet() {
    insta::assert_snapshot!(suites_found(&[
        ("Cargo.toml", "[package]\nname = 'x'\n"),
        ("go.mod", "module x\n"),
        ("package.json", r#"{"scripts": {"test": "node --test", "bench": "node bench.js"}}"#),
        ("package-lock.json", "{}"),
        ("pyproject.toml", "[project]\nname = 'x'\n[dependency-groups]\ndev = ['pytest-benchmark']\n"),
        ("CMakeLists.txt", "project(x)\n"),
    ]), @r"");
}

#[test]
fn init_in_each_language_alone_writes_a_config_that_parses() {
    for (name, text, suite) in [
        ("go.mod", "module x\n", "go"),
        ("package.json", r#"{"scripts": {"test": "x"}}"#, "node"),
        ("pyproject.toml", "", "python"),
        ("CMakeLists.txt", "", "cmake"),
        ("Cargo.toml", "[package]\nname = 'x'\n", "tests"),
    ] {
        assert!(suites_found(&[(name, text)]).contains(&format!("\n[suite.{suite}]\n")), "{name}");
    }
    for hostile in [("package.json", "["), ("Cargo.toml", "x"), ("README", "")] {
        assert_eq!(suites_found(&[hostile]), "");
    }
}

#[test]
fn init_writes_once_and_replaces_only_when_told() {
    let root = repository(&[("go.mod", "module x\n"), ("sub/x", "")]);
    insta::assert_snapshot!(tollgate(&root.path().join("sub"), &["init"]).1, @r"");
    let written = std::fs::read_to_string(root.path().join("tollgate.toml")).unwrap();
    assert_eq!(check(&written).suites.len(), 1);
    let workflow = std::fs::read_to_string(root.path().join(".github/workflows/tollgate.yml")).unwrap();
    for line in ["  pull_request:\n", "permissions:\n  contents: read\n", "fetch-depth: 0\n", "run: tollgate check\n"] {
        assert!(workflow.contains(line), "{line}");
    }
    std::fs::remove_file(root.path().join("tollgate.toml")).unwrap();
    let (code, text) = tollgate(root.path(), &["init"]);
    assert_eq!(code, Some(2));
    assert!(!root.path().join("tollgate.toml").exists(), "all files or none");
    insta::assert_snapshot!(text.replace(&root.path().display().to_string(), "ROOT"), @r"");
    assert_eq!(tollgate(root.path(), &["init", "--force"]).0, Some(0));
}

#[test]
fn the_schemas_are_printed() {
    let root = repository(&[]);
    for (of, schema) in [("config", schema::config()), ("waivers", schema::waivers())] {
        let (code, text) = tollgate(root.path(), &["schema", of]);
        assert_eq!((code, serde_json::from_str::<Value>(&text).unwrap()), (Some(0), schema));
    }
}
