//! What scripts that only read ask: at a replica while that is well, and of the primary otherwise. A replica
//! has the same logins, views and row-level security, because it is a copy; what is different there is
//! that it may be late, and may break off what it does.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use scriptorium_model::{Invalid, TenantId};
use serde_json::Value;

use super::session::{Blame, Failure, Session};
use super::{Running, Seat, Server};
use crate::db::postgres::{self, Access, Replica};
use crate::error::{Error, Result};
use crate::tenant_data::Row;
use crate::tenant_data::bounds::Bounds;

/// A transaction that only reads: what it takes to begin it again.
pub(super) struct Reading {
    server: Arc<Server>,
    tenant: TenantId,
    seat: RefCell<Seat>,
    at: Cell<At>,
}

/// Where a transaction that only reads is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Primary,
    /// There it can be begun again at the primary until something was answered.
    Replica {
        answered: bool,
    },
    /// The replica has broken it off, and the primary does not know what was answered.
    Lost,
}

impl Server {
    /// One statement of a script that only reads. Dropped, it is stopped.
    pub(in crate::tenant_data) async fn query_reading(
        &self,
        tenant: TenantId,
        sql: &str,
        params: &[Value],
        bounds: Bounds,
    ) -> Result<Vec<Row>> {
        if let Some(replica) = self.replica() {
            let asked = async {
                let begin = format!("begin read only; {}", postgres::name(tenant));
                let (_seat, mut session) = self.begin_at_replica(tenant, begin).await?;
                let rows = session.query(sql, params, bounds).await;
                session.end(rows).await
            };
            match until_silent(Some(replica), asked).await {
                Err(failure) if excused(replica, &failure) => {}
                done => {
                    replica.has_answered();
                    return Ok(done?);
                }
            }
        }
        self.passes_replica_by();
        self.query_bounded(tenant, false, sql, params, bounds).await
    }

    /// Begins a transaction that only reads and sees everything as it was at its first statement.
    pub(super) async fn begin_reading(
        self: &Arc<Self>,
        tenant: TenantId,
    ) -> Result<(Reading, Session), Failure> {
        let mut begun = None;
        if let Some(replica) = self.replica() {
            let beginning = self.begin_at_replica(tenant, snapshot(tenant));
            match until_silent(Some(replica), beginning).await {
                Err(failure) if excused(replica, &failure) => {}
                done => begun = Some((At::Replica { answered: false }, done?)),
            }
        }
        let (at, (seat, session)) = match begun {
            Some(begun) => begun,
            None => (At::Primary, self.begin_snapshot(tenant).await?),
        };
        let reading = Reading {
            server: Arc::clone(self),
            tenant,
            seat: RefCell::new(seat),
            at: Cell::new(at),
        };
        Ok((reading, session))
    }

    async fn begin_snapshot(&self, tenant: TenantId) -> Result<(Seat, Session), Failure> {
        let pool = self.pool().await?;
        let seat = self.seat(tenant, Access::Read).await?;
        let session = Session::begin(pool, snapshot(tenant), &self.checked).await?;
        Ok((seat, session))
    }

    async fn begin_at_replica(
        &self,
        tenant: TenantId,
        begin: String,
    ) -> Result<(Seat, Session), Failure> {
        let gone = || Error::platform("there is no pool of the replica");
        let pool = self.replica_pool().await?.ok_or_else(gone)?;
        let seat = self.seat_at_replica(tenant).await?;
        let session = Session::begin(pool, begin, &self.checked).await?;
        Ok((seat, session))
    }

    /// The replica, when there is one and it is well.
    fn replica(&self) -> Option<&Replica> {
        self.server.replica().filter(|replica| replica.is_well())
    }

    fn passes_replica_by(&self) {
        if let Some(replica) = self.server.replica() {
            replica.was_passed_by();
        }
    }
}

impl Running {
    /// Whether nothing can be changed in it.
    pub(in crate::tenant_data) fn only_reads(&self) -> bool {
        self.reading.is_some()
    }

    /// Refuses a transaction of which a part was read somewhere that is not there any more.
    pub(in crate::tenant_data) fn check_whole(&self) -> Result<()> {
        match &self.reading {
            Some(reading) if reading.at.get() == At::Lost => Err(broken_off()),
            _ => Ok(()),
        }
    }

    /// One statement of a transaction that only reads.
    pub(super) fn query_reading(
        &self,
        reading: &Reading,
        ask: impl AsyncFn(&mut Session) -> Result<Vec<Row>, Failure>,
    ) -> Result<Vec<Row>> {
        match reading.at.get() {
            At::Lost => Err(broken_off()),
            At::Primary => {
                reading.server.passes_replica_by();
                Ok(self.part(&ask)?)
            }
            At::Replica { answered } => {
                let Some(replica) = reading.server.server.replica() else {
                    return Err(Error::platform("a transaction has lost its replica"));
                };
                match self.part(&ask) {
                    Err(failure) if excused(replica, &failure) => {
                        if answered {
                            reading.at.set(At::Lost);
                            return Err(broken_off());
                        }
                        self.begin_again(reading)?;
                        reading.server.passes_replica_by();
                        Ok(self.part(&ask)?)
                    }
                    done => {
                        replica.has_answered();
                        reading.at.set(At::Replica { answered: true });
                        Ok(done?)
                    }
                }
            }
        }
    }

    /// Begins it at the primary: nothing was answered yet.
    fn begin_again(&self, reading: &Reading) -> Result<()> {
        reading.at.set(At::Lost);
        let beginning = reading.server.begin_snapshot(reading.tenant);
        let begun = self.stop.run_until_cancelled(beginning);
        let begun = self.runtime.block_on(begun);
        let (seat, session) = begun.ok_or_else(super::stopped)??;
        reading.seat.replace(seat);
        self.session.replace(session);
        self.parts.set(0);
        self.broken.set(false);
        reading.at.set(At::Primary);
        Ok(())
    }

    /// The replica that it is at.
    pub(super) fn replica(&self) -> Option<&Replica> {
        let reading = self.reading.as_ref()?;
        match reading.at.get() {
            At::Replica { .. } => reading.server.server.replica(),
            At::Primary | At::Lost => None,
        }
    }
}

/// The text that begins such a transaction.
fn snapshot(tenant: TenantId) -> String {
    let name = postgres::name(tenant);
    format!("begin isolation level repeatable read read only; {name}")
}

/// Waits no longer than until a look finds that the replica does not answer: a server that is out of reach cuts
/// nobody off.
pub(super) async fn until_silent<T>(
    replica: Option<&Replica>,
    asked: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Some(replica) = replica else {
        return asked.await;
    };
    tokio::select! {
        biased;
        done = asked => done,
        () = replica.silent() => Err(Failure::Silent),
    }
}

/// Whether the primary is to be asked the same: the statement is not to blame.
fn excused(replica: &Replica, failure: &Failure) -> bool {
    match failure.blame() {
        Blame::Statement => false,
        Blame::Moment => true,
        Blame::Server => {
            replica.has_cut();
            true
        }
    }
}

fn broken_off() -> Error {
    let message = "was broken off by the replica that it read from: do it again";
    Invalid::field("transaction", "changed", message).into()
}
