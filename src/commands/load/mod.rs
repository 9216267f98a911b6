//! `tollgate load`: one scenario by hand, watched while it runs. Refuses to judge by rounds: that is what `tollgate check` is for.

mod asked;
mod beside;
mod driven;
mod live;
mod recent;
mod result;

use std::path::Path;

use crate::baseline::store::write_atomically;
use crate::cli::{LoadArgs, RunArgs};
use crate::config::scenario::{Engine, Load, Shard, Target};
use crate::model::Unit;
use crate::report::load::{self, LoadResult, Standing};
use crate::report::{escape, number};

use super::{Code, Context, Failure};

pub(super) use beside::{beside, read};

use asked::{Asked, NOTHING};
use live::Show;
use result::Parts;

/// What `--json` without a file means: standard output.
const STANDARD_OUTPUT: &str = "-";

/// Sends the load, shows what came back, and gives the exit code.
pub(super) fn run(args: &LoadArgs, context: &Context) -> Result<Code, Failure> {
    let asked = asked::scenario(args, context)?;
    let Engine::Own(load) = &asked.scenario.engine else { return Err(external(&asked)) };
    let result = sent(&asked, load, args, context)?;
    shown(args, &result, context)?;
    Ok(code(result.standing()))
}

/// Sends one part of the load, writes its result, and gives the exit code. The part's conditions are those of the whole, and which part it is.
pub(super) fn run_part(args: &RunArgs, context: &Context) -> Result<Code, Failure> {
    let usage = |message: String, hint: &str| Failure {
        consequence: NOTHING,
        ..Failure::usage(message, Some(hint.to_owned()))
    };
    let shard: Shard = args
        .shard
        .parse()
        .map_err(|message: String| usage(escape::terminal(&message), "the first of four parts is `--shard 1/4`"))?;
    let asked = asked::scenario(&args.load, context)?;
    let Engine::Own(load) = &asked.scenario.engine else { return Err(external(&asked)) };
    if matches!(asked.scenario.target, Target::Service(_)) {
        let message = "the parts of a load go to one service, and each machine would start its own".to_owned();
        return Err(usage(message, "start the service, and say where it is with `--url`"));
    }
    let part = load.shard(shard).map_err(|message| usage(message, "take fewer parts, or a constant level"))?;
    let mut result = sent(&asked, &part, &args.load, context)?;
    result.conditions = result::conditions(load);
    result.conditions.push((load::SHARD.to_owned(), shard.to_string()));
    context.print_report(&load::text(&result));
    written(&args.out, &load::to_json(&result), context)?;
    Ok(code(result.standing()))
}

/// Sends the load as far as the user lets it.
fn sent(asked: &Asked, load: &Load, args: &LoadArgs, context: &Context) -> Result<LoadResult, Failure> {
    announce(asked, load, context);
    let show = match (context.quiet, context.interactive && !args.no_live) {
        (true, _) => Show::Nothing,
        (false, true) => Show::Picture,
        (false, false) => Show::Lines,
    };
    let driven = driven::drive(asked, load, show, context)?;
    let parts = Parts {
        title: &asked.title,
        suite: &asked.suite.name,
        load,
        policy: &asked.policy,
        started_at_s: context.now_s,
        driven,
    };
    Ok(result::result(parts))
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
        written(path, &text, context)?;
    }
    Ok(())
}

/// Writes one file of a result, and says so.
pub(super) fn written(path: &Path, text: &str, context: &Context) -> Result<(), Failure> {
    let path = context.directory.join(path);
    write_atomically(&path, text.as_bytes()).map_err(|error| Failure {
        code: Code::Internal,
        consequence: "result not written",
        message: format!("write {}: {error}", path.display()),
        hint: Some("check the free space and the permissions".to_owned()),
    })?;
    context.say(&escape::terminal(&format!("written: {}", path.display())));
    Ok(())
}

/// The exit code of what a result is worth.
pub(super) fn code(standing: Standing) -> Code {
    match standing {
        Standing::Broken | Standing::Nothing => Code::Broken,
        Standing::Interrupted => Code::Interrupted,
        Standing::Late => Code::Inconclusive,
        Standing::OverBudget => Code::OverBudget,
        Standing::Sound => Code::Pass,
    }
}
