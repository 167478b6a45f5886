//! Who runs next: shares (tenants) by least service, in a share its groups (scripts) in turn, in
//! a group its items (executions) in the order they became ready. Knows no thread and no clock:
//! whoever uses it says how long each slice took.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// The length of a slice as it is charged before it is over: the engine's tick.
pub(crate) const SLICE: Duration = Duration::from_millis(5);
/// The weight of a share that is worth one; one of twice the weight gets twice the time.
pub(crate) const WEIGHT: u32 = 100;

/// Shares remembered while nothing of them is ready or running.
const RESTING: usize = 4_096;
/// How far below the floor a share may start that comes back: below all that is on threads.
const CREDIT: Duration = SLICE.saturating_mul(2);
/// How far behind a share must be before it is worth interrupting another one.
const WORTH_A_TICK: Service = SLICE.as_nanos() / 5;

/// Processor time in nanoseconds, divided by the weight in units of [`WEIGHT`].
type Service = u128;

/// Items that wait for a thread, and what those whose turn it was have used.
///
/// Each share has its service: what its items have used, divided by its weight. The share with
/// the least goes next. An item on a thread counts as a whole slice until it is known what it
/// used, so that one share does not take all threads at once. The floor is the service of whoever
/// was chosen last; it never falls. A share that comes back after a rest, or that had less to do
/// than it might have, has not saved up: it starts at most two slices below the floor; so it goes
/// next, but not for long.
#[derive(Debug)]
pub(crate) struct Ready<S, G, T> {
    shares: HashMap<S, Share<G, T>>,
    /// Shares with something ready: what they have had, and when they got in line.
    order: BTreeSet<(Service, u64, S)>,
    /// Shares with nothing ready or running. What they have had above the floor is not forgotten.
    resting: BTreeSet<(Service, S)>,
    /// What goes before everything else, because it ends.
    urgent: VecDeque<(S, T)>,
    /// What is on a thread: the share, and what it had had when it was chosen.
    running: Vec<(S, Service)>,
    floor: Service,
    turn: u64,
    len: usize,
}

#[derive(Debug)]
struct Share<G, T> {
    weight: u32,
    served: Service,
    running: u32,
    /// Its place in the order, while it has one.
    place: Option<(Service, u64)>,
    /// Groups with something ready, the next one first.
    groups: VecDeque<G>,
    items: HashMap<G, VecDeque<T>>,
}

impl<S, G, T> Ready<S, G, T>
where
    S: Copy + Ord + Hash,
    G: Copy + Eq + Hash,
    T: Copy + Eq,
{
    pub(crate) fn new() -> Self {
        Self {
            shares: HashMap::new(),
            order: BTreeSet::new(),
            resting: BTreeSet::new(),
            urgent: VecDeque::new(),
            running: Vec::new(),
            floor: 0,
            turn: 0,
            len: 0,
        }
    }

    /// Items that wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Puts an item in line. True when its share is so far behind one that runs that this one
    /// should stop for it.
    pub(crate) fn push(&mut self, share: S, weight: u32, group: G, item: T) -> bool {
        let key = self.line_up(share, weight, group, item);
        self.running
            .iter()
            .any(|(_, start)| key + WORTH_A_TICK < *start)
    }

    /// Puts an item before all others.
    pub(crate) fn push_urgent(&mut self, share: S, weight: u32, item: T) {
        self.enter(share, weight);
        self.urgent.push_back((share, item));
        self.len += 1;
    }

    /// Moves an item that waits before all others. False when it does not wait.
    pub(crate) fn hurry(&mut self, share: S, group: G, item: T) -> bool {
        let Some(entry) = self.shares.get_mut(&share) else {
            return false;
        };
        let Some(queue) = entry.items.get_mut(&group) else {
            return false;
        };
        let Some(at) = queue.iter().position(|one| *one == item) else {
            return false;
        };
        queue.remove(at);
        if queue.is_empty() {
            entry.items.remove(&group);
            entry.groups.retain(|one| *one != group);
        }
        self.urgent.push_back((share, item));
        self.place(share);
        true
    }

    /// Chooses what goes onto a thread now. Every item chosen is settled later.
    pub(crate) fn pop(&mut self) -> Option<(S, T)> {
        let (share, item) = match self.urgent.pop_front() {
            Some(urgent) => urgent,
            None => {
                let (_, _, share) = *self.order.first()?;
                (share, self.shares.get_mut(&share)?.next()?)
            }
        };
        self.len -= 1;
        let entry = self.shares.get_mut(&share)?;
        self.floor = self.floor.max(entry.served);
        self.running.push((share, entry.key()));
        entry.running += 1;
        self.place(share);
        self.forget();
        Some((share, item))
    }

    /// Says what an item that was chosen has used; it is off its thread. One that goes `again` is
    /// put in line as the last of its group.
    pub(crate) fn settle(&mut self, share: S, used: Duration, again: Option<(G, T)>) {
        let Some(entry) = self.shares.get_mut(&share) else {
            return;
        };
        entry.running = entry.running.saturating_sub(1);
        entry.served += charge(used, entry.weight);
        if let Some(at) = self.running.iter().position(|(one, _)| *one == share) {
            self.running.swap_remove(at);
        }
        match again {
            Some((group, item)) => {
                let weight = entry.weight;
                self.line_up(share, weight, group, item);
            }
            None => self.place(share),
        }
        self.forget();
    }

    /// Puts an item at the end of its group, and says what its share has had.
    fn line_up(&mut self, share: S, weight: u32, group: G, item: T) -> Service {
        let entry = self.enter(share, weight);
        let queue = entry.items.entry(group).or_default();
        if queue.is_empty() {
            entry.groups.push_back(group);
        }
        queue.push_back(item);
        let key = entry.key();
        self.len += 1;
        self.place(share);
        key
    }

    /// The share, awake: it has not saved up what it did not use.
    fn enter(&mut self, share: S, weight: u32) -> &mut Share<G, T> {
        let floor = self.floor;
        let entry = self.shares.entry(share).or_insert_with(|| Share {
            weight,
            served: 0,
            running: 0,
            place: None,
            groups: VecDeque::new(),
            items: HashMap::new(),
        });
        entry.weight = weight.max(1);
        if entry.place.is_none() {
            self.resting.remove(&(entry.served, share));
            let least = floor.saturating_sub(charge(CREDIT, entry.weight));
            entry.served += least.saturating_sub(entry.key());
        }
        entry
    }

    /// Puts a share where it belongs after a change.
    fn place(&mut self, share: S) {
        let Some(entry) = self.shares.get_mut(&share) else {
            return;
        };
        let key = entry.key();
        let turn = match entry.place.take() {
            Some((old, turn)) => {
                self.order.remove(&(old, turn, share));
                // Who had its turn is behind those who have had as much.
                if old == key { turn } else { self.turn + 1 }
            }
            None => self.turn + 1,
        };
        self.turn = self.turn.max(turn);
        if !entry.groups.is_empty() {
            entry.place = Some((key, turn));
            self.order.insert((key, turn, share));
        } else if entry.running == 0 && !self.urgent.iter().any(|(one, _)| *one == share) {
            self.resting.insert((entry.served, share));
        }
    }

    /// Forgets shares that rest and would come back no lower than a new one, or that are too many.
    /// When nothing is ready or running, nobody has been kept from anything.
    fn forget(&mut self) {
        if self.len == 0 && self.running.is_empty() {
            let most = self.resting.last().map_or(0, |(served, _)| *served);
            self.floor = self.floor.max(most);
            self.resting.clear();
            self.shares.clear();
            return;
        }
        while let Some((served, share)) = self.resting.first().copied() {
            let weight = self.shares.get(&share).map_or(WEIGHT, |entry| entry.weight);
            let is_past = served + charge(CREDIT, weight) <= self.floor;
            if !is_past && self.resting.len() <= RESTING {
                return;
            }
            self.resting.pop_first();
            self.shares.remove(&share);
        }
    }
}

impl<G, T> Share<G, T>
where
    G: Copy + Eq + Hash,
{
    /// What it has had, what is on threads counted as whole slices.
    fn key(&self) -> Service {
        self.served + u128::from(self.running) * charge(SLICE, self.weight)
    }

    /// The next item of the next group, which then is the last.
    fn next(&mut self) -> Option<T> {
        let group = self.groups.pop_front()?;
        let queue = self.items.get_mut(&group)?;
        let item = queue.pop_front();
        if queue.is_empty() {
            self.items.remove(&group);
        } else {
            self.groups.push_back(group);
        }
        item
    }
}

fn charge(used: Duration, weight: u32) -> Service {
    used.as_nanos() * u128::from(WEIGHT) / u128::from(weight.max(1))
}

#[cfg(test)]
mod tests;
