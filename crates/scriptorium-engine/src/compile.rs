//! Compiling a source into bytecode, inside a sandbox of its own: the parser is C, and
//! what it reads is a stranger's.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use wasmtime::UpdateDeadline;

use crate::failure::Origin;
use crate::lane::Lane;
use crate::state::{Arg, State};
use crate::ticker::Ticker;
use crate::{
    CallClass, Code, CompileError, Error, Failure, Host, HostError, Level, Limits, Reply, Source,
    execution, failure,
};

const LIMITS: Limits = Limits {
    wall: Duration::from_secs(10),
    cpu: Duration::from_secs(1),
    memory_bytes: 64 << 20,
    io_calls: 0,
    service_calls: 0,
    output_bytes: 32 << 20,
};

/// Compiles on the calling thread. The source may import the libraries.
pub(crate) fn compile(
    lane: &Lane,
    ticker: &Arc<Ticker>,
    source: Source<'_>,
    libraries: &[&str],
    origin: Arc<Origin>,
) -> Result<Vec<u8>, CompileError> {
    if source.code.contains('\0') {
        return Err(CompileError::Script(nul_failure(source.code)));
    }
    let mut state = State::new(Box::new(NoHost), LIMITS, [origin].into());
    state.args[0] = Arg::Bytes(source.code.as_bytes().to_vec(), None);
    if let Err(failure) = state.take_input(source.name) {
        return Err(CompileError::Script(failure));
    }
    if !libraries.is_empty() {
        // No source's name holds a NUL: the guest could not compile it.
        let names = libraries.iter().flat_map(|name| [name, "\0"]);
        state.args[2] = Arg::Bytes(names.collect::<String>().into_bytes(), None);
    }
    let (mut store, guest) = lane.instantiate(state)?;
    store.epoch_deadline_callback({
        let ticker = Arc::clone(ticker);
        move |mut context| {
            ticker.guest_runs();
            let state = context.data_mut();
            match state.must_stop(state.cpu_now()) {
                Some(failure) => Err(state.end(failure)),
                None => Ok(UpdateDeadline::Continue(1)),
            }
        }
    });
    store.set_epoch_deadline(1);
    ticker.guest_runs();
    store.data_mut().begin();
    // On a stack of its own: how deep the parser goes is the script's choice, and the
    // calling thread's stack may be smaller than what the guest is allowed.
    let result = guest.compile.call_async(&mut store, ()).now_or_never();
    let state = store.data_mut();
    if let Some(failure) = state.failed.take() {
        return Err(CompileError::Script(failure));
    }
    match (result, state.output.take()) {
        (Some(Ok(_)), Some(bytecode)) => Ok(bytecode),
        (Some(Err(trap)), _) => Err(CompileError::Script(execution::failure_of(trap)?)),
        _ => Err(Error::Guest(wasmtime::format_err!("no bytecode came")).into()),
    }
}

/// The parser takes a NUL for the end of the text.
fn nul_failure(code: &str) -> Failure {
    let before = code.split('\0').next().unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Failure {
        position: Some(crate::Position {
            line: before.matches('\n').count() as u32 + 1,
            column: before[line_start..].encode_utf16().count() as u32 + 1,
        }),
        ..failure::plain(
            Code::Syntax,
            "SyntaxError: the source contains a NUL character",
        )
    }
}

/// A compilation calls nobody.
pub(crate) struct NoHost;

impl Host for NoHost {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Free
    }
    fn call(&mut self, _name: &str, _args: &str) -> Reply {
        Reply::Unknown
    }
    fn call_sync(&mut self, _name: &str, _args: &str) -> Result<String, HostError> {
        Err(HostError::new("UNKNOWN_CALL", "nothing can be called here"))
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}
