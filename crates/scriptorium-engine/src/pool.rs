//! The pool: lanes of slots made from one artefact. How many slots a wasmtime engine has is fixed
//! when it is made, so the pool grows and shrinks by whole lanes (D1).

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::artifact::Artifact;
use crate::lane::{Kind, Lane};
use crate::ticker::Ticker;
use crate::{Cancel, Config, Error, LaneStatistics};

/// A lane is added ahead of need when of what there is, no more than this part is free (R-POOL-06).
const NEARLY_FULL: u32 = 5;

pub(crate) struct Pool {
    makers: Makers,
    hot: Group,
    overflow: Group,
    /// A permit for each slot that there is or may be: who holds one finds a place.
    room: Arc<Semaphore>,
    /// Memory is short: nothing is made ahead of need.
    pressed: AtomicBool,
    at_once: AtomicU64,
    waited: AtomicU64,
    waited_micros: AtomicU64,
    failed: AtomicU64,
}

/// What a lane is made of.
struct Makers {
    artifact: Artifact,
    max_memory: usize,
    ticker: Arc<Ticker>,
}

/// The lanes of one kind, filled in their order, so that the last fall idle first.
struct Group {
    kind: Kind,
    most: u32,
    lane_slots: u32,
    lanes: RwLock<Vec<Arc<Lane>>>,
    /// Who holds it adds a lane.
    adding: Mutex<()>,
    started: AtomicU64,
    added: AtomicU64,
    dropped: AtomicU64,
}

/// A place in a lane, held for one execution. The place is given back before the permit is.
pub(crate) struct Slot {
    pub(crate) place: Place,
    _permit: OwnedSemaphorePermit,
}

/// One slot of a lane.
pub(crate) struct Place(pub(crate) Arc<Lane>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

impl Pool {
    /// A pool with the first of its hot lanes.
    pub(crate) fn new(
        config: &Config,
        artifact: Artifact,
        max_memory: usize,
        ticker: Arc<Ticker>,
    ) -> Result<Self, Error> {
        let group = |kind, most| Group::new(kind, most, config.lane_slots.max(1));
        let most = config.hot_slots as usize + config.overflow_slots as usize;
        let pool = Self {
            makers: Makers {
                artifact,
                max_memory,
                ticker,
            },
            hot: group(Kind::Hot, config.hot_slots),
            overflow: group(Kind::Overflow, config.overflow_slots),
            room: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            pressed: AtomicBool::new(false),
            at_once: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            waited_micros: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        let first = [&pool.hot, &pool.overflow]
            .into_iter()
            .find(|group| group.most > 0);
        if let Some(group) = first {
            group.add(&pool.makers)?;
        }
        Ok(pool)
    }

    /// A slot, or `None` when the execution is cancelled before there is one. One that is known to
    /// wait takes its place where memory is given back, and leaves the hot ones to others.
    pub(crate) async fn take(
        self: &Arc<Self>,
        waits: bool,
        cancel: &Cancel,
    ) -> Result<Option<Slot>, Error> {
        let order = if waits {
            [Kind::Overflow, Kind::Hot]
        } else {
            [Kind::Hot, Kind::Overflow]
        };
        if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned()
            && let Some(place) = self.find(order)
        {
            self.at_once.fetch_add(1, Ordering::Relaxed);
            return Ok(Some(Slot::new(place, permit)));
        }
        let began = Instant::now();
        self.waited.fetch_add(1, Ordering::Relaxed);
        let permit = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(None),
            permit = Arc::clone(&self.room).acquire_owned() => permit,
        };
        // Nobody closes it while the pool lives.
        let Ok(permit) = permit else { return Ok(None) };
        let place = self.place(order).await;
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
        Ok(Some(Slot::new(place?, permit)))
    }

    /// Drops the lanes that nobody has used for so long, except the first hot one; when memory is
    /// short, all that nobody uses now, and none is made ahead of need until it is not.
    pub(crate) fn shrink(&self, idle: Duration, pressed: bool) {
        self.pressed.store(pressed, Ordering::Relaxed);
        for group in [&self.hot, &self.overflow] {
            group.shrink(idle, pressed);
        }
    }

    pub(crate) fn hot(&self) -> LaneStatistics {
        self.hot.statistics()
    }

    pub(crate) fn overflow(&self) -> LaneStatistics {
        self.overflow.statistics()
    }

    /// Executions that had a slot at once, those that had to wait for one, and for how long.
    pub(crate) fn waits(&self) -> (u64, u64, Duration) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let waited = Duration::from_micros(read(&self.waited_micros));
        (read(&self.at_once), read(&self.waited), waited)
    }

    /// Lanes that could not be made.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    fn group(&self, kind: Kind) -> &Group {
        match kind {
            Kind::Overflow => &self.overflow,
            Kind::Hot | Kind::OnDemand => &self.hot,
        }
    }

    /// A place in a lane that there is. What was looked through and is nearly full grows behind it, as
    /// does what has no lane yet.
    fn find(self: &Arc<Self>, order: [Kind; 2]) -> Option<Place> {
        order.into_iter().find_map(|kind| {
            let group = self.group(kind);
            let place = group.find();
            if group.is_nearly_full() && !self.pressed.load(Ordering::Relaxed) {
                self.add_ahead(kind);
            }
            place
        })
    }

    /// A place for somebody with a permit: there is one, or a lane with one can be added.
    async fn place(self: &Arc<Self>, order: [Kind; 2]) -> Result<Place, Error> {
        loop {
            for kind in order {
                if let Some(place) = self.find([kind, kind]) {
                    return Ok(place);
                }
                let group = self.group(kind);
                let _adding = group.adding.lock().await;
                // Whoever held it may have added one.
                if let Some(place) = group.find() {
                    return Ok(place);
                }
                if group.may_grow() {
                    self.add(kind).await?;
                }
                if let Some(place) = group.find() {
                    return Ok(place);
                }
            }
            // Others took what was free in between; what they had is free now, or soon.
            tokio::task::yield_now().await;
        }
    }

    /// Makes a lane where it may take its milliseconds. `adding` must be held.
    async fn add(self: &Arc<Self>, kind: Kind) -> Result<(), Error> {
        let pool = Arc::clone(self);
        let work = move || pool.group(kind).add(&pool.makers);
        let added = match tokio::task::spawn_blocking(work).await {
            Ok(added) => added,
            Err(_) => Err(Error::Setup(wasmtime::format_err!("no lane could be made"))),
        };
        added.inspect_err(|_| {
            self.failed.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// Adds a lane while nobody waits for it, which takes milliseconds; whoever has to wait later says
    /// what went wrong.
    fn add_ahead(self: &Arc<Self>, kind: Kind) {
        let pool = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let group = pool.group(kind);
            if let Ok(_adding) = group.adding.try_lock()
                && group.is_nearly_full()
                && group.add(&pool.makers).is_err()
            {
                pool.failed.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}

impl Group {
    fn new(kind: Kind, most: u32, lane_slots: u32) -> Self {
        Self {
            kind,
            most,
            lane_slots,
            lanes: RwLock::default(),
            adding: Mutex::new(()),
            started: AtomicU64::new(0),
            added: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    fn find(&self) -> Option<Place> {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.iter().find(|lane| lane.try_take())?;
        self.started.fetch_add(1, Ordering::Relaxed);
        Some(Place(Arc::clone(lane)))
    }

    fn counts(&self) -> (u32, u32, u32) {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        let slots = lanes.iter().map(|lane| lane.slots()).sum();
        let in_use = lanes.iter().map(|lane| lane.in_use()).sum();
        (lanes.len() as u32, slots, in_use)
    }

    fn may_grow(&self) -> bool {
        self.counts().1 < self.most
    }

    fn is_nearly_full(&self) -> bool {
        let (_, slots, in_use) = self.counts();
        slots < self.most && slots.saturating_sub(in_use) * NEARLY_FULL <= slots
    }

    fn add(&self, makers: &Makers) -> Result<(), Error> {
        let slots = self.lane_slots.min(self.most - self.counts().1);
        let lane = Lane::new(self.kind, slots, makers.max_memory, &makers.artifact)?;
        makers.ticker.add(lane.engine.weak());
        let mut lanes = self.lanes.write().unwrap_or_else(PoisonError::into_inner);
        lanes.push(Arc::new(lane));
        self.added.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn shrink(&self, idle: Duration, pressed: bool) {
        let mut unused = Vec::new();
        let mut lanes = self.lanes.write().unwrap_or_else(PoisonError::into_inner);
        for lane in std::mem::take(&mut *lanes) {
            // Nobody takes a place while the lock is held.
            let keep = lane.in_use() > 0
                || !pressed && (lane.idle() < idle || self.kind == Kind::Hot && lanes.is_empty());
            if keep {
                lanes.push(lane);
            } else {
                unused.push(lane);
            }
        }
        drop(lanes);
        self.dropped
            .fetch_add(unused.len() as u64, Ordering::Relaxed);
    }

    fn statistics(&self) -> LaneStatistics {
        let (lanes, slots, in_use) = self.counts();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LaneStatistics {
            lanes,
            slots,
            in_use,
            started: read(&self.started),
            added: read(&self.added),
            dropped: read(&self.dropped),
        }
    }
}

impl Slot {
    fn new(place: Place, permit: OwnedSemaphorePermit) -> Self {
        Self {
            place,
            _permit: permit,
        }
    }
}

/// Whether a program's executions mostly wait, by those that have ended lately.
#[derive(Debug, Default)]
pub(crate) struct Habit(AtomicU32);

impl Habit {
    /// An execution that waits for so long would keep a hot slot from several others.
    const LONG: Duration = Duration::from_millis(5);
    /// So many of them, less those that did not, make a habit.
    const SOON: u32 = 2;
    /// More do not make it stronger: it is given up as soon as it was taken.
    const FIRM: u32 = 2 * Self::SOON;

    pub(crate) fn waits(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= Self::SOON
    }

    /// An execution has waited for host calls for so long.
    pub(crate) fn learn(&self, waited: Duration) {
        let step = |seen: u32| {
            Some(if waited >= Self::LONG {
                (seen + 1).min(Self::FIRM)
            } else {
                seen.saturating_sub(1)
            })
        };
        // The closure always answers.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
    }
}
