//! `scriptorium migrate`: how far the database's schema has come, and bringing it up to this
//! release; on PostgreSQL also the logins. It opens the database itself, so no server is needed.

use scriptorium::database;
use serde_json::json;

use crate::arguments::{Migrate, MigrateCommand, MigrateUp};
use crate::exit::{Exit, Refusal};
use crate::settings::Settings;
use crate::{configuration, print};

pub(crate) async fn run(migrate: Migrate) -> anyhow::Result<Exit> {
    match migrate.command.unwrap_or(MigrateCommand::Up(migrate.up)) {
        MigrateCommand::Status(arguments) => {
            let settings = configuration::read(&arguments.serve)?.settings()?;
            show(&settings, arguments.json).await
        }
        MigrateCommand::Up(up) => bring_up(&up).await,
    }
}

async fn bring_up(up: &MigrateUp) -> anyhow::Result<Exit> {
    let settings = configuration::read(&up.arguments.serve)?.settings()?;
    let dir = &settings.data_dir;
    match (&settings.database, up.create_roles) {
        (Some(server), true) => database::create_roles(dir, server).await,
        (server, false) => database::migrate(dir, server.as_ref()).await,
        (None, true) => {
            let message = "--create-roles is for PostgreSQL: give a superuser's database_url";
            return Err(Refusal::usage(message).into());
        }
    }
    .map_err(Refusal::of)?;
    show(&settings, up.arguments.json).await
}

/// Prints where the schema stands; a schema that is behind or ahead is a failure.
async fn show(settings: &Settings, as_json: bool) -> anyhow::Result<Exit> {
    let status = database::status(&settings.data_dir, settings.database.as_ref())
        .await
        .map_err(Refusal::of)?;
    let (state, exit) = match status.applied.cmp(&status.known) {
        std::cmp::Ordering::Less => ("behind", Exit::Failed),
        std::cmp::Ordering::Equal => ("current", Exit::Done),
        std::cmp::Ordering::Greater => ("newer", Exit::Failed),
    };
    if as_json {
        let (applied, known) = (status.applied, status.known);
        print::json(&json!({ "state": state, "applied": applied, "known": known }))?;
    } else {
        let explained = match state {
            "behind" => "older than this release: run `scriptorium migrate up`",
            "newer" => "newer than this release: use the release that migrated it",
            _ => "that of this release",
        };
        print::text(&format!(
            "schema {:04} of {:04}: {explained}",
            status.applied, status.known
        ))?;
    }
    Ok(exit)
}
