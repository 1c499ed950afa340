//! The command line: one file per command. Prints and exits; decides nothing about anybody.

mod approve;
mod check;
mod context;
mod daemon;
mod demo;
mod exit;
mod history;
mod identity;
mod logging;
mod mail_test;
mod output;
mod plan;
mod progress;
mod rebind;
mod run;
mod sandbox;
mod schedule;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use context::Context;
use exit::Exit;

/// Keeps an app's accounts in step with a directory group.
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, about, max_term_width = 110)]
struct Cli {
    /// The configuration directory [default: `$ROLLCALL_CONFIG_DIR`, else `/etc/rollcall`]
    #[arg(long, global = true, value_name = "DIR")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole story on embedded parts: go-live, hires, movers, leavers, a hold, its approval, the mails
    Demo(demo::Arguments),
    /// Leave a simulated Entra tenant, SCIM app and mailbox running, with a configuration for them
    Sandbox(sandbox::Arguments),
    /// Test every link and change nothing
    Check(check::Arguments),
    /// What a run would do now, person by person, attribute by attribute; changes nothing
    Plan(plan::Arguments),
    /// One run now
    Run(run::Arguments),
    /// Release holds, and run now
    Approve(approve::Arguments),
    /// Run on the schedule until SIGTERM
    Daemon(daemon::Arguments),
    /// Health, last and next run, holds; of every customer when none is named
    Status(status::Arguments),
    /// The audit trail: who was changed when, from what to what, why, with what answer
    History(history::Arguments),
    /// The next ten slots, in the customer's time and in UTC
    Schedule(schedule::Arguments),
    /// Send one mail to each recipient
    MailTest(mail_test::Arguments),
    /// Accept a new tenant, group or target for an existing state, after showing what that means
    Rebind(rebind::Arguments),
}

/// Parses the command line, does what it says, and answers with one of the exit codes of [`Exit`].
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is the reader's business.
            drop(error.print());
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    crate::http::install_crypto_provider();
    let context = Context::new(cli.config);
    let exit = match cli.command {
        Command::Demo(arguments) => demo::execute(&arguments),
        Command::Sandbox(arguments) => sandbox::execute(&arguments),
        Command::Check(arguments) => check::execute(&context, &arguments),
        Command::Plan(arguments) => plan::execute(&context, &arguments),
        Command::Run(arguments) => run::execute(&context, &arguments),
        Command::Approve(arguments) => approve::execute(&context, &arguments),
        Command::Daemon(arguments) => daemon::execute(&context, &arguments),
        Command::Status(arguments) => status::execute(&context, &arguments),
        Command::History(arguments) => history::execute(&context, &arguments),
        Command::Schedule(arguments) => schedule::execute(&context, &arguments),
        Command::MailTest(arguments) => mail_test::execute(&context, &arguments),
        Command::Rebind(arguments) => rebind::execute(&context, &arguments),
    };
    exit.unwrap_or_else(|error| exit::complain(&error)).into()
}
