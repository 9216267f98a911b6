//! `tollgate load`: one scenario by hand, watched while it runs. Refuses to judge by rounds: that is what `tollgate check` is for.

mod asked;
mod beside;
mod driven;
mod live;
mod recent;
mod result;

use std::path::Path;

use crate::baseline::store::write_atomically;
use crate::cli::LoadArgs;
use crate::config::scenario::{Engine, Load, Target};
use crate::model::Unit;
use crate::report::load::{self, LoadResult, Standing};
use crate::report::{escape, number};

use super::{Code, Context, Failure};

pub(super) use beside::beside;

use asked::{Asked, NOTHING};
use live::Show;
use result::Parts;

/// What `--json` without a file means: standard output.
const STANDARD_OUTPUT: &str = "-";

/// Sends the load, shows what came back, and gives the exit code.
pub(super) fn run(args: &LoadArgs, context: &Context) -> Result<Code, Failure> {
    let asked = asked::scenario(args, context)?;
    let Engine::Own(load) = &asked.scenario.engine else { return Err(external(&asked)) };
    announce(&asked, load, context);
    let show = match (context.quiet, context.interactive && !args.no_live) {
        (true, _) => Show::Nothing,
        (false, true) => Show::Picture,
        (false, false) => Show::Lines,
    };
    let driven = driven::drive(&asked, load, show, context)?;
    let parts = Parts {
        title: &asked.title,
        suite: &asked.suite.name,
        load,
        policy: &asked.policy,
        started_at_s: context.now_s,
        driven,
    };
    let result = result::result(parts);
    shown(args, &result, context)?;
    Ok(code(result.standing()))
}

/// Another tool's load is judged by a check, which knows how to read its result.
fn external(asked: &Asked) -> Failure {
    Failure {
        code: Code::Usage,
        consequence: NOTHING,
        message: format!("another engine makes the load of `{}`", asked.title),
        hint: Some(format!(
            "run that engine by hand, or `tollgate check --only {}`",
            escape::shell(&format!("{}/*", asked.title))
        )),
    }
}

/// Says what will be sent, and to whom, before anything is.
fn announce(asked: &Asked, load: &Load, context: &Context) {
    let to = match &asked.scenario.target {
        Target::Service(service) => format!("service `{}`", service.name),
        Target::Addresses(addresses) => {
            addresses.iter().map(|address| address.origin.to_string()).collect::<Vec<_>>().join(", ")
        }
    };
    let warm_up = if load.warm_up.is_zero() {
        String::new()
    } else {
        format!(" after {} of warm-up", number::quantity(load.warm_up.as_secs_f64(), &Unit::Seconds))
    };
    let text = format!(
        "{} to {to}: {}{warm_up}, over at most {}",
        result::requests(load),
        result::profile(&load.profile),
        number::plural(load.connections.count as usize, "connection")
    );
    context.say(&escape::terminal(&text));
}

/// Prints the result and writes its files.
fn shown(args: &LoadArgs, result: &LoadResult, context: &Context) -> Result<(), Failure> {
    let to_output = args.json.as_deref().is_some_and(|path| path == Path::new(STANDARD_OUTPUT));
    if to_output {
        context.print(&load::to_json(result));
    } else {
        context.print_report(&load::text(result));
    }
    let json = args.json.as_deref().filter(|_| !to_output).map(|path| (path, load::to_json(result)));
    let page = args.html.as_deref().map(|path| (path, load::page(result)));
    for (path, text) in [json, page].into_iter().flatten() {
        let path = context.directory.join(path);
        write_atomically(&path, text.as_bytes()).map_err(|error| Failure {
            code: Code::Internal,
            consequence: "result not written",
            message: format!("write {}: {error}", path.display()),
            hint: Some("check the free space and the permissions".to_owned()),
        })?;
        context.say(&escape::terminal(&format!("written: {}", path.display())));
    }
    Ok(())
}

/// The exit code of what a result is worth.
fn code(standing: Standing) -> Code {
    match standing {
        Standing::Broken | Standing::Nothing => Code::Broken,
        Standing::Interrupted => Code::Interrupted,
        Standing::Late => Code::Inconclusive,
        Standing::OverBudget => Code::OverBudget,
        Standing::Sound => Code::Pass,
    }
}
