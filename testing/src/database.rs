//! A database of one test, cloned from a template and dropped with the value.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Cluster;

/// A database in the shared cluster; gone when this is dropped.
#[derive(Debug)]
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    /// A copy of a template, which `prepare` fills when it is first asked for; it gets the
    /// superuser's URL. A rebuilt test binary prepares its own.
    pub async fn cloned(template: &str, prepare: impl AsyncFnOnce(String)) -> Self {
        let cluster = Cluster::shared();
        let template = format!("{template}_{}", build());
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{count}", std::process::id());
        let copied = format!("create database {name} template {template}");
        // In one process of psql, because hundreds of tests begin with this.
        let copy = [
            &format!("drop database if exists {name} with (force)"),
            &copied,
            // Who may connect or make temporary tables is not copied along.
            &format!(
                "update pg_database set datacl = (select datacl from pg_database \
                 where datname = '{template}') where datname = '{name}'"
            ),
        ];
        let copy = || cluster.try_psql("postgres", &copy.map(String::as_str));
        if copy().is_err() {
            make(cluster, &template, prepare).await;
            copy().unwrap_or_else(|error| panic!("{copied}\n{error}"));
        }
        Self { cluster, name }
    }

    /// Its URL for a login.
    pub fn url(&self, login: &str) -> String {
        self.cluster.url(login, &self.name)
    }

    /// Its URL for the superuser.
    pub fn superuser(&self) -> String {
        self.cluster.superuser(&self.name)
    }

    /// Runs SQL in it as the superuser; what it answers, unaligned.
    pub fn psql(&self, sql: &str) -> String {
        self.cluster.psql(&self.name, sql)
    }

    /// Why the database refuses SQL to the superuser.
    pub fn refusal(&self, sql: &str) -> String {
        match self.cluster.try_psql(&self.name, &[sql]) {
            Ok(answer) => panic!("not refused: {sql}\n{answer}"),
            Err(error) => error,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("drop database if exists {} with (force)", self.name);
        // A test that fails says why; what is left goes with the cluster.
        let _ = self.cluster.try_psql("postgres", &[&sql]);
    }
}

/// Makes a template unless it is there.
async fn make(cluster: &Cluster, template: &str, prepare: impl AsyncFnOnce(String)) {
    let psql = |sql: &str| cluster.psql("postgres", sql);
    let once = async || {
        let exists = format!("select count(*) from pg_database where datname = '{template}'");
        if psql(&exists) != "0" {
            return;
        }
        let raw = format!("{template}_raw");
        psql(&format!("drop database if exists {raw} with (force)"));
        psql(&format!("create database {raw}"));
        prepare(cluster.superuser(&raw)).await;
        // Only what is ready gets the name that others look for.
        psql(&format!("alter database {raw} rename to {template}"));
    };
    cluster.alone(once).await;
}

/// Which build of which test binary this is.
pub(crate) fn build() -> String {
    let mut hash = DefaultHasher::new();
    if let Ok(path) = std::env::current_exe() {
        path.hash(&mut hash);
        if let Ok(metadata) = fs::metadata(&path) {
            metadata.len().hash(&mut hash);
            metadata.modified().ok().hash(&mut hash);
        }
    }
    format!("{:x}", hash.finish())
}
