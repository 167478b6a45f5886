//! The functions the guest may call. Every pointer, length and number that comes in is
//! a stranger's; a wrong one traps.

use std::borrow::Cow;

use wasmtime::{Caller, Engine, Linker, Result, bail};

use crate::failure::{self, Reported};
use crate::state::{Answer, Arg, State};
use crate::{Code, HostError, Level, LimitHit, Reply, json};

/// The reply slot among the arguments.
const REPLY: usize = 2;
const PENDING: i32 = -1;
/// The one argument that is the same in every execution of a program.
const PROGRAM: u32 = 0;

/// Binds the imports for one engine.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "arg_len", arg_len)?;
    linker.func_wrap("host", "arg_copy", arg_copy)?;
    linker.func_wrap("host", "call", call)?;
    linker.func_wrap("host", "call_sync", call_sync)?;
    linker.func_wrap("host", "next", next)?;
    linker.func_wrap("host", "log", log)?;
    linker.func_wrap("host", "now", now)?;
    linker.func_wrap("host", "output", output)?;
    linker.func_wrap("host", "fail", fail)?;
    linker.func_wrap("host", "out_of_memory", out_of_memory)?;
    Ok(linker)
}

fn arg_len(mut caller: Caller<'_, State>, index: u32) -> Result<u32> {
    let state = caller.data_mut();
    state.asked |= index != PROGRAM;
    match state.args.get(index as usize) {
        Some(arg) => Ok(u32::try_from(arg.bytes().len())?),
        None => bail!("the guest asked for an argument that does not exist"),
    }
}

fn arg_copy(mut caller: Caller<'_, State>, index: u32, to: u32) -> Result<()> {
    let (memory, state) = halves(&mut caller)?;
    let Some(arg) = state.args.get_mut(index as usize) else {
        bail!("the guest asked for an argument that does not exist");
    };
    state.asked |= index != PROGRAM;
    let bytes = arg.bytes();
    let to = to as usize;
    let Some(target) = memory.get_mut(to..to.saturating_add(bytes.len())) else {
        bail!("the guest gave a pointer outside its memory");
    };
    target.copy_from_slice(bytes);
    // Each is fetched once; what the host holds for an execution counts.
    *arg = Arg::Empty;
    Ok(())
}

fn call(
    mut caller: Caller<'_, State>,
    id: u32,
    name: u32,
    name_len: u32,
    args: u32,
    args_len: u32,
) -> Result<i32> {
    let (memory, state) = split(&mut caller)?;
    let name = text(memory, name, name_len)?;
    let args = json_text(memory, args, args_len)?;
    state.charge(state.host.class(&name))?;
    let result = match state.host.call(&name, &args) {
        Reply::Ready(result) => result,
        Reply::Later(future) => {
            state.wait_for(id, future, args.len())?;
            return Ok(PENDING);
        }
        Reply::Unknown => Err(HostError::new(
            "UNKNOWN_CALL",
            format!("there is no host call {name:?}"),
        )),
    };
    reply(state, result)
}

fn call_sync(
    mut caller: Caller<'_, State>,
    name: u32,
    name_len: u32,
    args: u32,
    args_len: u32,
) -> Result<i32> {
    let (memory, state) = split(&mut caller)?;
    let name = text(memory, name, name_len)?;
    let args = json_text(memory, args, args_len)?;
    state.charge(state.host.class(&name))?;
    let result = state.host.call_sync(&name, &args);
    reply(state, result)
}

fn next(mut caller: Caller<'_, State>) -> Result<i64> {
    let state = caller.data_mut();
    state.asked = true;
    let Some(Answer { id, result, held }) = state.answered.pop_front() else {
        return Ok(i64::from(PENDING));
    };
    // It is counted anew as the reply.
    drop(held);
    let packed = reply(state, result)?;
    Ok((i64::from(id) << 32) | i64::from(packed))
}

/// Lays a reply out for the guest: its length times two, plus one for an error.
fn reply(state: &mut State, result: Result<String, HostError>) -> Result<i32> {
    let (text, is_error) = match result {
        Ok(json) => (json, 0),
        Err(error) => match error.fatal {
            Some(code) => {
                let failure = state.fatal(code, error.message);
                return Err(state.end(failure));
            }
            None => (error.to_json(), 1),
        },
    };
    let Ok(len) = i32::try_from(text.len() * 2) else {
        return Err(state.out_of_memory(text.len()));
    };
    let held = state.hold(text.len())?;
    state.args[REPLY] = Arg::Bytes(text.into_bytes(), Some(held));
    Ok(len | is_error)
}

fn log(
    mut caller: Caller<'_, State>,
    level: u32,
    message: u32,
    message_len: u32,
    data: u32,
    data_len: u32,
) -> Result<()> {
    let (memory, state) = split(&mut caller)?;
    let message = text(memory, message, message_len)?;
    let data = match data {
        0 => None,
        data => Some(json_text(memory, data, data_len)?),
    };
    let level = match level {
        0 => Level::Debug,
        1 => Level::Info,
        2 => Level::Warn,
        3 => Level::Error,
        4 => Level::Progress,
        _ => bail!("the guest gave a log level that does not exist"),
    };
    state.host.log(level, &message, data.as_deref());
    Ok(())
}

fn now(mut caller: Caller<'_, State>) -> f64 {
    let state = caller.data_mut();
    state.asked = true;
    state.host.now().as_micros() as f64
}

fn output(mut caller: Caller<'_, State>, data: u32, len: u32) -> Result<()> {
    let (memory, state) = split(&mut caller)?;
    if len as usize > state.limits.output_bytes {
        let hit = LimitHit {
            limit: "output",
            allowed: state.limits.output_bytes as u64,
            observed: u64::from(len),
            unit: "bytes",
        };
        return Err(state.end(failure::beyond_limit(Code::Output, hit)));
    }
    state.output = Some(bytes(memory, data, len)?.to_vec());
    Ok(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "three texts by pointer and length"
)]
fn fail(
    mut caller: Caller<'_, State>,
    kind: u32,
    message: u32,
    message_len: u32,
    stack: u32,
    stack_len: u32,
    details: u32,
    details_len: u32,
) -> Result<()> {
    let (memory, state) = split(&mut caller)?;
    let code = match kind {
        0 => Code::Threw,
        1 => Code::BadResult,
        2 => Code::Syntax,
        _ => bail!("the guest gave a kind of failure that does not exist"),
    };
    let reported = Reported {
        code,
        message: bytes(memory, message, message_len)?,
        stack: bytes(memory, stack, stack_len)?,
        details: bytes(memory, details, details_len)?,
    };
    let failure = failure::from_guest(&reported, &state.origins);
    state.failed.get_or_insert(failure);
    Ok(())
}

/// An allocation inside the guest that cannot be served at all.
fn out_of_memory(mut caller: Caller<'_, State>, asked: u32) -> Result<()> {
    let state = caller.data_mut();
    Err(state.out_of_memory(asked as usize))
}

/// The guest's memory and the state, side by side, for what is not the same in every execution.
fn split<'a>(caller: &'a mut Caller<'_, State>) -> Result<(&'a mut [u8], &'a mut State)> {
    caller.data_mut().asked = true;
    halves(caller)
}

fn halves<'a>(caller: &'a mut Caller<'_, State>) -> Result<(&'a mut [u8], &'a mut State)> {
    match caller.data().memory {
        Some(memory) => Ok(memory.data_and_store_mut(caller)),
        None => bail!("the guest called out before it was set up"),
    }
}

fn bytes(memory: &[u8], at: u32, len: u32) -> Result<&[u8]> {
    let at = at as usize;
    match memory.get(at..at.saturating_add(len as usize)) {
        Some(bytes) => Ok(bytes),
        None => bail!("the guest gave a pointer outside its memory"),
    }
}

/// A lone surrogate in a script's string is no UTF-8; it becomes the replacement character.
fn text(memory: &[u8], at: u32, len: u32) -> Result<Cow<'_, str>> {
    Ok(String::from_utf8_lossy(bytes(memory, at, len)?))
}

/// The same of JSON, where it is escaped.
fn json_text(memory: &[u8], at: u32, len: u32) -> Result<Cow<'_, str>> {
    text(memory, at, len).map(json::well_formed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wasmtime::{Engine, Module, Store};

    use super::*;
    use crate::{CallClass, Host, Limits};

    struct Deaf;

    impl Host for Deaf {
        fn class(&self, _name: &str) -> CallClass {
            CallClass::Free
        }
        fn call(&mut self, _name: &str, _args: &str) -> Reply {
            Reply::Unknown
        }
        fn call_sync(&mut self, _name: &str, _args: &str) -> Result<String, HostError> {
            Ok("null".to_owned())
        }
        fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
    }

    const I32: u8 = 0x7f;
    const I64: u8 = 0x7e;
    const F64: u8 = 0x7c;

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id, content.len() as u8], content].concat()
    }

    /// A module with one page of memory whose `go` calls the import with these numbers.
    fn liar(import: &str, params: &[u32], result: Option<u8>) -> Vec<u8> {
        let count = params.len() as u8;
        let results: Vec<u8> = result.into_iter().collect();
        let mut types = vec![2, 0x60, count];
        types.extend(vec![I32; params.len()]);
        types.push(results.len() as u8);
        types.extend(&results);
        types.extend([0x60, 0, 0]);
        let mut imports = vec![1, 4];
        imports.extend(b"host");
        imports.push(import.len() as u8);
        imports.extend(import.as_bytes());
        imports.extend([0, 0]);
        let mut body = vec![0];
        for param in params {
            body.push(0x41);
            leb(*param as i32, &mut body);
        }
        body.extend([0x10, 0]);
        body.extend(results.iter().map(|_| 0x1a));
        body.push(0x0b);
        let code = [&[1, body.len() as u8], &body[..]].concat();
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, &types),
            section(2, &imports),
            section(3, &[1, 1]),
            section(5, &[1, 0, 1]),
            section(7, b"\x02\x06memory\x02\x00\x02go\x00\x01"),
            section(10, &code),
        ]
        .concat()
    }

    fn leb(mut value: i32, out: &mut Vec<u8>) {
        loop {
            let byte = (value & 0x7f) as u8;
            value >>= 7;
            let done = (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0);
            out.push(if done { byte } else { byte | 0x80 });
            if done {
                return;
            }
        }
    }

    fn go(import: &str, params: &[u32], result: Option<u8>, set_up: bool) -> String {
        let engine = Engine::default();
        let module = Module::new(&engine, liar(import, params, result)).unwrap();
        let mut state = State::new(Box::new(Deaf), Limits::default(), Arc::default());
        state.limits.output_bytes = usize::MAX;
        state.args[0] = Arg::Bytes(vec![1; 10], None);
        let mut store = Store::new(&engine, state);
        let linker = linker(&engine).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        if set_up {
            let memory = instance.get_memory(&mut store, "memory");
            store.data_mut().memory = memory;
        }
        let go = instance.get_typed_func::<(), ()>(&mut store, "go").unwrap();
        match go.call(&mut store, ()) {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[track_caller]
    fn check(import: &str, params: &[u32], result: Option<u8>, expected: &str) {
        let got = go(import, params, result, true);
        assert!(got.contains(expected), "{import}{params:?}: {got}");
    }

    const MAX: u32 = u32::MAX;
    const END: u32 = 65_536;

    #[test]
    fn lying_guest_is_trapped() {
        let outside = "outside its memory";
        let missing = "does not exist";
        check("arg_len", &[3], Some(I32), missing);
        check("arg_len", &[MAX], Some(I32), missing);
        check("arg_copy", &[3, 0], None, missing);
        for to in [END - 9, END, MAX - 9, MAX] {
            check("arg_copy", &[0, to], None, outside);
        }
        for (at, len) in [
            (END, 1),
            (END - 1, 2),
            (0, END + 1),
            (MAX, 1),
            (1, MAX),
            (MAX, MAX),
        ] {
            check("call", &[0, at, len, 0, 0], Some(I32), outside);
            check("call", &[0, 0, 0, at, len], Some(I32), outside);
            check("call_sync", &[at, len, 0, 0], Some(I32), outside);
            check("call_sync", &[0, 0, at, len], Some(I32), outside);
            check("log", &[1, at, len, 0, 0], None, outside);
            // Data at zero stands for no data.
            if at != 0 {
                check("log", &[1, 0, 0, at, len], None, outside);
            }
            check("output", &[at, len], None, outside);
            check("fail", &[0, at, len, 0, 0, 0, 0], None, outside);
            check("fail", &[0, 0, 0, at, len, 0, 0], None, outside);
            check("fail", &[0, 0, 0, 0, 0, at, len], None, outside);
        }
        check("log", &[5, 0, 0, 0, 0], None, missing);
        check("fail", &[3, 0, 0, 0, 0, 0, 0], None, missing);
        check("out_of_memory", &[MAX], None, "ended");
    }

    #[test]
    fn honest_guest_is_served() {
        check("arg_len", &[0], Some(I32), "ok");
        check("arg_copy", &[0, END - 10], None, "ok");
        check("call", &[MAX, END, 0, 0, END], Some(I32), "ok");
        check("call_sync", &[0, 0, END - 1, 1], Some(I32), "ok");
        check("next", &[], Some(I64), "ok");
        check("now", &[], Some(F64), "ok");
        check("log", &[4, 0, 1, 1, 1], None, "ok");
        check("output", &[0, END], None, "ok");
        check("fail", &[2, 0, 1, 0, 1, 0, 1], None, "ok");
    }

    #[test]
    fn nothing_is_reached_before_the_memory_is_known() {
        for (import, params, result) in [
            ("arg_copy", &[0, 0][..], None),
            ("call", &[0, 0, 0, 0, 0], Some(I32)),
            ("output", &[0, 0], None),
        ] {
            let got = go(import, params, result, false);
            assert!(got.contains("before it was set up"), "{import}: {got}");
        }
    }
}
