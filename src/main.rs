//! Parse, run, exit code.
#![expect(clippy::disallowed_methods, reason = "the one place that reads the process's surroundings")]

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use tollgate::cli::{Cli, When};
use tollgate::commands::{self, Code, Context};
use tollgate::measure::stop::Stop;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.color {
        When::Auto => anstream::ColorChoice::Auto,
        When::Always => anstream::ColorChoice::Always,
        When::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let (current, stop) = match (std::env::current_dir(), Stop::on_signal()) {
        (Ok(current), Ok(stop)) => (current, stop),
        (Err(error), _) => return failed("find the current folder", &error.to_string()),
        (_, Err(error)) => return failed("listen to signals", &error.to_string()),
    };
    // Without /proc the name by which it was started is the next best; most commands start no program.
    let tollgate =
        std::env::current_exe().unwrap_or_else(|_| std::env::args_os().next().map_or_else(PathBuf::new, PathBuf::from));
    let context = Context {
        directory: cli.directory.map_or(current.clone(), |directory| current.join(directory)),
        environment: std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect(),
        tollgate,
        quiet: cli.quiet,
        interactive: io::stderr().is_terminal(),
        now_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed()),
        stop,
    };
    ExitCode::from(commands::run(&cli.command, &context) as u8)
}

/// Says why nothing can be done at all.
fn failed(what: &str, why: &str) -> ExitCode {
    let _said = writeln!(
        io::stderr(),
        "error: nothing done: {what}: {why}\n  hint: change to a folder that is there, and run it again"
    );
    ExitCode::from(Code::Internal as u8)
}
