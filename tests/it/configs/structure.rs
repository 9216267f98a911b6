//! Syntax, keys and types: what is wrong before anything means something.

use tollgate::config::Config;

use super::refused;

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
          = help: text is written in quotes: `"fail"`
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
          = help: it belongs to the adapters `command` and `json`
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
          = help: `run`: The command line, the program first; no shell reads it

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
        @r#"
        3 problems in tollgate.toml

        tollgate.toml:1:1: `a�[2J�` is not a key of the top level
          |
        1 | "a\u001b[2J\u202e" = 1
          | ^^^^^^^^^^^^^^^^^^
          = help: possible here: `budget`, `escalate`, `gate`, `rule`, `scenario`, `service`, `suite`

        tollgate.toml:2:11: `bäse` is not a key of `[gate]`
          |
        2 |  gate = { 'bäse' = 1, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
          |           ^^^^^^
          = help: did you mean `base`?

        tollgate.toml:2:23: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` is not a key of `[gate]`
          |
        2 |  gate = { 'bäse' = 1, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
          |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: possible here: `against`, `anchor`, `base`, `canary`, `drift`, `false-alarm-rate`, `floor`, `identical`, `inconclusive`, `layout-noise`, `layout-suspect`, `max-rounds`, `missing`, `must-detect`, `time-limit`, `tolerance`
        "#
    );
}

#[test]
fn a_huge_file_is_refused_unread() {
    insta::assert_snapshot!(refused(&"#".repeat((1 << 20) + 1)).lines().next().unwrap_or_default(), @r"1 problem in tollgate.toml");
    let deep = format!("gate = {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(refused(&deep).contains("not TOML"));
}

#[test]
fn a_file_of_rubbish_is_answered_in_moderate_time_and_length() {
    let keys: Vec<String> = (0..60_000).map(|number| format!("k{number} = 1\n")).collect();
    assert!(refused(&keys.concat()).ends_with("\nand 59950 more\n"));
    let budgets = "[[budget]]\n".repeat(50_000);
    assert!(refused(&budgets).contains("more than 1000"));
    let deep = format!("{}b{}", "{a,".repeat(255), "}".repeat(255));
    assert!(refused(&format!("[[rule]]\nbenchmark = '{deep}'\n")).contains("is not a pattern"));
    assert!(refused(&format!("[[rule]]\nbenchmark = '{}'\n", deep.repeat(2))).contains("longer than 1024 bytes"));
}
