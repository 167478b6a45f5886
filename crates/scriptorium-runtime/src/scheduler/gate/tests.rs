//! The bounds, the order in which waiters come in, and who is turned away when; in virtual time.

use proptest::prelude::*;
use scriptorium_model::Uuid;

use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

fn gate(room: usize, reserved: usize) -> Gate<u32> {
    Gate::new(room, reserved, PATIENCE)
}

fn bid(tenant: u128, script: u128) -> Bid {
    Bid {
        tenant: TenantId(Uuid::from_u128(tenant)),
        share: TenantShare {
            running: 3,
            waiting: 4,
            ..TenantShare::TRUSTED
        },
        script: ScriptId(Uuid::from_u128(tenant * 1_000 + script)),
        limit: 2,
        patient: false,
        by_operator: false,
        trial: false,
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Enters as often as it goes.
fn fill(gate: &mut Gate<u32>, bid: &Bid) -> Vec<Place> {
    std::iter::from_fn(|| gate.enter(bid)).collect()
}

/// Who comes in, and who is turned away, marked by a minus.
fn next(gate: &mut Gate<u32>, now: Duration) -> Vec<i64> {
    let said = |(who, answer): (u32, Result<Place, Refusal>)| {
        if answer.is_ok() {
            i64::from(who)
        } else {
            -i64::from(who)
        }
    };
    std::iter::from_fn(|| gate.next(now)).map(said).collect()
}

#[track_caller]
fn check_refused(gate: &mut Gate<u32>, bid: &Bid, bound: Bound, most: u32) {
    assert_eq!(gate.enter(bid), None);
    let share = TenantShare {
        waiting: 0,
        ..bid.share
    };
    let refusal = gate.wait(secs(0), &Bid { share, ..*bid }, 0).unwrap_err();
    assert_eq!((refusal.bound, refusal.most), (bound, most));
}

#[test]
fn narrowest_bound_that_is_full_is_named() {
    let mut gate = gate(5, 0);
    assert_eq!(fill(&mut gate, &bid(1, 1)).len(), 2);
    check_refused(&mut gate, &bid(1, 1), Bound::Script, 2);
    assert_eq!(fill(&mut gate, &bid(1, 2)).len(), 1);
    check_refused(&mut gate, &bid(1, 2), Bound::Tenant, 3);
    assert_eq!(fill(&mut gate, &bid(2, 1)).len(), 2);
    check_refused(&mut gate, &bid(3, 1), Bound::Process, 5);
}

#[test]
fn queue_of_a_tenant_is_bounded_and_no_others() {
    let mut gate = gate(1, 0);
    let place = gate.enter(&bid(9, 1)).unwrap();
    for who in 1..=4 {
        gate.wait(secs(0), &bid(1, 1), who).unwrap();
    }
    let refusal = gate.wait(secs(0), &bid(1, 2), 5).unwrap_err();
    assert_eq!((refusal.bound, refusal.most), (Bound::Tenant, 4));
    gate.wait(secs(0), &bid(2, 1), 6).unwrap();
    let patient = Bid {
        patient: true,
        ..bid(1, 2)
    };
    gate.wait(secs(0), &patient, 7).unwrap();
    assert_eq!(gate.waiting(), 5);
    gate.leave(&place, secs(1));
    assert_eq!(next(&mut gate, secs(1)), [1]);
}

#[test]
fn tenants_take_turns_then_scripts_then_callers() {
    let mut gate = gate(3, 0);
    let mut places = VecDeque::from(fill(&mut gate, &bid(9, 1)));
    places.extend(gate.enter(&bid(8, 1)));
    for (tenant, script, who) in [(1, 1, 11), (1, 1, 12), (1, 2, 13), (2, 1, 21), (3, 1, 31)] {
        gate.wait(secs(0), &bid(tenant, script), who).unwrap();
    }
    let (mut order, mut kept) = (Vec::new(), None);
    while let Some(place) = places.pop_front() {
        gate.leave(&place, secs(1));
        while let Some((who, answer)) = gate.next(secs(1)) {
            order.push(who);
            // The first one runs until the end.
            match kept {
                None => kept = answer.ok(),
                Some(_) => places.extend(answer),
            }
        }
    }
    assert_eq!(order, [11, 21, 31, 13, 12]);
    gate.leave(&kept.unwrap(), secs(1));
    assert!(gate.tenants.is_empty() && gate.order.is_empty());
}

#[test]
fn heavier_tenant_gets_more_places() {
    let mut gate = gate(30, 0);
    let of = |tenant: u128, weight| Bid {
        share: TenantShare {
            weight,
            ..TenantShare::TRUSTED
        },
        limit: 100,
        ..bid(tenant, 1)
    };
    let places = fill(&mut gate, &of(9, 100));
    assert_eq!(places.len(), 30);
    for who in 0..50 {
        gate.wait(secs(0), &of(1, 200), 100 + who).unwrap();
        gate.wait(secs(0), &of(2, 100), 200 + who).unwrap();
    }
    let mut heavy = 0;
    for place in &places {
        gate.leave(place, secs(1));
        let came = next(&mut gate, secs(1));
        heavy += came.iter().filter(|who| **who < 200).count();
    }
    assert_eq!(heavy, 20);
}

#[test]
fn waiter_is_overdue_after_the_patience_and_sooner_in_a_standing_queue() {
    let mut gate = gate(1, 0);
    gate.enter(&bid(9, 1)).unwrap();
    let first = gate.wait(secs(0), &bid(1, 1), 1).unwrap();
    let millis = Duration::from_millis;
    let second = gate.wait(millis(4_000), &bid(1, 1), 2).unwrap();
    let third = gate.wait(millis(4_700), &bid(1, 1), 3).unwrap();
    let other = gate.wait(millis(4_700), &bid(2, 1), 4).unwrap();
    let overdue = |now, ticket| gate.overdue(millis(now), &ticket).map(|one| one.bound);
    assert_eq!(overdue(4_999, first), None);
    assert_eq!(overdue(4_999, second), None);
    // Somebody of the tenant has been waiting for five seconds.
    assert_eq!(overdue(5_000, first), Some(Bound::Process));
    assert_eq!(overdue(5_000, second), Some(Bound::Process));
    assert_eq!(overdue(5_000, third), None);
    assert_eq!(overdue(5_200, third), Some(Bound::Process));
    assert_eq!(overdue(5_200, other), None);
}

#[test]
fn queue_that_was_empty_once_is_not_a_standing_one() {
    let mut gate = gate(1, 0);
    gate.enter(&bid(9, 1)).unwrap();
    let first = gate.wait(secs(0), &bid(1, 1), 1).unwrap();
    gate.give_up(&first);
    let second = gate.wait(secs(4), &bid(1, 1), 2).unwrap();
    assert_eq!(gate.overdue(secs(8), &second), None);
}

#[test]
fn waiters_that_have_waited_too_long_are_turned_away_at_their_turn() {
    let mut gate = gate(1, 0);
    let place = gate.enter(&bid(9, 1)).unwrap();
    gate.wait(secs(0), &bid(1, 1), 1).unwrap();
    let patient = Bid {
        patient: true,
        ..bid(1, 1)
    };
    gate.wait(secs(0), &patient, 2).unwrap();
    gate.leave(&place, secs(6));
    assert_eq!(next(&mut gate, secs(6)), [-1, 2]);
}

#[test]
fn operators_have_places_of_their_own() {
    let mut gate = gate(1, 1);
    let by_operator = Bid {
        by_operator: true,
        limit: 1,
        ..bid(1, 1)
    };
    let trial = Bid {
        trial: true,
        ..by_operator
    };
    let of_another = Bid {
        by_operator: true,
        ..bid(1, 2)
    };
    gate.enter(&bid(1, 1)).unwrap();
    // The script has as many executions as it may; a trial does not count.
    assert_eq!(gate.enter(&by_operator), None);
    for bid in [trial, of_another] {
        let place = gate.enter(&bid).unwrap();
        assert!(place.reserved);
        assert_eq!((gate.enter(&of_another), gate.taken()), (None, 2));
        gate.leave(&place, secs(1));
    }
}

#[test]
fn retry_hint_follows_how_long_places_are_held() {
    let mut gate = gate(1, 0);
    for (held, hint) in [(0, 1), (4, 4), (4, 4), (1_000, 30)] {
        let place = gate.enter(&bid(9, 1)).unwrap();
        gate.leave(&place, secs(held));
        let place = gate.enter(&bid(9, 1)).unwrap();
        gate.pace.0 = if held == 0 { secs(0) } else { secs(held) };
        let share = TenantShare {
            waiting: 0,
            ..TenantShare::TRUSTED
        };
        let refused = gate.wait(secs(0), &Bid { share, ..bid(1, 1) }, 0);
        assert_eq!(refused.unwrap_err().retry_after, secs(hint));
        gate.leave(&place, secs(held));
    }
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Come(u128, u128),
    Leave(usize),
    GiveUp(usize),
    Time,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (1_u128..4, 1_u128..3).prop_map(|(tenant, script)| Move::Come(tenant, script)),
        3 => any::<usize>().prop_map(Move::Leave),
        1 => any::<usize>().prop_map(Move::GiveUp),
        1 => Just(Move::Time),
    ];
    prop::collection::vec(one, 0..200)
}

proptest! {
    /// Whatever happens: no bound is passed, nobody waits who might come in, and in the end
    /// nothing is left.
    #[test]
    fn bounds_hold_and_nothing_is_left_behind(moves in moves()) {
        let mut gate = gate(4, 0);
        let mut places: Vec<Place> = Vec::new();
        let mut tickets: HashMap<u32, Ticket> = HashMap::new();
        let mut now = secs(0);
        let mut who = 0;
        for one in moves {
            match one {
                Move::Come(tenant, script) => {
                    who += 1;
                    let bid = bid(tenant, script);
                    match gate.enter(&bid) {
                        Some(place) => places.push(place),
                        None => {
                            if let Ok(ticket) = gate.wait(now, &bid, who) {
                                tickets.insert(who, ticket);
                            }
                        }
                    }
                }
                Move::Leave(at) if !places.is_empty() => {
                    let place = places.swap_remove(at % places.len());
                    gate.leave(&place, secs(1));
                }
                Move::GiveUp(at) if !tickets.is_empty() => {
                    let mut known: Vec<u32> = tickets.keys().copied().collect();
                    known.sort_unstable();
                    let ticket = tickets.remove(&known[at % known.len()]).unwrap();
                    gate.give_up(&ticket);
                }
                Move::Time => now += secs(1),
                Move::Leave(_) | Move::GiveUp(_) => {}
            }
            while let Some((came, answer)) = gate.next(now) {
                prop_assert!(tickets.remove(&came).is_some());
                places.extend(answer);
            }
            prop_assert!(places.len() <= 4);
            for place in &places {
                let of_tenant = places.iter().filter(|one| one.tenant == place.tenant).count();
                let of_script = places.iter().filter(|one| one.script == place.script).count();
                prop_assert!(of_tenant <= 3 && of_script <= 2);
            }
            prop_assert_eq!(gate.taken(), places.len());
            prop_assert_eq!(gate.waiting(), tickets.len());
            let could = gate.tenants.values().any(|tenant| {
                tenant.running < tenant.share.running && tenant.eligible().next().is_some()
            });
            prop_assert!(places.len() == 4 || !could);
        }
        for ticket in tickets.values() {
            gate.give_up(ticket);
        }
        for place in &places {
            gate.leave(place, secs(1));
        }
        prop_assert!(gate.tenants.is_empty() && gate.order.is_empty());
        prop_assert_eq!((gate.taken(), gate.waiting()), (0, 0));
    }
}
