//! Requests that cannot be sent as they are written, and what must not be written at all.

use super::refused;

#[test]
fn a_template_names_values_that_are_there() {
    insta::assert_snapshot!(refused(
        "[scenario.a]\nurl = 'http://h'\nrate = '1/s'\n[[scenario.a.flow]]\n[[scenario.a.flow.step]]\npath = '/{token}'\nextract = { token = { json = 'x' }, '1' = { header = 'a', regex = '(x)' }, c = { regex = 'x' } }\n[[scenario.a.flow.step]]\npath = '/{tokn}'\nbody = '{'\njson = { a = '{other}' }\n[[scenario.a.flow.step]]\npath = '/{token}'\n[[scenario.a.flow.step]]\npath = '/{token}'\n"
    ), @r"
        7 problems in tollgate.toml

        tollgate.toml:6:8: `{token}` stands for nothing
          |
        6 | path = '/{token}'
          |        ^^^^^^^^^^
          = help: a value comes from the flow's `data`, or from `extract` of an earlier step; literal braces are written `{{` and `}}`

        tollgate.toml:7:30: `x` is not a JSON pointer
          |
        7 | extract = { token = { json = 'x' }, '1' = { header = 'a', regex = '(x)' }, c = { regex = 'x' } }
          |                              ^^^
          = help: such as `/items/0/id`; an empty one is the whole body

        tollgate.toml:7:37: `1` is not a name for a value
          |
        7 | extract = { token = { json = 'x' }, '1' = { header = 'a', regex = '(x)' }, c = { regex = 'x' } }
          |                                     ^^^
          = help: letters, digits, `-` and `_`, not a digit first

        tollgate.toml:7:43: a value comes from one place
          |
        7 | extract = { token = { json = 'x' }, '1' = { header = 'a', regex = '(x)' }, c = { regex = 'x' } }
          |                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: exactly one of `json`, `header` and `regex`

        tollgate.toml:7:90: `x` finds no value
          |
        7 | …'x' }, '1' = { header = 'a', regex = '(x)' }, c = { regex = 'x' } }
          |                                                              ^^^
          = help: at most 1000 bytes, with the value in `(…)`, as in `token=([a-z0-9]+)`

        tollgate.toml:9:8: `{tokn}` stands for nothing
          |
        9 | path = '/{tokn}'
          |        ^^^^^^^^^
          = help: did you mean `{token}`?

        tollgate.toml:11:8: `json` is a second body
           |
        11 | json = { a = '{other}' }
           |        ^^^^^^^^^^^^^^^^^
           = help: keep one of `body` and `json`
        ");
}

#[test]
fn secrets_are_never_written_into_the_config() {
    insta::assert_snapshot!(refused(
        "[scenario.a]\nurl = 'http://h'\nrate = '1/s'\nheaders = { Authorization = 'Bearer abc', Content-Length = '3', 'a b' = 'c', d = \"e\\r\\nf: g\" }\nbearer-variable = 'eyJhbGciOi.J9'\n[scenario.b]\nurl = 'http://u:p@h'\nrate = '1/s'\nbearer-variable = 'A'\nbasic = { user = 'a:b', password-variable = 'B' }\n"
    ), @r#"
        7 problems in tollgate.toml

        tollgate.toml:4:13: `Authorization` is no header to write here
          |
        4 | headers = { Authorization = 'Bearer abc', Content-Length = '3', 'a b' = 'c', d = "e\r\nf: g" }
          |             ^^^^^^^^^^^^^
          = help: secrets stay out of this file: `bearer-variable = "WEB_TOKEN"` or `basic = { user = "…", password-variable = "…" }` name the variable that holds one

        tollgate.toml:4:43: `Content-Length` follows from the connection and the body
          |
        4 | headers = { Authorization = 'Bearer abc', Content-Length = '3', 'a b' = 'c', d = "e\r\nf: g" }
          |                                           ^^^^^^^^^^^^^^
          = help: leave it out

        tollgate.toml:4:65: `a b` is not the name of a header
          |
        4 | …ers = { Authorization = 'Bearer abc', Content-Length = '3', 'a b' = 'c', d = "e\r\nf: g" }
          |                                                              ^^^^^

        tollgate.toml:4:82: a header's value holds a control character or more than 8 KiB
          |
        4 | …tion = 'Bearer abc', Content-Length = '3', 'a b' = 'c', d = "e\r\nf: g" }
          |                                                              ^^^^^^^^^^^

        tollgate.toml:5:19: this is not the name of a variable
          |
        5 | bearer-variable = 'eyJhbGciOi.J9'
          |                   ^^^^^^^^^^^^^^^
          = help: letters, digits and `_`, such as `WEB_TOKEN`; the secret itself stays out of this file

        tollgate.toml:7:7: `http://u:*@h` holds a user
          |
        7 | url = 'http://u:*@h'
          |       ^^^^^^^^^^^^^^
          = help: `basic = { user = "…", password-variable = "…" }` says who asks

        tollgate.toml:9:19: two ways to say who asks
          |
        9 | bearer-variable = 'A'
          |                   ^^^
          = help: keep one of `basic` and `bearer-variable`
        "#);
}

#[test]
fn names_of_steps_are_rows_of_the_report() {
    insta::assert_snapshot!(refused(
        "[scenario.a]\nurl = 'http://h'\nrate = '1/s'\n[[scenario.a.flow]]\nname = 'x'\nstep = [{ name = 'all requests' }, { name = 'stage 01, x' }, { name = '' }]\n[[scenario.a.flow]]\nname = 'x'\nstep = [{}]\n[scenario.b]\nurl = 'http://h'\nrate = '1/s'\n[[scenario.b.flow]]\nstep = [{}, {}]\n"
    ), @r"
        4 problems in tollgate.toml

        tollgate.toml:6:18: `all requests` is what Tollgate calls a row of its own
          |
        6 | step = [{ name = 'all requests' }, { name = 'stage 01, x' }, { name = '' }]
          |                  ^^^^^^^^^^^^^^
          = help: write a `name` of its own

        tollgate.toml:6:45: `stage 01, x` is what Tollgate calls a row of its own
          |
        6 | step = [{ name = 'all requests' }, { name = 'stage 01, x' }, { name = '' }]
          |                                             ^^^^^^^^^^^^^
          = help: write a `name` of its own

        tollgate.toml:6:71: not a name for a step: the name is empty
          |
        6 | …name = 'all requests' }, { name = 'stage 01, x' }, { name = '' }]
          |                                                              ^^
          = help: write a `name` of its own

        tollgate.toml:14:13: a step `GET /` is there twice
           |
        14 | step = [{}, {}]
           |             ^^
           = help: the first one is on line 14; keep one of the two
        ");
}

#[test]
fn requests_are_well_formed() {
    insta::assert_snapshot!(refused(
        "[scenario.a]\nurl = 'http://h'\nrate = '1/s'\nmethod = 'get'\npath = 'items'\nbody = 'a'\nfile = 'b'\ncheck = { status = 99 }\n[scenario.b]\nurl = 'http://h'\nrate = '1/s'\npath = '/a b#c'\njson = { day = 2020-01-01 }\ncheck = { json = { x = 1 } }\nthink-time = ['2 s', '1 s']\ndata = 'users.txt'\n"
    ), @r#"
        11 problems in tollgate.toml

        tollgate.toml:4:10: `get` is not a method
          |
        4 | method = 'get'
          |          ^^^^^
          = help: did you mean `GET`?

        tollgate.toml:5:8: `items` is not a path
          |
        5 | path = 'items'
          |        ^^^^^^^
          = help: it begins with `/`; the host stands in `url`

        tollgate.toml:7:8: `file` is a second body
          |
        7 | file = 'b'
          |        ^^^
          = help: keep one of `body` and `file`

        tollgate.toml:8:9: a check of nothing
          |
        8 | check = { status = 99 }
          |         ^^^^^^^^^^^^^^^
          = help: set `status`, `headers`, `contains` or `json` to something, or leave `check` out

        tollgate.toml:8:20: `status` must be from 100 to 599
          |
        8 | check = { status = 99 }
          |                    ^^

        tollgate.toml:12:8: `/a b#c` is not a path
           |
        12 | path = '/a b#c'
           |        ^^^^^^^^
           = help: leave the part from `#` on out: it is never sent

        tollgate.toml:13:8: not a value that JSON has
           |
        13 | json = { day = 2020-01-01 }
           |        ^^^^^^^^^^^^^^^^^^^^
           = help: JSON has no dates, no infinity and no NaN: write a text

        tollgate.toml:14:9: a check of nothing
           |
        14 | check = { json = { x = 1 } }
           |         ^^^^^^^^^^^^^^^^^^^^
           = help: set `status`, `headers`, `contains` or `json` to something, or leave `check` out

        tollgate.toml:14:20: `x` is not a JSON pointer
           |
        14 | check = { json = { x = 1 } }
           |                    ^
           = help: such as `/items/0/id`; an empty one is the whole body

        tollgate.toml:15:14: not a pause
           |
        15 | think-time = ['2 s', '1 s']
           |              ^^^^^^^^^^^^^^
           = help: one time, or the least and the most, as in `["500 ms", "2 s"]`

        tollgate.toml:16:8: `users.txt` is no file of values
           |
        16 | data = 'users.txt'
           |        ^^^^^^^^^^^
           = help: a `.csv` file with a header, or a `.json` file with a list of tables
        "#);
}

#[test]
fn a_scenario_has_one_request_or_flows() {
    insta::assert_snapshot!(refused(
        "[scenario.c]\nurl = 'http://h'\nrate = '1/s'\npath = '/'\ncheck = {}\nheaders = { content-type = 'a/b' }\n[[scenario.c.flow]]\nstep = []\n"
    ), @r"
        4 problems in tollgate.toml

        tollgate.toml:4:8: `path` belongs to a scenario of one request, and this one has flows
          |
        4 | path = '/'
          |        ^^^
          = help: write it into a `[[scenario.….flow.step]]`, `data` into its flow

        tollgate.toml:5:9: `check` belongs to a scenario of one request, and this one has flows
          |
        5 | check = {}
          |         ^^
          = help: write it into a `[[scenario.….flow.step]]`, `data` into its flow

        tollgate.toml:6:13: `headers` belongs to a scenario of one request, and this one has flows
          |
        6 | headers = { content-type = 'a/b' }
          |             ^^^^^^^^^^^^
          = help: write it into a `[[scenario.….flow.step]]`, `data` into its flow

        tollgate.toml:7:1: a flow without a step
          |
        7 | [[scenario.c.flow]]
          | ^^^^^^^^^^^^^^^^^^^
        ");
}

#[test]
fn forms_and_certificates_are_whole() {
    insta::assert_snapshot!(refused(
        "[scenario.c]\nurl = 'http://h'\nrate = '1/s'\nheaders = { content-type = 'a/b' }\nform = { a = { file = '../x', media-type = 'jpeg' } }\ntls = { certificate = 'a.pem' }\n"
    ), @r"
        5 problems in tollgate.toml

        tollgate.toml:4:13: a form makes its own `content-type`
          |
        4 | headers = { content-type = 'a/b' }
          |             ^^^^^^^^^^^^
          = help: leave it out

        tollgate.toml:5:14: `jpeg` is not a media type
          |
        5 | form = { a = { file = '../x', media-type = 'jpeg' } }
          |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: such as `image/jpeg`

        tollgate.toml:5:14: `../x` leaves the repository
          |
        5 | form = { a = { file = '../x', media-type = 'jpeg' } }
          |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: write it relative to the root of the repository, without `..`

        tollgate.toml:6:7: `tls` is set, and nothing that the load goes to has it
          |
        6 | tls = { certificate = 'a.pem' }
          |       ^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: only a `url` that begins with `https://` has TLS

        tollgate.toml:6:7: half a certificate of our own
          |
        6 | tls = { certificate = 'a.pem' }
          |       ^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: set both `certificate` and `key`, or neither
        ");
}
