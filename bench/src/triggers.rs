//! The ways in, on each database: how many events are accepted and executed, how soon a script begins
//! after what started it, what an endpoint serves with its history on disk, how late schedules are when
//! thousands of them are due at once, and what a server asks of its database when nothing happens.

mod chain;
mod events;
mod first;
mod idle;
mod marks;
mod schedules;
mod wrk;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use scriptorium::database::create_roles;
use scriptorium::{Builder, Database, TenantShare};
use scriptorium_testing::Cluster;
use serde::Serialize;
use tempfile::TempDir;

use self::marks::Marks;
use crate::disk;
use crate::figures::Figures;
use crate::platform::runtime;
use crate::site::Site;

pub(crate) use chain::Chain;
pub(crate) use events::Events;
pub(crate) use first::First;
pub(crate) use idle::Idle;
pub(crate) use schedules::Late;
pub(crate) use wrk::Served;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Events published as fast as they are accepted.
    pub(crate) events: usize,
    /// Executions begun one after the other, by each way in.
    pub(crate) firsts: usize,
    /// Chains begun one after the other, and ten times as many together.
    pub(crate) chains: usize,
    /// Schedules due in one minute; 0 leaves them out.
    pub(crate) schedules: usize,
    /// How long the endpoint is asked, and six times as long nothing is.
    pub(crate) time: Duration,
}

/// All of it.
#[derive(Serialize)]
pub(crate) struct Triggers {
    pub(crate) disk: Figures,
    pub(crate) sqlite: OnDatabase,
    pub(crate) postgres: OnDatabase,
}

/// What was measured on one database.
#[derive(Serialize)]
pub(crate) struct OnDatabase {
    pub(crate) events: Events,
    /// One for each way in.
    pub(crate) firsts: Vec<First>,
    pub(crate) chain: Chain,
    pub(crate) served: Served,
    pub(crate) late: Option<Late>,
    pub(crate) idle: Idle,
}

impl Triggers {
    pub(crate) fn measure(sizes: Sizes) -> Result<Self> {
        Ok(Self {
            disk: disk::measure()?,
            sqlite: OnDatabase::measure(None, sizes)?,
            postgres: OnDatabase::measure(Some(&Postgres::start()?), sizes)?,
        })
    }
}

impl OnDatabase {
    fn measure(postgres: Option<&Postgres>, sizes: Sizes) -> Result<Self> {
        // Each on a site of its own, so that none finds the rows of another.
        let events = on(postgres, |site, marks| {
            events::measure(site, marks, sizes.events)
        })?;
        let firsts = on(postgres, |site, marks| {
            first::measure(site, marks, sizes.firsts)
        })?;
        let chain = on(postgres, |site, marks| {
            chain::measure(site, marks, sizes.chains)
        })?;
        let served = on(postgres, |site, _| wrk::measure(site, sizes.time))?;
        let late = (sizes.schedules > 0)
            .then(|| {
                on(postgres, |site, marks| {
                    schedules::measure(site, marks, sizes.schedules)
                })
            })
            .transpose()?;
        let idle = on(postgres, |site, _| {
            idle::measure(site, postgres, 6 * sizes.time)
        })?;
        Ok(Self {
            events,
            firsts,
            chain,
            served,
            late,
            idle,
        })
    }
}

fn on<T>(
    postgres: Option<&Postgres>,
    measure: impl FnOnce(&Site, &Marks) -> Result<T>,
) -> Result<T> {
    let marks = Marks::default();
    let more = |builder: Builder| {
        // One tenant starts more chains in a minute than it might.
        let share = TenantShare {
            events: None,
            ..TenantShare::SHARED_HOSTING
        };
        let builder = builder.service(marks.service()).other_tenants(share);
        match postgres {
            Some(postgres) => builder.database(postgres.database()),
            None => builder,
        }
    };
    if let Some(postgres) = postgres {
        postgres.empty()?;
    }
    let site = Site::with(more)?;
    let measured = measure(&site, &marks);
    site.stop()?;
    measured
}

/// A server as Debian has it: what it says is committed is on disk.
pub(crate) struct Postgres {
    cluster: Cluster,
    folder: TempDir,
}

impl Postgres {
    fn start() -> Result<Self> {
        let folder = disk::folder()?;
        open(folder.path())?;
        let settings = "-c fsync=on -c full_page_writes=on -c shared_buffers=256MB";
        Ok(Self {
            cluster: Cluster::tuned(folder.path().join("server"), settings, false),
            folder,
        })
    }

    /// A database with the tables and nothing in them.
    fn empty(&self) -> Result<()> {
        let cluster = &self.cluster;
        cluster.psql("postgres", "drop database if exists bench with (force)");
        cluster.psql("postgres", "create database bench");
        let superuser = Database {
            url: cluster.superuser("bench"),
            ..Database::default()
        };
        let made = create_roles(self.folder.path(), &superuser);
        Ok(runtime()?.block_on(made)?)
    }

    fn database(&self) -> Database {
        let login = |name: &str| self.cluster.url(&format!("scriptorium_{name}"), "bench");
        Database {
            url: login("app"),
            system: Some(login("system")),
            script: Some(login("script")),
            migrator: Some(login("migrator")),
            prefix: None,
            replica: None,
        }
    }

    /// Has every statement written down from now on, or none.
    fn write_statements_down(&self, on: bool) {
        let level = if on { "all" } else { "none" };
        let cluster = &self.cluster;
        cluster.psql(
            "postgres",
            &format!("alter system set log_statement = '{level}'"),
        );
        cluster.psql("postgres", "select pg_reload_conf()");
    }

    /// How many statements were written down so far.
    fn statements(&self) -> Result<usize> {
        let log = self.folder.path().join("server/cluster/server.log");
        let text = std::fs::read_to_string(log)?;
        let is_statement = |line: &&str| {
            ["statement: ", "execute "]
                .iter()
                .any(|word| line.contains(&format!("LOG:  {word}")))
        };
        Ok(text.lines().filter(is_statement).count())
    }
}

/// Lets the server's own user into a folder.
fn open(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, everybody)?;
    ensure!(folder.is_dir(), "{} is no folder", folder.display());
    Ok(())
}
