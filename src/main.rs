//! Parse, run, exit code.
#![expect(clippy::disallowed_methods, reason = "the one place that reads the process's surroundings")]

use std::io::IsTerminal;
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
    let (Ok(current), Ok(tollgate), Ok(stop)) = (std::env::current_dir(), std::env::current_exe(), Stop::on_signal())
    else {
        return ExitCode::from(Code::Internal as u8);
    };
    let context = Context {
        directory: cli.directory.map_or(current.clone(), |directory| current.join(directory)),
        environment: std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect(),
        tollgate,
        quiet: cli.quiet,
        interactive: std::io::stderr().is_terminal(),
        now_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed()),
        stop,
    };
    ExitCode::from(commands::run(&cli.command, &context) as u8)
}
