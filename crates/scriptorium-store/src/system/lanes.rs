//! Which tenants a claim serves: whoever has had the least lately comes first, so that one with many
//! executions, or long ones, does not keep others waiting (REL-14).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use scriptorium_model::TenantId;

/// What a claim asks about a tenant with executions that may begin. What tenants have had is compared
/// with each other only, in any unit.
pub trait Lanes: Sync {
    /// How many more of its executions may be taken.
    fn room(&self, tenant: TenantId) -> u32;

    /// How much it has had lately, in relation to its share.
    fn had(&self, _: TenantId) -> f64 {
        0.0
    }

    /// By how much more one further execution probably makes that.
    fn cost(&self, _: TenantId) -> f64 {
        1.0
    }
}

/// Tenants of whom nothing is known but how much room there is.
impl<F: Fn(TenantId) -> u32 + Sync> Lanes for F {
    fn room(&self, tenant: TenantId) -> u32 {
        self(tenant)
    }
}

/// A lane that a claim may take from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lane<T> {
    pub(super) tenant: T,
    /// How many may be taken of it.
    pub(super) room: usize,
    /// What it has had, as far as is known at the moment.
    pub(super) had: f64,
    /// By how much one more makes that.
    pub(super) cost: f64,
}

/// How many a claim of `limit` takes of each lane: one after the other, each from the lane that has had
/// the least until then. Of those that have had the same, the earlier one is first.
pub(super) fn allot<T>(lanes: &mut [Lane<T>], limit: usize) -> Vec<usize> {
    let mut counts = vec![0; lanes.len()];
    let open = lanes.iter().enumerate().filter(|(_, lane)| lane.room > 0);
    let mut heap: BinaryHeap<_> = open
        .map(|(place, lane)| Reverse((Had(lane.had), place)))
        .collect();
    for _ in 0..limit {
        let Some(Reverse((_, place))) = heap.pop() else {
            break;
        };
        let lane = &mut lanes[place];
        counts[place] += 1;
        lane.room -= 1;
        lane.had += lane.cost;
        if lane.room > 0 {
            heap.push(Reverse((Had(lane.had), place)));
        }
    }
    counts
}

/// A figure with an order.
#[derive(Clone, Copy, Debug)]
struct Had(f64);

impl PartialEq for Had {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Had {}

impl PartialOrd for Had {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Had {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lanes: &[(usize, f64, f64)], limit: usize, expected: &[usize]) {
        let mut lanes: Vec<Lane<()>> = lanes
            .iter()
            .map(|(room, had, cost)| Lane {
                tenant: (),
                room: *room,
                had: *had,
                cost: *cost,
            })
            .collect();
        assert_eq!(allot(&mut lanes, limit), expected);
    }

    #[test]
    fn whoever_has_had_the_least_is_next() {
        // Who has had the same gets the same, the first one more.
        check(&[(9, 0.0, 1.0), (9, 0.0, 1.0)], 5, &[3, 2]);
        // Who has had more waits until the other has had as much.
        check(&[(9, 5.0, 1.0), (9, 0.0, 1.0)], 4, &[0, 4]);
        check(&[(9, 5.0, 1.0), (9, 0.0, 1.0)], 8, &[2, 6]);
        // Of a tenant with twice the share one counts half.
        check(&[(9, 0.0, 1.0), (9, 0.0, 0.5)], 6, &[2, 4]);
        // Long ones count for more than short ones.
        check(&[(9, 0.0, 4.0), (9, 0.0, 1.0)], 5, &[1, 4]);
        // Where there is no room, the others get it.
        check(&[(1, 0.0, 1.0), (9, 0.0, 1.0)], 6, &[1, 5]);
        check(&[(0, 0.0, 1.0), (2, 9.0, 1.0)], 6, &[0, 2]);
        check(&[(9, f64::NAN, 1.0), (9, 0.0, 1.0)], 2, &[0, 2]);
        check(&[], 3, &[]);
    }
}
