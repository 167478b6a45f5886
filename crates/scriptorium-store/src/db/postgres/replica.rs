//! A replica of the platform's database, to which scripts that only read are sent: whether it is one, whether
//! it answers, and how far it is behind. Who looks is the login of scripts' own SQL, the only one that is
//! used there (decision 0054).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scriptorium_model::{Ambient, Invalid, Timestamp};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use super::settings::shown;
use super::{PostgresOptions, connect};
use crate::error::Result;

/// How long an answer to a look may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many looks are remembered that the replica has not reached: an hour of them.
const REMEMBERED: usize = 3_600;

/// Who the server is, whether it follows another one, and how far it has come. The primary is as far as what
/// it has flushed, because nothing else leaves it.
const PLACE: &str = "select c.system_identifier, d.oid::bigint, pg_is_in_recovery(), \
    coalesce((case when pg_is_in_recovery() then pg_last_wal_replay_lsn() \
      else pg_current_wal_flush_lsn() end - '0/0'::pg_lsn)::bigint, 0) \
    from pg_control_system() c, pg_database d where d.datname = current_database()";

/// How a replica is, as far as one knows, and what it was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaStatus {
    /// Whether scripts that only read are sent there.
    pub well: bool,
    /// How long ago the primary was where the replica is, at the last look; `None` while nobody knows.
    pub behind: Option<Duration>,
    /// Statements of scripts that only read which were answered there.
    pub at_replica: u64,
    /// Those that were asked of the primary, because the replica was not well or did not do it.
    pub at_primary: u64,
}

/// The replica of one server.
pub(crate) struct Replica {
    /// Of the looks; it finds nothing but what is PostgreSQL's own.
    login: PgConnectOptions,
    max_lag: Duration,
    ambient: Ambient,
    standing: watch::Sender<Standing>,
    looks: Mutex<Looks>,
    at_replica: AtomicU64,
    at_primary: AtomicU64,
}

/// What statements go by.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// Whether it answered the last look as a replica of ours.
    answers: bool,
    /// Whether it has cut somebody off since.
    cut: bool,
    /// The last instant of which is known that the primary was not further then than the replica is.
    reached: Option<Timestamp>,
    /// When that was looked at.
    looked: Option<Timestamp>,
}

/// What is remembered from look to look.
#[derive(Default)]
struct Looks {
    connection: Option<PgConnection>,
    /// Who the primary is.
    primary: Option<Identity>,
    /// Where the primary was when, as far as the replica has not reached it.
    ahead: VecDeque<(Timestamp, i64)>,
    found: Option<Found>,
}

/// A cluster, and a database in it: the same on all servers that are copies of each other.
type Identity = (i64, i64);

/// Where a server is.
struct Place {
    identity: Identity,
    follows: bool,
    at: i64,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Well,
    Behind,
    /// It does not answer.
    Silent,
    /// It follows nobody.
    Independent,
    /// It is a copy of something else.
    Foreign,
    /// The primary does not say who it is.
    Unknown,
}

impl Replica {
    /// `None` when none is set.
    pub(super) fn of(options: &PostgresOptions, ambient: &Ambient) -> Result<Option<Self>> {
        let Some(login) = options.replica("pg_catalog").transpose()? else {
            return Ok(None);
        };
        Ok(Some(Self {
            login,
            max_lag: options.max_lag(),
            ambient: ambient.clone(),
            standing: watch::Sender::new(Standing::default()),
            looks: Mutex::default(),
            at_replica: AtomicU64::new(0),
            at_primary: AtomicU64::new(0),
        }))
    }

    /// The first look, which refuses a server that can never be a replica of this one. One that does not
    /// answer may be one later.
    pub(super) async fn open(&self, primary: &PgPool) -> Result<()> {
        if self.look(primary).await != Found::Foreign {
            return Ok(());
        }
        let message = format!(
            "is no replica of the database of database_url: {} is a copy of another one",
            shown(&self.login)
        );
        Err(Invalid::field("database_url_replica", "refused", message).into())
    }

    /// Looks at both servers.
    pub(crate) async fn look_again(&self, primary: &PgPool) {
        self.look(primary).await;
    }

    /// Whether statements may be sent there now. Time passes between looks, too: when nobody looks any more,
    /// nothing is sent.
    pub(crate) fn is_well(&self) -> bool {
        let standing = *self.standing.borrow();
        let late = standing.reached.map(|reached| self.since(reached));
        standing.answers && !standing.cut && late.is_some_and(|late| late <= self.max_lag)
    }

    /// Waits until a look finds that it does not answer.
    pub(crate) async fn silent(&self) {
        let mut standing = self.standing.subscribe();
        // The sender lives as long as this.
        let _ = standing.wait_for(|standing| !standing.answers).await;
    }

    /// It has cut somebody off, and gets nothing until the next look.
    pub(crate) fn has_cut(&self) {
        self.standing.send_modify(|standing| standing.cut = true);
    }

    /// A statement was answered there.
    pub(crate) fn has_answered(&self) {
        self.at_replica.fetch_add(1, Ordering::Relaxed);
    }

    /// A statement that it might have answered was asked of the primary.
    pub(crate) fn was_passed_by(&self) {
        self.at_primary.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn status(&self) -> ReplicaStatus {
        let standing = *self.standing.borrow();
        let behind = standing
            .looked
            .zip(standing.reached)
            .map(|(looked, reached)| between(reached, looked));
        ReplicaStatus {
            well: self.is_well(),
            behind,
            at_replica: self.at_replica.load(Ordering::Relaxed),
            at_primary: self.at_primary.load(Ordering::Relaxed),
        }
    }

    async fn look(&self, primary: &PgPool) -> Found {
        let mut looks = self.looks.lock().await;
        let now = self.ambient.now();
        // The primary first: it was no further than this when the replica says where it is.
        match timeout(PATIENCE, Place::of_primary(primary)).await {
            Ok(Ok(place)) => looks.sees(now, &place),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the primary does not say where it is: its replica grows old");
            }
            Err(_) => {
                tracing::warn!("the primary is slow to say where it is: its replica grows old")
            }
        }
        let mut standing = *self.standing.borrow();
        let place = timeout(PATIENCE, self.place(&mut looks.connection)).await;
        let found = match place {
            Ok(Ok(place)) => {
                let found = looks.meets(&place, &mut standing);
                let late = standing.reached.map(|reached| between(reached, now));
                match found {
                    Found::Well if late.is_none_or(|late| late > self.max_lag) => Found::Behind,
                    found => found,
                }
            }
            failed => {
                if let Ok(Err(error)) = failed
                    && looks.found != Some(Found::Silent)
                {
                    tracing::warn!(%error, "the replica cannot be asked");
                }
                Found::Silent
            }
        };
        standing.answers = matches!(found, Found::Well | Found::Behind);
        (standing.cut, standing.looked) = (false, Some(now));
        self.standing.send_replace(standing);
        if looks.found.replace(found) != Some(found) {
            self.tell(found);
        }
        found
    }

    async fn place(&self, connection: &mut Option<PgConnection>) -> Result<Place> {
        let mut open = match connection.take() {
            Some(open) => open,
            None => connect(&self.login).await?,
        };
        let place = Place::of(&mut open).await?;
        // One that was given up in the middle is not used again.
        *connection = Some(open);
        Ok(place)
    }

    fn tell(&self, found: Found) {
        let replica = shown(&self.login);
        match found {
            Found::Well => {
                tracing::info!(%replica, "scripts that only read are sent to the replica")
            }
            Found::Behind => tracing::warn!(
                %replica, most = ?self.max_lag,
                "the replica is too far behind: its statements go to the primary"
            ),
            Found::Silent => tracing::warn!(
                %replica, "the replica does not answer: its statements go to the primary"
            ),
            Found::Independent => tracing::warn!(
                %replica,
                "database_url_replica names a server that follows no other: statements go to the primary"
            ),
            Found::Foreign => tracing::error!(
                %replica,
                "database_url_replica names a copy of another database: statements go to the primary"
            ),
            Found::Unknown => tracing::warn!(
                %replica, "nobody knows yet whose replica it is: its statements go to the primary"
            ),
        }
    }

    fn since(&self, instant: Timestamp) -> Duration {
        between(instant, self.ambient.now())
    }
}

impl std::fmt::Debug for Replica {
    /// Without the login: it holds a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica")
            .field("login", &shown(&self.login))
            .field("max_lag", &self.max_lag)
            .finish_non_exhaustive()
    }
}

impl Looks {
    /// Takes down where the primary is.
    fn sees(&mut self, now: Timestamp, primary: &Place) {
        self.primary = Some(primary.identity);
        // Another one has taken over, and its log is not that far.
        if self.ahead.back().is_some_and(|(_, at)| *at > primary.at) {
            self.ahead.clear();
        }
        if self.ahead.len() == REMEMBERED {
            self.ahead.pop_front();
        }
        self.ahead.push_back((now, primary.at));
    }

    /// Compares that with where the replica is.
    fn meets(&mut self, replica: &Place, standing: &mut Standing) -> Found {
        let found = match self.primary {
            None => Found::Unknown,
            Some(identity) if identity != replica.identity => Found::Foreign,
            Some(_) if !replica.follows => Found::Independent,
            Some(_) => Found::Well,
        };
        if found != Found::Well {
            standing.reached = None;
            return found;
        }
        while let Some((instant, _)) = self.ahead.pop_front_if(|(_, at)| *at <= replica.at) {
            standing.reached = Some(instant);
        }
        found
    }
}

impl Place {
    async fn of_primary(pool: &PgPool) -> Result<Self> {
        Self::of(&mut *pool.acquire().await?).await
    }

    async fn of(connection: &mut PgConnection) -> Result<Self> {
        let place: (i64, i64, bool, i64) = sqlx::query_as(PLACE).fetch_one(connection).await?;
        let (cluster, database, follows, at) = place;
        Ok(Self {
            identity: (cluster, database),
            follows,
            at,
        })
    }
}

/// None when a clock was put back.
fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}
