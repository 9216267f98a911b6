//! Services and scenarios that make no sense: what is said of their keys, targets, levels and names.

use super::refused;
use super::scenarios::SERVICE;

#[test]
fn a_key_of_another_profile_says_whose_it_is() {
    insta::assert_snapshot!(refused(&format!(
        "{SERVICE}[scenario.a]\nservice = 'web'\nrate = '1/s'\npeak = 5\nrun = ['k6']\nratt = 3\n[scenario.b]\nprofile = 'stres'\n[scenario.c]\nengine = 'k7'\n[scenario.d]\nprofile = 'custom'\nstage = [{{ to = 3 }}]\n"
    )), @r"
        8 problems in tollgate.toml

        tollgate.toml:6:1: `peak` is not a key of `[scenario.a]`
          |
        6 | peak = 5
          | ^^^^
          = help: it belongs to the profile `spike`

        tollgate.toml:7:1: `run` is not a key of `[scenario.a]`
          |
        7 | run = ['k6']
          | ^^^
          = help: it belongs to the engines `k6`, `gatling`, `jmeter`, `locust`, `vegeta`, `oha`, `wrk`, `h2load` and `autocannon`

        tollgate.toml:8:1: `ratt` is not a key of `[scenario.a]`
          |
        8 | ratt = 3
          | ^^^^
          = help: did you mean `rate`?

        tollgate.toml:10:11: `stres` is not a profile
           |
        10 | profile = 'stres'
           |           ^^^^^^^
           = help: did you mean `stress`?

        tollgate.toml:12:10: `k7` is not an engine
           |
        12 | engine = 'k7'
           |          ^^^^
           = help: did you mean `k6`?

        tollgate.toml:13:11: `[scenario.d]` lacks `service` or `url`
           |
        13 | [scenario.d]
           |           ^
           = help: one of `service`, `url` and `targets` says where the load goes

        tollgate.toml:13:11: 0 stages, not 1 to 200
           |
        13 | [scenario.d]
           |           ^

        tollgate.toml:15:10: `[[scenario.d.stage]]` lacks `duration`
           |
        15 | stage = [{ to = 3 }]
           |          ^^^^^^^^^^
           = help: `duration`: How long it takes
        ");
}

#[test]
fn a_scenario_needs_one_target_and_one_level() {
    insta::assert_snapshot!(refused(&format!(
        "{SERVICE}[scenario.a]\n[scenario.b]\nservice = 'wep'\nurl = 'http://h'\nrate = '1/s'\nusers = 3\n[scenario.c]\nservice = 'wep'\nusers = 20000\n[scenario.d]\nurl = 'h:80'\nrate = '0/s'\n[scenario.e]\ntargets = [{{ url = 'http://h' }}, {{ url = 'http://h' }}]\nrate = '5 M/s'\n"
    )), @r#"
        11 problems in tollgate.toml

        tollgate.toml:3:11: `[scenario.a]` lacks `service` or `url`
          |
        3 | [scenario.a]
          |           ^
          = help: one of `service`, `url` and `targets` says where the load goes

        tollgate.toml:3:11: `[scenario.a]` lacks `rate` or `users`
          |
        3 | [scenario.a]
          |           ^
          = help: `rate = "200/s"` starts so many a second, whatever the replies do; `users = 50` wait for each reply

        tollgate.toml:6:7: a second place for the load to go to
          |
        6 | url = 'http://h'
          |       ^^^^^^^^^^
          = help: one of `service`, `url` and `targets` says where the load goes

        tollgate.toml:8:9: both `rate` and `users` are set
          |
        8 | users = 3
          |         ^
          = help: `rate` starts so many a second, whatever the replies do; `users` wait for each reply

        tollgate.toml:9:11: `[scenario.c]` lacks `rate` or `users`
          |
        9 | [scenario.c]
          |           ^
          = help: `rate = "200/s"` starts so many a second, whatever the replies do; `users = 50` wait for each reply

        tollgate.toml:10:11: no service is called `wep`
           |
        10 | service = 'wep'
           |           ^^^^^
           = help: did you mean `web`?

        tollgate.toml:11:9: `users` must be from 1 to 10000
           |
        11 | users = 20000
           |         ^^^^^

        tollgate.toml:13:7: `h:80` is not an address
           |
        13 | url = 'h:80'
           |       ^^^^^^
           = help: write it as in `http://127.0.0.1:8080`, `https://shop.example` or `unix:/run/web.sock`

        tollgate.toml:14:8: a load of nothing
           |
        14 | rate = '0/s'
           |        ^^^^^
           = help: write a rate above `0/s`

        tollgate.toml:16:42: `http://h` is there twice
           |
        16 | targets = [{ url = 'http://h' }, { url = 'http://h' }]
           |                                          ^^^^^^^^^^
           = help: the first one is on line 16; keep one of the two

        tollgate.toml:17:8: `5 M/s` is out of range: 0/s to 1000000/s is possible
           |
        17 | rate = '5 M/s'
           |        ^^^^^^^
        "#);
}

#[test]
fn levels_of_one_scenario_have_one_unit_and_an_order() {
    insta::assert_snapshot!(refused(
        "[scenario.a]\nurl = 'http://h'\nprofile = 'stress'\nrate = '100/s'\nmax = 500\nlimit-errors = '120 %'\n[scenario.b]\nurl = 'http://h'\nprofile = 'spike'\nusers = 10\npeak = 10\nconnections = 5\n[scenario.c]\nurl = 'http://h'\nprofile = 'custom'\nstage = [{ to = '1/s', duration = '1 s' }, { to = 5, duration = '1 s' }, { from = 3, to = '1/s', duration = '0 s' }]\n[scenario.d]\nurl = 'http://h'\nusers = 10\nconnections = 5\n"
    ), @r#"
        7 problems in tollgate.toml

        tollgate.toml:5:7: `max` is a number of users, but the level before it is a rate
          |
        5 | max = 500
          |       ^^^
          = help: write a rate above `100/s`, as in `"500/s"`

        tollgate.toml:6:16: `120 %` is out of range: 0 % to 100 % is possible
          |
        6 | limit-errors = '120 %'
          |                ^^^^^^^

        tollgate.toml:11:8: `peak` is not above the level before it
           |
        11 | peak = 10
           |        ^^
           = help: write more than 10 users, as in `50`

        tollgate.toml:16:51: this is a number of users, but other levels are a rate
           |
        16 | stage = [{ to = '1/s', duration = '1 s' }, { to = 5, duration = '1 s' }, { from = 3, to = '1/s', duration = '0 s' }]
           |                                                   ^
           = help: all stages of a scenario have one model

        tollgate.toml:16:83: this is a number of users, but other levels are a rate
           |
        16 | … duration = '1 s' }, { to = 5, duration = '1 s' }, { from = 3, to = '1/s', duration = '0 s' }]
           |                                                              ^
           = help: all stages of a scenario have one model

        tollgate.toml:16:109: `0 s` is out of range: more than 0 s and at most 24 h is possible
           |
        16 | …= 5, duration = '1 s' }, { from = 3, to = '1/s', duration = '0 s' }]
           |                                                              ^^^^^

        tollgate.toml:20:15: each user has a connection of its own
           |
        20 | connections = 5
           |               ^
           = help: leave it out, or set a `rate` instead of `users`
        "#);
}

#[test]
fn a_scenario_and_a_suite_have_two_names() {
    insta::assert_snapshot!(refused(
        "[suite.web]\nadapter = 'criterion'\n[scenario.web]\nurl = 'http://h'\nrate = '1/s'\n[scenario.WEB2]\nurl = 'http://h'\nrate = '1/s'\n[scenario.web2]\nurl = 'http://h'\nrate = '1/s'\n[[rule]]\nbenchmark = 'wob/*'\n"
    ), @r"
        3 problems in tollgate.toml

        tollgate.toml:3:11: `web` is the name of a suite already
          |
        3 | [scenario.web]
          |           ^^^
          = help: a scenario is judged like a suite: give one of the two another name

        tollgate.toml:9:11: `web2` differs from another scenario by case alone
          |
        9 | [scenario.web2]
          |           ^^^^
          = help: suites become files, and not every system tells upper from lower case

        tollgate.toml:13:13: `wob/*` selects nothing: no suite is called `wob`
           |
        13 | benchmark = 'wob/*'
           |             ^^^^^^^
           = help: did you mean `web/*`?
        ");
}

#[test]
fn a_service_says_how_it_is_started() {
    insta::assert_snapshot!(refused(
        "[service.'a b']\nstart = ['x', '{prt}']\nenvironment = { A = '{where}' }\ninstances = 0\ncpus = ['a']\nlog-limit = '1 B'\ndirectory = '/tmp'\n[service.b]\nstart = []\n"
    ), @r#"
        8 problems in tollgate.toml

        tollgate.toml:1:10: `a b` is not a name for a service
          |
        1 | [service.'a b']
          |          ^^^^^
          = help: a letter or digit, then up to 63 of letters, digits, `-`, `_`, `.`

        tollgate.toml:2:15: `{prt}` stands for nothing: it is not a parameter
          |
        2 | start = ['x', '{prt}']
          |               ^^^^^^^
          = help: did you mean `{port}`? literal braces are written `{{` and `}}`

        tollgate.toml:3:21: `{where}` stands for nothing: it is not a parameter
          |
        3 | environment = { A = '{where}' }
          |                     ^^^^^^^^^
          = help: literal braces are written `{{where}}`

        tollgate.toml:4:13: `instances` must be from 1 to 64
          |
        4 | instances = 0
          |             ^

        tollgate.toml:5:9: an item of `cpus` must be a whole number, not a string
          |
        5 | cpus = ['a']
          |         ^^^

        tollgate.toml:6:13: `1 B` is out of range: 1 KiB to 16 GiB is possible
          |
        6 | log-limit = '1 B'
          |             ^^^^^

        tollgate.toml:7:13: `/tmp` leaves the repository
          |
        7 | directory = '/tmp'
          |             ^^^^^^
          = help: write it relative to the root of the repository, without `..`

        tollgate.toml:9:9: an empty command
          |
        9 | start = []
          |         ^^
          = help: the program first, then its arguments, such as `["make", "bench"]`
        "#);
}

#[test]
fn a_service_says_how_it_is_awaited() {
    insta::assert_snapshot!(refused(
        "[service.a]\nstart = ['x']\nready = 'health'\nready-within = '5 %'\nhealth = 'up'\n[service.b]\nstart = ['x']\nready = { log = 'x', path = '/y' }\n[service.c]\nready = { lock = 'x' }\n"
    ), @r#"
        6 problems in tollgate.toml

        tollgate.toml:3:9: `ready` says nothing that can be waited for
          |
        3 | ready = 'health'
          |         ^^^^^^^^
          = help: a path such as `/health`, `tcp`, or a table such as `{ log = "listening on" }`

        tollgate.toml:4:16: `5 %` is a percentage, a time is needed
          |
        4 | ready-within = '5 %'
          |                ^^^^^
          = help: write it as in `200 ms`

        tollgate.toml:5:10: `up` is not a path
          |
        5 | health = 'up'
          |          ^^^^
          = help: it begins with `/`; the host stands in `url`

        tollgate.toml:8:9: `ready` has two conditions
          |
        8 | ready = { log = 'x', path = '/y' }
          |         ^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: `path`, with a `status` or not; or `log`, a text of 1 to 1024 bytes

        tollgate.toml:9:1: `[service.c]` lacks `start`
          |
        9 | [service.c]
          | ^^^^^^^^^^^
          = help: `start`: What starts one instance, the program first; no shell reads it

        tollgate.toml:10:11: `lock` is not a key of `[service.c.ready]`
           |
        10 | ready = { lock = 'x' }
           |           ^^^^
           = help: possible here: `log`, `path`, `status`
        "#);
}

#[test]
fn streams_that_no_connection_has_are_refused() {
    let of = |more: &str| refused(&format!("[scenario.a]\nurl = 'http://h'\nrate = '1/s'\n{more}"));
    let http1 = of("streams = 2");
    assert!(http1.contains("tollgate.toml:4:11: HTTP/1.1 carries one request at a time"), "{http1}");
    assert!(http1.contains("= help: set `protocol = \"http2\"`, or more `connections`"), "{http1}");
    let many = of("protocol = 'http2'\nconnections = 100\nstreams = 201");
    assert!(many.contains("100 connections of 201 streams are more than 20000 requests at a time"), "{many}");
    let outside = of("protocol = 'http2'\nstreams = 257");
    assert!(outside.contains("tollgate.toml:5:11: "), "{outside}");
}
