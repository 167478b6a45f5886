//! The gate with a clock and somebody to wake: room for executions, taken until dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scriptorium_model::limits::Limits;
use scriptorium_model::{ScriptId, TenantId};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::gate::{Bid, Bound, Gate, Place, Refusal, Ticket};

/// Room for executions.
pub(crate) struct Admission(Arc<Inner>);

/// Room that is taken until dropped.
pub(crate) struct Permit {
    inner: Arc<Inner>,
    place: Place,
    since: Duration,
}

/// A reading of the counters of admission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdmissionStatistics {
    /// Callers that wait now.
    pub waiting: usize,
    /// Executions that were let in.
    pub admitted: u64,
    /// Those among them that had to wait.
    pub waited: u64,
    /// How long they waited, all together.
    pub wait: Duration,
    /// Refused because the script had as many executions as it may.
    pub refused_by_script: u64,
    /// Refused because the tenant had.
    pub refused_by_tenant: u64,
    /// Refused because the process had no room.
    pub refused_by_process: u64,
}

type Answer = Result<Permit, Refusal>;

struct Inner {
    state: Mutex<State>,
    began: Instant,
    patience: Duration,
}

struct State {
    gate: Gate<oneshot::Sender<Answer>>,
    counters: AdmissionStatistics,
}

/// Somebody in line, until dropped.
struct Waiting<'a> {
    inner: &'a Inner,
    ticket: Ticket,
    answer: oneshot::Receiver<Answer>,
}

impl Admission {
    /// Room for `room` executions, and for `reserved` more of operators. Callers wait at most for
    /// the time of `patience`.
    pub(crate) fn new(room: usize, reserved: usize, patience: Duration) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State {
                gate: Gate::new(room, reserved, patience),
                counters: AdmissionStatistics::default(),
            }),
            began: Instant::now(),
            patience,
        }))
    }

    /// Takes room, or waits for it: as long as it takes when the bid is patient.
    pub(crate) async fn enter(&self, bid: &Bid) -> Result<Permit, Refusal> {
        let inner = &*self.0;
        let since = inner.now();
        let mut waiting = {
            let mut state = inner.lock();
            if let Some(place) = state.gate.enter(bid) {
                state.counters.admitted += 1;
                return Ok(self.0.permit(place, since));
            }
            let (tell, answer) = oneshot::channel();
            let ticket = state.gate.wait(since, bid, tell);
            let ticket = ticket.inspect_err(|refusal| state.count(refusal.bound))?;
            // The bid may have brought a wider bound than those in line came with.
            self.0.let_in(state);
            Waiting {
                inner,
                ticket,
                answer,
            }
        };
        // Looked at when a standing queue would turn one away, and when any would.
        let looks = [inner.patience / 10, inner.patience];
        for look in looks.into_iter().filter(|_| !bid.patient) {
            let until = inner.began + since + look;
            match tokio::time::timeout_at(until, &mut waiting.answer).await {
                Ok(answer) => return inner.answered(answer, since),
                Err(_) => {
                    let mut state = inner.lock();
                    let overdue = state.gate.overdue(inner.now(), &waiting.ticket);
                    if let Some(refusal) = overdue {
                        state.count(refusal.bound);
                        return Err(refusal);
                    }
                }
            }
        }
        inner.answered((&mut waiting.answer).await, since)
    }

    /// How many executions of a script may go at once, as far as it is known here.
    pub(crate) fn limit(&self, tenant: TenantId, script: ScriptId) -> u32 {
        let known = self.0.lock().gate.limit(tenant, script);
        known.unwrap_or_else(|| Limits::default().concurrency)
    }

    /// Executions that go now.
    pub(crate) fn taken(&self) -> usize {
        self.0.lock().gate.taken()
    }

    pub(crate) fn statistics(&self) -> AdmissionStatistics {
        let state = self.0.lock();
        AdmissionStatistics {
            waiting: state.gate.waiting(),
            ..state.counters
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn permit(self: &Arc<Self>, place: Place, since: Duration) -> Permit {
        Permit {
            inner: self.clone(),
            place,
            since,
        }
    }

    /// Tells those whose turn it is.
    fn let_in(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let now = self.now();
        let mut answers = Vec::new();
        while let Some((tell, answer)) = state.gate.next(now) {
            answers.push((tell, answer.map(|place| self.permit(place, now))));
        }
        drop(state);
        for (tell, answer) in answers {
            // Who has gone meanwhile sends the permit back, and it is dropped.
            let _ = tell.send(answer);
        }
    }

    fn answered(
        &self,
        answer: Result<Answer, oneshot::error::RecvError>,
        since: Duration,
    ) -> Answer {
        // Whoever is in line is answered: the gate lives as long as we do.
        let answer = answer.unwrap_or(Err(Refusal {
            bound: Bound::Process,
            most: 0,
            retry_after: Duration::from_secs(1),
        }));
        let mut state = self.lock();
        match &answer {
            Ok(_) => {
                state.counters.admitted += 1;
                state.counters.waited += 1;
                state.counters.wait += self.now().saturating_sub(since);
            }
            Err(refusal) => state.count(refusal.bound),
        }
        drop(state);
        answer
    }
}

impl State {
    fn count(&mut self, bound: Bound) {
        let counter = match bound {
            Bound::Script => &mut self.counters.refused_by_script,
            Bound::Tenant => &mut self.counters.refused_by_tenant,
            Bound::Process => &mut self.counters.refused_by_process,
            // Not one of the gate's: circuits count for themselves.
            Bound::Circuit => return,
        };
        *counter += 1;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        let held = self.inner.now().saturating_sub(self.since);
        state.gate.leave(&self.place, held);
        self.inner.let_in(state);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.inner.lock().gate.give_up(&self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use scriptorium_model::{TenantId, Uuid};

    use super::super::share::TenantShare;
    use super::*;

    fn bid(tenant: u128) -> Bid {
        Bid {
            tenant: TenantId(Uuid::from_u128(tenant)),
            share: TenantShare::SHARED_HOSTING,
            script: ScriptId(Uuid::from_u128(tenant)),
            limit: 20,
            patient: false,
            by_operator: false,
            trial: false,
        }
    }

    fn admission(patience: Duration) -> Admission {
        Admission::new(1, 0, patience)
    }

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn who_finds_no_room_in_time_is_refused() {
        let admission = admission(Duration::from_millis(20));
        let taken = admission.enter(&bid(1)).await;
        let refusal = admission.enter(&bid(2)).await.map(drop).unwrap_err();
        assert_eq!(refusal.bound, Bound::Process);
        drop(taken);
        let statistics = admission.statistics();
        assert_eq!((statistics.waiting, statistics.refused_by_process), (0, 1));
        assert!(admission.enter(&bid(2)).await.is_ok());
    }

    #[tokio::test]
    async fn waiter_gets_the_room_that_is_given_back() {
        let admission = admission(LONG);
        let taken = admission.enter(&bid(1)).await;
        let later = async {
            while admission.statistics().waiting == 0 {
                tokio::task::yield_now().await;
            }
            drop(taken);
        };
        let second = bid(2);
        let (permit, ()) = tokio::join!(admission.enter(&second), later);
        assert!(permit.is_ok());
        let statistics = admission.statistics();
        assert_eq!((statistics.waited, statistics.admitted), (1, 2));
        drop(permit);
        assert_eq!(admission.taken(), 0);
    }

    #[tokio::test]
    async fn patient_one_is_never_refused_and_leaves_nothing_when_it_goes() {
        let admission = admission(Duration::ZERO);
        let taken = admission.enter(&bid(1)).await;
        let patient = Bid {
            patient: true,
            ..bid(2)
        };
        assert!(admission.enter(&patient).now_or_never().is_none());
        let mut waiting = std::pin::pin!(admission.enter(&patient));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(taken);
        assert!(waiting.await.is_ok());
        assert_eq!(admission.taken(), 0);
    }
}
