//! Values that are well-formed and make no sense, alone or together.

use jiff::civil::Date;
use tollgate::config::{Adapter, ResultSource, parse_waivers, waiver_entry};
use tollgate::model::{BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Role, Unit};

use super::{check, refused};

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
        4 problems in tollgate.toml

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

        tollgate.toml:8:11: `run` already says `{output}`
          |
        8 | results = 'stdout'
          |           ^^^^^^^^
          = help: leave `results` out, or take `{output}` out of `run`
        "
    );
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
          = help: `reason`: Why

        tollgate-waivers.toml:9:9: `until` must be a string, not a date
          |
        9 | until = 2027-01-31
          |         ^^^^^^^^^^
          = help: write it as in `"2027-01-31"`
        "#);
}

#[test]
fn the_target_folder_stands_in_every_command_line_and_is_no_parameter() {
    let config = check(
        "[suite.a]\nadapter = 'command'\nrun = ['{target}/release/x']\nprepare = ['{target}/release/y']\n[suite.b]\nadapter = 'json'\nrun = ['{target}/release/z']\n",
    );
    let Adapter::Json(json) = &config.suites[1].adapter else { unreachable!("it is of the json adapter") };
    assert_eq!(json.results, ResultSource::Stdout);
    insta::assert_snapshot!(
        refused("[suite.a]\nadapter = 'command'\nrun = ['x', '{target}']\nparameters = { target = ['1'] }\n"),
        @r"
        1 problem in tollgate.toml

        tollgate.toml:4:16: `{target}` already stands for Cargo's target folder
          |
        4 | parameters = { target = ['1'] }
          |                ^^^^^^
          = help: give the parameter another name
        "
    );
}

#[test]
fn a_ceiling_in_another_unit_than_its_metric_counts_for_nothing_and_is_said() {
    let mut policy = check("").policy;
    let waiver = |id: &str, ceiling: &str| waiver_entry(id, ceiling, Date::MAX, "why", None);
    let text = waiver("core/a:time", "96 MiB") + &waiver("core/b:time", "1 s") + &waiver("core/c:time", "+1 %");
    policy.waivers = parse_waivers(&text, "tollgate-waivers.toml").unwrap();
    let metrics = ["a", "b", "c"].map(|benchmark| {
        let name = |text: &str| Name::new(text).unwrap();
        let benchmark = BenchmarkId { suite: name("core"), benchmark: name(benchmark) };
        Metric {
            id: MetricId { benchmark, metric: name("time") },
            unit: Unit::Seconds,
            direction: Direction::LowerIsBetter,
            kind: Kind::Time,
            determinism: Determinism::Noisy,
            role: Role::Gated,
            work: None,
        }
    });
    assert_eq!([0, 1, 2].map(|at| policy.resolve(&metrics[at]).waiver.is_some()), [false, true, true]);
    assert_eq!(policy.unused(&metrics), ["the ceiling of the waiver on line 2 is in `B`, and `core/a:time` is in `s`"]);
}
