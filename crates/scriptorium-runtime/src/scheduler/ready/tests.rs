//! The queue in virtual time: shares of who is always ready, the turn of who comes back, order,
//! and what is remembered.

use proptest::prelude::*;

use super::*;

type Queue = Ready<u32, u32, u32>;

/// Threads that take from a queue. Time is what slices take; nobody sleeps.
struct Machine {
    queue: Queue,
    now: Duration,
    /// When each busy thread is done, with whom, and for how long.
    busy: Vec<(Duration, Duration, u32, u32)>,
    threads: usize,
    used: HashMap<u32, Duration>,
}

impl Machine {
    fn new(threads: usize) -> Self {
        Self {
            queue: Queue::new(),
            now: Duration::ZERO,
            busy: Vec::new(),
            threads,
            used: HashMap::new(),
        }
    }

    /// Gives every free thread something, and says what.
    fn fill(&mut self, mut slice: impl FnMut(u32) -> Duration) -> Vec<u32> {
        let mut chosen = Vec::new();
        while self.busy.len() < self.threads {
            let Some((share, item)) = self.queue.pop() else {
                break;
            };
            let took = slice(share);
            self.busy.push((self.now + took, took, share, item));
            chosen.push(share);
        }
        chosen
    }

    /// Goes on to the next end of a slice; whose it was goes again or not.
    fn step(&mut self, again: impl Fn(u32) -> bool) -> u32 {
        let first = self.busy.iter().enumerate().min_by_key(|(_, one)| one.0);
        let at = first.expect("a thread is busy").0;
        let (now, took, share, item) = self.busy.swap_remove(at);
        self.now = now;
        *self.used.entry(share).or_default() += took;
        let again = again(share).then_some((0, item));
        self.queue.settle(share, took, again);
        share
    }

    fn used(&self, share: u32) -> Duration {
        self.used.get(&share).copied().unwrap_or_default()
    }
}

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// What a share of this weight may be ahead by one slice.
fn slice(weight: u32) -> f64 {
    SLICE.as_secs_f64() / f64::from(weight)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Tenants that are always ready, each with enough for all threads.
    #[test]
    fn who_is_always_ready_gets_its_share_within_a_slice(
        weights in prop::collection::vec(1_u32..=1_000, 2..8),
        threads in 1_usize..=4,
        lengths in prop::collection::vec(1_u64..=5_000, 1..50),
    ) {
        let mut machine = Machine::new(threads);
        for (share, weight) in (0..).zip(&weights) {
            for item in 0..threads as u32 {
                machine.queue.push(share, *weight, 0, share * 100 + item);
            }
        }
        let mut lengths = lengths.into_iter().cycle();
        for _ in 0..1_000 {
            machine.fill(|_| micros(lengths.next().unwrap()));
            machine.step(|_| true);
            for (one, its_weight) in (0..).zip(&weights) {
                for (other, other_weight) in (0..).zip(&weights) {
                    let of = |share, weight: &u32| machine.used(share).as_secs_f64() / f64::from(*weight);
                    let ahead = of(one, its_weight) - of(other, other_weight);
                    let most = slice(*its_weight) + (threads - 1) as f64 * slice(*other_weight);
                    prop_assert!(ahead <= most + 1e-9, "{one} is {ahead} ahead of {other}");
                }
            }
        }
    }

    /// One that needs little is next whenever it needs anything, and interrupts.
    #[test]
    fn light_tenant_is_next_when_it_comes_back(
        hogs in 1_u32..6,
        threads in 1_usize..=3,
        needs in prop::collection::vec((20_u64..100, 1_u64..1_500), 1..15),
        lengths in prop::collection::vec(250_u64..=5_000, 1..20),
    ) {
        let light = 1_000;
        let mut lengths = lengths.into_iter().cycle();
        let mut length = move |share, need| micros(if share == light { need } else { lengths.next().unwrap() });
        let mut machine = Machine::new(threads);
        for hog in 0..hogs {
            for item in 0..threads as u32 {
                machine.queue.push(hog, WEIGHT, 0, hog * 100 + item);
            }
        }
        machine.fill(|share| length(share, 0));
        for (rest, need) in needs {
            let until = machine.now + Duration::from_millis(rest * u64::from(hogs + 1));
            while machine.now < until {
                machine.step(|share| share != light);
                machine.fill(|share| length(share, need));
            }
            prop_assert!(machine.queue.push(light, WEIGHT, 0, 7));
            machine.step(|share| share != light);
            let chosen = machine.fill(|share| length(share, need));
            prop_assert_eq!(&chosen[..1], &[light][..]);
        }
    }

    /// One that rests after every slice gets no more than one that does not.
    #[test]
    fn rests_do_not_pay(
        lengths in prop::collection::vec(100_u64..=5_000, 1..20),
        rests in prop::collection::vec(0_usize..3, 1..20),
    ) {
        let (honest, napping) = (1, 2);
        let mut machine = Machine::new(1);
        machine.queue.push(honest, WEIGHT, 0, 1);
        machine.queue.push(napping, WEIGHT, 0, 2);
        let mut lengths = lengths.into_iter().cycle();
        let mut rests = rests.into_iter().cycle();
        let mut wakes = 0;
        for _ in 0..2_000 {
            machine.fill(|share| micros(if share == napping { lengths.next().unwrap() } else { 5_000 }));
            if machine.step(|share| share != napping) == napping {
                wakes = rests.next().unwrap() + 1;
            }
            if wakes > 0 {
                wakes -= 1;
                if wakes == 0 {
                    machine.queue.push(napping, WEIGHT, 0, 2);
                }
            }
            prop_assert!(machine.used(napping) <= machine.used(honest) + 3 * SLICE);
        }
    }

    /// Whatever is pushed comes out once, executions of one script in their order.
    #[test]
    fn each_comes_once_and_a_scripts_in_order(
        pushes in prop::collection::vec((0_u32..4, 0_u32..3), 0..60),
        hurried in prop::collection::vec(0_usize..60, 0..4),
    ) {
        let mut queue = Queue::new();
        for (item, (share, group)) in (0..).zip(&pushes) {
            queue.push(*share, WEIGHT, *group, item);
        }
        let mut hurried: Vec<u32> = hurried
            .into_iter()
            .filter(|item| *item < pushes.len())
            .map(|item| item as u32)
            .collect();
        hurried.dedup();
        hurried.retain(|item| {
            let (share, group) = pushes[*item as usize];
            queue.hurry(share, group, *item)
        });
        prop_assert_eq!(queue.len(), pushes.len());
        let mut out = Vec::new();
        while let Some((share, item)) = queue.pop() {
            out.push(item);
            queue.settle(share, micros(100), None);
        }
        prop_assert_eq!(&out[..hurried.len()], &hurried[..]);
        let rest = &out[hurried.len()..];
        for (at, item) in rest.iter().enumerate() {
            for later in &rest[at + 1..] {
                prop_assert!(pushes[*item as usize] != pushes[*later as usize] || item < later);
            }
        }
        out.sort_unstable();
        prop_assert_eq!(out, (0..pushes.len() as u32).collect::<Vec<_>>());
        prop_assert!(queue.shares.is_empty() && queue.order.is_empty() && queue.resting.is_empty());
    }
}

#[test]
fn scripts_of_a_tenant_take_turns() {
    let mut queue = Queue::new();
    for (group, item) in [(1, 11), (1, 12), (1, 13), (2, 21), (3, 31)] {
        queue.push(0, WEIGHT, group, item);
    }
    let mut out = Vec::new();
    while let Some((share, item)) = queue.pop() {
        queue.settle(share, SLICE, None);
        out.push(item);
    }
    assert_eq!(out, [11, 21, 31, 12, 13]);
}

/// A share that can use one of two threads falls behind without end; it must not have saved up.
#[test]
fn who_could_not_use_its_share_has_not_saved_it_up() {
    let (narrow, wide) = (1, 2);
    let mut machine = Machine::new(2);
    machine.queue.push(narrow, 10 * WEIGHT, 0, 1);
    for item in 0..4 {
        machine.queue.push(wide, WEIGHT, 0, 20 + item);
    }
    for _ in 0..10_000 {
        machine.fill(|_| SLICE);
        machine.step(|_| true);
    }
    for item in 0..4 {
        machine.queue.push(narrow, 10 * WEIGHT, 0, 10 + item);
    }
    let before = machine.used(wide);
    for _ in 0..100 {
        machine.fill(|_| SLICE);
        machine.step(|_| true);
    }
    // An eleventh of a hundred slices.
    assert!(machine.used(wide) >= before + 8 * SLICE);
}

#[test]
fn tenants_that_have_had_their_share_interrupt_nobody() {
    let mut machine = Machine::new(1);
    machine.queue.push(1, WEIGHT, 0, 1);
    machine.queue.push(2, WEIGHT, 0, 2);
    machine.fill(|_| SLICE);
    machine.step(|share| share == 2);
    machine.fill(|_| SLICE);
    assert!(!machine.queue.push(1, WEIGHT, 0, 1));
}

#[test]
fn tenants_without_work_are_forgotten() {
    let mut queue = Queue::new();
    // One that always runs, so that there is a past to be remembered.
    queue.push(u32::MAX, WEIGHT, 0, 0);
    let (hog, item) = queue.pop().unwrap();
    for share in 0..20_000 {
        queue.push(share, WEIGHT, 0, 1);
        let (chosen, _) = queue.pop().unwrap();
        queue.settle(chosen, micros(u64::from(share % 7)), None);
        assert!(queue.shares.len() <= RESTING + 2, "{}", queue.shares.len());
    }
    queue.settle(hog, SLICE, Some((0, item)));
    queue.pop().unwrap();
    queue.settle(hog, SLICE, None);
    assert_eq!((queue.len(), queue.shares.len()), (0, 0));
}
