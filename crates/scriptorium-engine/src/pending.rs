//! The host calls of an execution that have not answered. Most scripts wait for one after the other, so that
//! one alone is asked without further ado: a set of futures that has asked them all wakes whoever waits for it
//! once more, for nothing.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::{Held, HostError, HostFuture};

/// What came, and of which call.
pub(crate) type Answered = (u32, Result<String, HostError>);

/// All of an execution.
#[derive(Default)]
pub(crate) struct Pending {
    /// The only one.
    alone: Option<Numbered>,
    several: FuturesUnordered<Numbered>,
}

/// A host call's future, which remembers its number.
pub(crate) struct Numbered {
    pub(crate) id: u32,
    pub(crate) future: HostFuture,
    pub(crate) _held: Held,
}

impl Pending {
    pub(crate) fn push(&mut self, call: Numbered) {
        if self.is_empty() {
            self.alone = Some(call);
        } else {
            self.several.extend(self.alone.take());
            self.several.push(call);
        }
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.alone.is_some()) + self.several.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next answer; `None` when nothing is waited for.
    pub(crate) async fn next(&mut self) -> Option<Answered> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Answered>> {
        let Some(call) = &mut self.alone else {
            return self.several.poll_next_unpin(context);
        };
        let answered = ready!(Pin::new(call).poll(context));
        self.alone = None;
        Poll::Ready(Some(answered))
    }
}

impl Future for Numbered {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let id = self.id;
        self.future
            .as_mut()
            .poll(context)
            .map(|result| (id, result))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;
    use crate::meter::Meter;

    /// How often whoever waits was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn call(id: u32) -> (oneshot::Sender<String>, Numbered) {
        let (answer, answered) = oneshot::channel();
        let gone = |_| HostError::new("GONE", "nobody answers");
        let future = async move { answered.await.map_err(gone) };
        let call = Numbered {
            id,
            future: Box::pin(future),
            _held: Meter::default().hold(0).unwrap(),
        };
        (answer, call)
    }

    #[test]
    fn who_waits_for_one_call_is_woken_by_its_answer_only() {
        let (mut pending, woken) = (Pending::default(), Arc::new(Woken::default()));
        let (waker, wakes) = (woken.clone().into(), || woken.0.load(Ordering::Relaxed));
        let mut context = Context::from_waker(&waker);
        for id in 0..3 {
            let (answer, call) = call(id);
            pending.push(call);
            assert!(pending.poll_next(&mut context).is_pending());
            assert_eq!(wakes(), id as usize);
            answer.send(format!("{id}")).unwrap();
            assert_eq!(wakes(), id as usize + 1);
            let answered = pending.poll_next(&mut context);
            assert!(
                matches!(answered, Poll::Ready(Some((n, Ok(text)))) if n == id && text == format!("{id}"))
            );
        }
        assert!(matches!(pending.poll_next(&mut context), Poll::Ready(None)));
    }

    #[test]
    fn several_are_answered_as_they_come() {
        let mut pending = Pending::default();
        let (mut answers, calls): (Vec<_>, Vec<_>) = (0..4).map(call).unzip();
        for (waiting, call) in (1..).zip(calls) {
            pending.push(call);
            assert_eq!(pending.len(), waiting);
            // The first of them has been asked by itself before.
            assert!(pending.next().now_or_never().is_none());
        }
        for id in [2, 0, 1, 0] {
            answers.remove(id).send(String::new()).unwrap();
        }
        let mut came: Vec<u32> = Vec::new();
        while let Some(Some((id, _))) = pending.next().now_or_never() {
            came.push(id);
        }
        assert_eq!(came, [2, 0, 3, 1]);
        assert!(pending.is_empty());
    }
}
