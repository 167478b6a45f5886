//! The scriptorium command: arguments, environment, files, exit statuses. Everything else is the
//! façade, or the HTTP API of a server. Data goes to standard output, the rest to standard error.

mod alert;
mod arguments;
mod audit;
mod backup;
mod check;
mod configuration;
mod dead_letter;
mod execution;
mod exit;
mod file;
mod folder;
mod follow;
mod halt;
mod local;
mod manifest;
mod migrate;
mod notification;
mod operation;
mod outgoing;
mod print;
mod remote;
mod script;
mod secret;
mod serve;
mod service;
mod settings;
mod signing_secret;
mod subscription;
mod tenant;
mod token;
mod transfer;
mod wall;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Cli, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            exit::of(&error).into()
        }
    }
}

fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Check(arguments) => return check::run(&arguments),
        Command::Config(arguments) => {
            configuration::show(&arguments)?;
            return Ok(Exit::Done);
        }
        _ => {}
    }
    // The same provider for every TLS connection; a second installation finds the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A thread is inside the wall only if it is started after it: the runtime comes last.
    let serve = match &command {
        Command::Serve(arguments) => Some(serve::Prepared::new(arguments)?),
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if let Some(prepared) = serve {
            return serve::run(prepared).await.map(|()| Exit::Done);
        }
        match command {
            Command::Run(arguments) => return local::run(&arguments).await,
            Command::Migrate(command) => return migrate::run(command).await,
            Command::Script(command) => script::run(command).await,
            Command::Execution(command) => execution::run(command).await,
            Command::Operation(command) => operation::run(command).await,
            Command::DeadLetter(command) => dead_letter::run(command).await,
            Command::Notification(command) => notification::run(command).await,
            Command::Halt(command) => halt::run(command).await,
            Command::Subscription(command) => subscription::run(command).await,
            Command::Alert(command) => alert::run(command).await,
            Command::Token(command) => token::run(command).await,
            Command::Tenant(command) => tenant::run(command).await,
            Command::Outgoing(command) => outgoing::run(command).await,
            Command::Secret(command) => secret::run(command).await,
            Command::Service(command) => service::run(command).await,
            Command::SigningSecret(command) => signing_secret::run(command).await,
            Command::Audit(command) => audit::run(command).await,
            Command::Backup(arguments) => backup::run(arguments).await,
            Command::Export(arguments) => transfer::export(arguments).await,
            Command::Import(arguments) => transfer::import(arguments).await,
            Command::Restore(arguments) => backup::restore(arguments).await,
            Command::Serve(_) | Command::Check(_) | Command::Config(_) => Ok(()),
        }
        .map(|()| Exit::Done)
    })
}
