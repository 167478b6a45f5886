//! One execution: enters the guest, waits for host calls, goes on, until there is an
//! outcome. After a limit no instruction of the guest runs.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};
use wasmtime::{Store, StoreContextMut, Trap, UpdateDeadline};

use crate::image::{Begin, Gallery};
use crate::lane::{Guest, Lane};
use crate::pending::Answered;
use crate::program::Program;
use crate::state::{self, State};
use crate::ticker::Ticker;
use crate::{Code, Error, Failure, Outcome, Report, failure, json};

/// The guest's status when only host calls can change anything; see `shim.c`.
const PENDING: i64 = 0;
/// When its program is loaded as far as was asked for.
const READY: i64 = 2;

/// The heap may grow by this part of its limit before the first collection of cycles.
const COLLECT_AFTER: u64 = 8;

/// Runs the program in `state` in a fresh instance, and says how long it waited for host calls. A slot
/// of the lane must be held.
pub(crate) async fn run(
    lane: &Lane,
    ticker: &Arc<Ticker>,
    gallery: &Arc<Gallery>,
    program: &Program,
    state: State,
) -> Result<(Report, Duration), Error> {
    let (mut store, guest) = lane.instantiate(state)?;
    store.epoch_deadline_callback(on_tick);
    store.data_mut().begin();
    let (outcome, waited) = drive(&mut store, &guest, ticker, gallery, program).await?;
    let usage = store.data().usage();
    Ok((Report { outcome, usage }, waited))
}

async fn drive(
    store: &mut Store<State>,
    guest: &Guest,
    ticker: &Ticker,
    gallery: &Arc<Gallery>,
    program: &Program,
) -> Result<(Outcome, Duration), Error> {
    let mut waited = Duration::ZERO;
    let mut entered = begin(store, guest, ticker, gallery, program).await;
    loop {
        if let Some(outcome) = conclude(store.data_mut(), entered)? {
            return Ok((outcome, waited));
        }
        let began = Instant::now();
        let answered = wait(store.data_mut()).await;
        waited += began.elapsed();
        if let Err(failure) = answered {
            return Ok((Outcome::Failed(failure), waited));
        }
        entered = enter(store, ticker, async |store: &mut Store<State>| {
            guest.resume.call_async(store, ()).await
        })
        .await;
    }
}

/// Loads the program, or lays its image in, and enters it.
async fn begin(
    store: &mut Store<State>,
    guest: &Guest,
    ticker: &Ticker,
    gallery: &Arc<Gallery>,
    program: &Program,
) -> wasmtime::Result<i64> {
    let headroom = store.data().limits.memory_bytes / COLLECT_AFTER;
    let headroom = u32::try_from(headroom).unwrap_or(u32::MAX);
    let now = store.data().host.now().as_micros() as f64 / 1e3;
    match program.0.print.begin() {
        Begin::Laid(image) => {
            if let Some(memory) = store.data().memory {
                image.lay(&mut *store, memory)?;
            }
        }
        Begin::Load(taking) => {
            let seed = store.data_mut().host.seed();
            let until = taking.until as u32;
            store.data_mut().asked = false;
            let entered = enter(store, ticker, async |store: &mut Store<State>| {
                let arguments = (seed, headroom, now, until);
                guest.load.call_async(store, arguments).await
            })
            .await;
            let ready = matches!(entered, Ok(READY));
            let asked = store.data().asked;
            match store.data().memory {
                Some(memory) if ready && !asked => taking.take(gallery, memory.data(&*store)),
                _ => taking.miss(),
            }
            if !ready {
                return entered;
            }
        }
    }
    let seed = store.data_mut().host.seed();
    enter(store, ticker, async |store: &mut Store<State>| {
        guest.start.call_async(store, (seed, headroom, now)).await
    })
    .await
}

/// Runs guest code in slices until it returns or traps.
async fn enter(
    store: &mut Store<State>,
    ticker: &Ticker,
    call: impl AsyncFnOnce(&mut Store<State>) -> wasmtime::Result<i64>,
) -> wasmtime::Result<i64> {
    // Epochs passed while the execution waited; the next tick counts.
    store.set_epoch_deadline(1);
    let (cancel, deadline) = (store.data().cancel.clone(), store.data().deadline());
    let result = {
        let mut call = pin!(call(&mut *store));
        std::future::poll_fn(|context| {
            // It may have waited long for this slice; when there is nothing to go on for, no
            // instruction runs, and dropping the call takes its stack down.
            if cancel.is_cancelled() || Instant::now() >= deadline {
                return Poll::Ready(None);
            }
            ticker.guest_runs();
            state::begin_slice();
            call.as_mut().poll(context).map(Some)
        })
        .await
    };
    let state = store.data_mut();
    let Some(result) = result else {
        return Err(state.stopped());
    };
    state.end_slice();
    // The guest's answer holds its status, and above it the size of its heap, without a sign.
    result.map(|answer| {
        state.heap_is((answer as u64 >> 32) as usize);
        answer & 0xffff_ffff
    })
}

/// Called in the middle of guest code, once per tick.
fn on_tick(mut context: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    let state = context.data_mut();
    state.end_slice();
    if let Some(ticker) = &state.ticker {
        ticker.guest_runs();
    }
    let cpu = state.cpu_now();
    if let Some(failure) = state.must_stop(cpu) {
        return Err(state.end(failure));
    }
    state.look_ahead(cpu);
    state.host.goes_on();
    Ok(UpdateDeadline::Yield(1))
}

/// What the guest's return means; `None` while the execution is to go on.
fn conclude(state: &mut State, entered: wasmtime::Result<i64>) -> Result<Option<Outcome>, Error> {
    if let Some(failure) = state.failed.take() {
        return Ok(Some(Outcome::Failed(failure)));
    }
    match entered {
        Err(trap) => failure_of(trap).map(|failure| Some(Outcome::Failed(failure))),
        Ok(PENDING) if state.pending.is_empty() => {
            let message = "the script waits for something that nothing can settle any more";
            Ok(Some(Outcome::Failed(failure::plain(
                Code::NeverSettled,
                message,
            ))))
        }
        Ok(PENDING) => Ok(None),
        Ok(_) => match state.output.take().map(String::from_utf8) {
            Some(Ok(output)) => Ok(Some(Outcome::Completed {
                output: json::well_formed(output.into()).into_owned(),
            })),
            _ => Err(Error::Guest(wasmtime::format_err!("no result came"))),
        },
    }
}

/// Waits until a host call has answered, and takes all that have.
async fn wait(state: &mut State) -> Result<(), Failure> {
    let (near, deadline) = (state.near_deadline(), state.deadline());
    let mut answer = next_answer(state, near.unwrap_or(deadline)).await;
    if answer.is_err() && near.is_some() {
        answer = next_answer(state, deadline).await;
    }
    if let Some(failure) = state.must_stop(state.usage().cpu) {
        return Err(failure);
    }
    if let Ok((id, result)) = answer {
        state.answer(id, result)?;
    }
    while let Some(Some((id, result))) = state.pending.next().now_or_never() {
        state.answer(id, result)?;
    }
    state.look_ahead(state.usage().cpu);
    Ok(())
}

/// There is no answer by then, or the execution is cancelled.
struct Over;

async fn next_answer(state: &mut State, until: Instant) -> Result<Answered, Over> {
    let cancel = state.cancel.clone();
    let answer = {
        let answered = pin!(timeout_at(until, state.pending.next()));
        let cancelled = pin!(cancel.cancelled());
        match futures_util::future::select(cancelled, answered).await {
            futures_util::future::Either::Left(_) => None,
            futures_util::future::Either::Right((answer, _)) => answer.ok().flatten(),
        }
    };
    if answer.is_none() {
        state.look_ahead(state.usage().cpu);
    }
    answer.ok_or(Over)
}

/// What a trap without a recorded reason means.
pub(crate) fn failure_of(trap: wasmtime::Error) -> Result<Failure, Error> {
    match trap.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => Ok(failure::plain(
            Code::Stack,
            "the stack overflowed: calls or nested data went too deep",
        )),
        _ => Err(Error::Guest(trap)),
    }
}
