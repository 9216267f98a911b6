//! What is read beside a service: what it comes to, and everything that is wrong with it.

use std::time::Duration;

use tollgate::config::expression::Expression;
use tollgate::config::probe::Prometheus;
use tollgate::config::scenario::Target;
use tollgate::config::{Adapter, Config};
use tollgate::model::{Direction, Unit};

use super::scenarios::SERVICE;
use super::{check, refused};

fn endpoint(config: &Config) -> &Prometheus {
    let Adapter::Scenario(scenario) = &config.suites[0].adapter else { panic!("a scenario") };
    let Target::Service(service) = &scenario.target else { panic!("a service") };
    service.probes.prometheus.as_ref().expect("an endpoint")
}

#[test]
fn a_metrics_endpoint_needs_no_more_than_one_metric() {
    let config = check(&format!(
        "{SERVICE}[service.web.prometheus.metric.lag]\nexpression = 'max(lag_ms)'\nunit = 'ms'\nbetter = 'lower'\n[scenario.a]\nservice = 'web'\nrate = '1/s'\n"
    ));
    let endpoint = endpoint(&config);
    assert_eq!((endpoint.path.as_str(), endpoint.every), ("/metrics", Duration::from_secs(1)));
    let lag = endpoint.metrics.values().next().expect("a metric");
    assert_eq!(lag.expression, Expression::parse("max(lag_ms)").expect("an expression"));
    assert_eq!((&lag.unit, lag.direction, lag.gated), (&Unit::Seconds, Direction::LowerIsBetter, false));
    assert!((lag.scale - 1e-3).abs() < 1e-12);
}

#[test]
fn everything_that_is_wrong_with_a_metrics_endpoint_has_its_place() {
    insta::assert_snapshot!(refused(&format!(
        "{SERVICE}[service.web.prometheus]\npath = 'metrics'\nevery = '5 ms'\n[service.web.prometheus.metric.'a b']\nexpression = 'hits / (hits + '\nunit = 'secs'\nbetter = 'higher'\n[service.web.prometheus.metric.b]\nexpression = \"rate(x{{a=\\\"b\\\"}} y)\"\nbetter = 'lower'\n"
    )), @r#"
        6 problems in tollgate.toml

        tollgate.toml:4:8: `metrics` is not a path
          |
        4 | path = 'metrics'
          |        ^^^^^^^^^
          = help: it begins with `/`; the host stands in `url`

        tollgate.toml:5:9: `5 ms` is too often: 100 ms or more is possible
          |
        5 | every = '5 ms'
          |         ^^^^^^
          = help: an endpoint that is read all the time slows the service

        tollgate.toml:6:32: `a b` is not a name for a metric
          |
        6 | [service.web.prometheus.metric.'a b']
          |                                ^^^^^
          = help: a letter or digit, then up to 63 of letters, digits, `-`, `_`, `.`

        tollgate.toml:7:30: a series, a number or `(` is expected here, not the end
          |
        7 | expression = 'hits / (hits + '
          |                              ^
          = help: such as `hits_total / (hits_total + misses_total)`; docs/probes.md has the grammar

        tollgate.toml:8:8: `secs` is not a unit
          |
        8 | unit = 'secs'
          |        ^^^^^^
          = help: possible here: `s`, `ms`, `B`, `MiB`, `ratio`, `/s`, `B/s`, `count`

        tollgate.toml:11:14: `)` is expected here, not `y`
           |
        11 | expression = "rate(x{a=\"b\"} y)"
           |              ^^^^^^^^^^^^^^^^^^^^
           = help: such as `hits_total / (hits_total + misses_total)`; docs/probes.md has the grammar
        "#);
    insta::assert_snapshot!(refused(
        "[service.web]\nstart = ['web']\nprometheus = {}\n[service.api]\nstart = ['api']\n[service.api.prometheus.metric.b]\nexpression = 'a'\nbetter = 'more'\ngated = true\n"
    ), @r"
        3 problems in tollgate.toml

        tollgate.toml:3:14: `[service.web.prometheus]` lacks `metric`
          |
        3 | prometheus = {}
          |              ^^
          = help: `metric`: What becomes a metric of the scenario, by its name

        tollgate.toml:8:10: `more` is not a value of `better`
          |
        8 | better = 'more'
          |          ^^^^^^
          = help: possible here: `lower`, `higher`

        tollgate.toml:9:1: `gated` is not a key of `[service.api.prometheus.metric.b]`
          |
        9 | gated = true
          | ^^^^^
          = help: did you mean `gate`?
        ");
}
