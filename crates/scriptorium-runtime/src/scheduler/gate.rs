//! Who may begin: bounds on what runs at once, per script, per tenant and in the process, and a
//! bounded queue for each tenant in front of them. Knows no clock; whoever uses it says the time.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use scriptorium_model::{ScriptId, TenantId};

use super::ready::WEIGHT;
use super::share::TenantShare;

/// A waiter of a tenant whose queue has not been empty for so long as anybody may wait is refused
/// after this part of that time: such a queue would only make everybody wait (CoDel).
const HASTE: u32 = 10;
/// Callers that wait in the whole process.
const WAITING: usize = 10_000;
/// When to try again, at least and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Somebody who wants to begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bid {
    pub(crate) tenant: TenantId,
    pub(crate) share: TenantShare,
    pub(crate) script: ScriptId,
    /// Executions of the script at once.
    pub(crate) limit: u32,
    /// Waits as long as it takes, and is not counted among those who wait.
    pub(crate) patient: bool,
    /// May use the places reserved for operators.
    pub(crate) by_operator: bool,
    /// A trial, which in a reserved place is no second run of its script.
    pub(crate) trial: bool,
}

/// Which bound kept somebody out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The script has as many executions as it may.
    Script,
    /// The tenant has as many executions, or as many callers that wait, as it may.
    Tenant,
    /// The process has no room.
    Process,
    /// The script is held back by its circuit breaker.
    Circuit,
}

/// Why somebody did not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was full.
    pub bound: Bound,
    /// How much it has.
    pub most: u32,
    /// When to try again.
    pub retry_after: Duration,
}

/// A place that is taken, to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) script: ScriptId,
    /// One of those reserved for operators.
    pub(crate) reserved: bool,
}

/// Where somebody waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    tenant: TenantId,
    script: ScriptId,
    id: u64,
    since: Duration,
}

/// The bounds, what is taken, and who waits; `W` is how a waiter is told.
#[derive(Debug)]
pub(crate) struct Gate<W> {
    /// Places for everybody, and those that only operators may use.
    room: usize,
    reserved: usize,
    taken: usize,
    taken_by_operators: usize,
    patience: Duration,
    tenants: HashMap<TenantId, Tenant<W>>,
    /// Tenants of which somebody may begin as soon as the process has room: the one with the least
    /// running for its weight first, of equals the one that was let in longest ago.
    order: BTreeSet<(u64, u64, TenantId)>,
    turn: u64,
    next_id: u64,
    /// Callers that wait, the patient ones not counted.
    waiting: usize,
    pace: Pace,
}

#[derive(Debug)]
struct Tenant<W> {
    share: TenantShare,
    running: u32,
    waiting: u32,
    /// Since when somebody has been waiting without a break.
    crowded: Option<Duration>,
    scripts: HashMap<ScriptId, Script<W>>,
    place: Option<(u64, u64)>,
    turn: u64,
    pace: Pace,
}

#[derive(Debug)]
struct Script<W> {
    limit: u32,
    running: u32,
    queue: VecDeque<Waiter<W>>,
}

#[derive(Debug)]
struct Waiter<W> {
    id: u64,
    since: Duration,
    patient: bool,
    tell: W,
}

/// How long places are held, on average of late.
#[derive(Clone, Copy, Debug, Default)]
struct Pace(Duration);

impl<W> Gate<W> {
    pub(crate) fn new(room: usize, reserved: usize, patience: Duration) -> Self {
        Self {
            room,
            reserved,
            taken: 0,
            taken_by_operators: 0,
            patience,
            tenants: HashMap::new(),
            order: BTreeSet::new(),
            turn: 0,
            next_id: 0,
            waiting: 0,
            pace: Pace::default(),
        }
    }

    /// Places that are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken + self.taken_by_operators
    }

    /// Callers that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Executions of the script at once, if it is known here.
    pub(crate) fn limit(&self, tenant: TenantId, script: ScriptId) -> Option<u32> {
        Some(self.tenants.get(&tenant)?.scripts.get(&script)?.limit)
    }

    /// A place, if there is one.
    pub(crate) fn enter(&mut self, bid: &Bid) -> Option<Place> {
        let (has_room, reserved) = (self.taken < self.room, self.reserved);
        let may_use_reserved = bid.by_operator && self.taken_by_operators < reserved;
        let tenant = self.tenant(bid);
        let within = tenant.running < tenant.share.running;
        let script = tenant.script(bid);
        let free = script.running < script.limit && script.queue.is_empty();
        if may_use_reserved && (free || bid.trial) {
            script.running += 1;
            self.taken_by_operators += 1;
            return Some(bid.place(true));
        }
        if free && within && has_room {
            script.running += 1;
            tenant.running += 1;
            self.taken += 1;
            self.line_up(bid.tenant);
            return Some(bid.place(false));
        }
        self.tidy(bid.tenant, bid.script);
        None
    }

    /// Gets in line behind those who wait already.
    pub(crate) fn wait(&mut self, now: Duration, bid: &Bid, tell: W) -> Result<Ticket, Refusal> {
        let is_full = self.waiting >= WAITING;
        let tenant = self.tenant(bid);
        if !bid.patient && (is_full || tenant.waiting >= tenant.share.waiting) {
            let refusal = self.refusal(bid.tenant, bid.script);
            self.tidy(bid.tenant, bid.script);
            return Err(refusal);
        }
        if !bid.patient {
            tenant.waiting += 1;
            tenant.crowded.get_or_insert(now);
            self.waiting += 1;
        }
        let id = self.next_id;
        self.next_id += 1;
        let waiter = Waiter {
            id,
            since: now,
            patient: bid.patient,
            tell,
        };
        self.tenant(bid).script(bid).queue.push_back(waiter);
        self.line_up(bid.tenant);
        Ok(Ticket {
            tenant: bid.tenant,
            script: bid.script,
            id,
            since: now,
        })
    }

    /// Why a waiter should wait no longer; `None` when it should, or does not wait any more.
    pub(crate) fn overdue(&self, now: Duration, ticket: &Ticket) -> Option<Refusal> {
        let tenant = self.tenants.get(&ticket.tenant)?;
        let queue = &tenant.scripts.get(&ticket.script)?.queue;
        queue.iter().find(|waiter| waiter.id == ticket.id)?;
        let is_over = now.saturating_sub(ticket.since) >= tenant.patience(now, self.patience);
        is_over.then(|| self.refusal(ticket.tenant, ticket.script))
    }

    /// Takes a waiter out of line.
    pub(crate) fn give_up(&mut self, ticket: &Ticket) {
        let Some(tenant) = self.tenants.get_mut(&ticket.tenant) else {
            return;
        };
        let Some(script) = tenant.scripts.get_mut(&ticket.script) else {
            return;
        };
        let found = script.queue.iter().position(|one| one.id == ticket.id);
        if let Some(waiter) = found.and_then(|at| script.queue.remove(at)) {
            self.gone(ticket.tenant, waiter.patient);
        }
        self.line_up(ticket.tenant);
        self.tidy(ticket.tenant, ticket.script);
    }

    /// Gives a place back after it was held for a time.
    pub(crate) fn leave(&mut self, place: &Place, held: Duration) {
        if place.reserved {
            self.taken_by_operators = self.taken_by_operators.saturating_sub(1);
        } else {
            self.taken = self.taken.saturating_sub(1);
            self.pace.note(held);
        }
        if let Some(tenant) = self.tenants.get_mut(&place.tenant) {
            if !place.reserved {
                tenant.running = tenant.running.saturating_sub(1);
                tenant.pace.note(held);
            }
            if let Some(script) = tenant.scripts.get_mut(&place.script) {
                script.running = script.running.saturating_sub(1);
            }
        }
        self.line_up(place.tenant);
        self.tidy(place.tenant, place.script);
    }

    /// Lets in who may come in now, and turns away who has waited too long.
    pub(crate) fn next(&mut self, now: Duration) -> Option<(W, Result<Place, Refusal>)> {
        if self.taken >= self.room {
            return None;
        }
        let id = self.order.first()?.2;
        let tenant = self.tenants.get_mut(&id)?;
        let patience = tenant.patience(now, self.patience);
        let (script, waiter) = tenant.first()?;
        let is_late = !waiter.patient && now.saturating_sub(waiter.since) >= patience;
        let answer = if is_late {
            Err(self.refusal(id, script))
        } else {
            tenant.running += 1;
            if let Some(script) = tenant.scripts.get_mut(&script) {
                script.running += 1;
            }
            self.turn += 1;
            tenant.turn = self.turn;
            self.taken += 1;
            Ok(Place {
                tenant: id,
                script,
                reserved: false,
            })
        };
        self.gone(id, waiter.patient);
        self.line_up(id);
        self.tidy(id, script);
        Some((waiter.tell, answer))
    }

    /// A waiter is not in line any more.
    fn gone(&mut self, tenant: TenantId, patient: bool) {
        if patient {
            return;
        }
        self.waiting = self.waiting.saturating_sub(1);
        if let Some(tenant) = self.tenants.get_mut(&tenant) {
            tenant.waiting = tenant.waiting.saturating_sub(1);
            if tenant.waiting == 0 {
                tenant.crowded = None;
            }
        }
    }

    /// The narrowest bound that keeps one out, and when it may have given way.
    fn refusal(&self, tenant: TenantId, script: ScriptId) -> Refusal {
        let refuse = |bound, most: u32, pace: Pace, waiting: u32| Refusal {
            bound,
            most,
            retry_after: pace.wait(waiting, most),
        };
        if let Some(own) = self.tenants.get(&tenant) {
            let (share, pace) = (own.share, own.pace);
            let script = own.scripts.get(&script);
            if let Some(script) = script.filter(|script| script.running >= script.limit) {
                return refuse(Bound::Script, script.limit, pace, own.waiting);
            }
            if own.running >= share.running {
                return refuse(Bound::Tenant, share.running, pace, own.waiting);
            }
            if own.waiting >= share.waiting && share.waiting > 0 {
                return refuse(Bound::Tenant, share.waiting, pace, own.waiting);
            }
        }
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let waiting = count(self.waiting);
        refuse(Bound::Process, count(self.room), self.pace, waiting)
    }

    fn tenant(&mut self, bid: &Bid) -> &mut Tenant<W> {
        let tenant = self.tenants.entry(bid.tenant).or_insert_with(|| Tenant {
            share: bid.share,
            running: 0,
            waiting: 0,
            crowded: None,
            scripts: HashMap::new(),
            place: None,
            turn: 0,
            pace: Pace::default(),
        });
        tenant.share = bid.share;
        tenant
    }

    /// Puts a tenant where it belongs after a change.
    fn line_up(&mut self, id: TenantId) {
        let Some(tenant) = self.tenants.get_mut(&id) else {
            return;
        };
        if let Some((load, turn)) = tenant.place.take() {
            self.order.remove(&(load, turn, id));
        }
        if tenant.running < tenant.share.running && tenant.eligible().next().is_some() {
            let load = u64::from(tenant.running) * u64::from(WEIGHT) * u64::from(WEIGHT);
            let place = (load / u64::from(tenant.share.weight.max(1)), tenant.turn);
            tenant.place = Some(place);
            self.order.insert((place.0, place.1, id));
        }
    }

    /// Forgets what nobody uses.
    fn tidy(&mut self, tenant: TenantId, script: ScriptId) {
        let Some(own) = self.tenants.get_mut(&tenant) else {
            return;
        };
        let unused = |one: &Script<W>| one.running == 0 && one.queue.is_empty();
        if own.scripts.get(&script).is_some_and(unused) {
            own.scripts.remove(&script);
        }
        if own.scripts.is_empty() {
            self.tenants.remove(&tenant);
        }
    }
}

impl<W> Tenant<W> {
    fn script(&mut self, bid: &Bid) -> &mut Script<W> {
        let script = self.scripts.entry(bid.script).or_insert_with(|| Script {
            limit: bid.limit,
            running: 0,
            queue: VecDeque::new(),
        });
        script.limit = bid.limit;
        script
    }

    /// Scripts of which a waiter may begin as far as the script is concerned.
    fn eligible(&self) -> impl Iterator<Item = (ScriptId, &Script<W>)> {
        let all = self.scripts.iter().map(|(id, script)| (*id, script));
        all.filter(|(_, script)| script.running < script.limit && !script.queue.is_empty())
    }

    /// Takes the first waiter of the script with the fewest executions; of equals, of the one that
    /// waits longest.
    fn first(&mut self) -> Option<(ScriptId, Waiter<W>)> {
        let key = |script: &Script<W>| (script.running, script.queue.front().map(|one| one.id));
        let (id, _) = self.eligible().min_by_key(|(_, script)| key(script))?;
        let waiter = self.scripts.get_mut(&id)?.queue.pop_front()?;
        Some((id, waiter))
    }

    /// How long a caller may wait now.
    fn patience(&self, now: Duration, patience: Duration) -> Duration {
        match self.crowded {
            Some(since) if now.saturating_sub(since) >= patience => patience / HASTE,
            _ => patience,
        }
    }
}

impl Bid {
    fn place(&self, reserved: bool) -> Place {
        Place {
            tenant: self.tenant,
            script: self.script,
            reserved,
        }
    }
}

impl Pace {
    fn note(&mut self, held: Duration) {
        self.0 = match self.0 {
            Duration::ZERO => held,
            before => before * 7 / 8 + held / 8,
        };
    }

    /// When one behind so many others would have its turn at one of so many places.
    fn wait(self, waiting: u32, places: u32) -> Duration {
        let turns = waiting.saturating_add(1).div_ceil(places.max(1));
        self.0.saturating_mul(turns).clamp(RETRY.0, RETRY.1)
    }
}

#[cfg(test)]
mod tests;
