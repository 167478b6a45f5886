//! The peer next to us: the same JavaScript engine, compiled natively, without our sandbox. A new
//! runtime for each execution, the scripts as bytecode, and the limits it has switched on.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use rquickjs::loader::Bundle;
use rquickjs::module::WriteOptions;
use rquickjs::{CatchResultExt, Context, Ctx, Function, Module, Object, Promise, Runtime};

use crate::reference;

const MEMORY_BYTES: usize = 64 << 20;
const STACK_BYTES: usize = 512 << 10;
const WALL: Duration = Duration::from_secs(30);

/// The prelude and the reference script.
#[derive(Clone, Copy)]
pub(crate) struct Bytecode(Bundle);

impl Bytecode {
    /// Compiles both. They stay in memory until the process ends, as the loader wants it.
    pub(crate) fn new() -> Result<Self> {
        let prelude = format!("export default function (host) {{{}}}", reference::PRELUDE);
        let context = Context::full(&Runtime::new()?)?;
        let modules = context.with(|ctx| -> Result<_> {
            let compile =
                |name: &'static str, code: &str| -> Result<(&'static str, &'static [u8])> {
                    let module = Module::declare(ctx.clone(), name, code)?;
                    Ok((name, module.write(WriteOptions::default())?.leak()))
                };
            Ok([
                compile("prelude", &prelude)?,
                compile("reference", reference::SCRIPT)?,
            ])
        })?;
        let modules: &'static [_] = Box::leak(Box::new(modules));
        // An alias has no constructor by name.
        Ok(Self(Bundle { 0: modules }))
    }

    /// One execution from nothing to nothing; what it returns as JSON.
    pub(crate) fn run(&self) -> Result<String> {
        let runtime = Runtime::new()?;
        let deadline = Instant::now() + WALL;
        runtime.set_memory_limit(MEMORY_BYTES);
        runtime.set_max_stack_size(STACK_BYTES);
        runtime.set_interrupt_handler(Some(Box::new(move || Instant::now() > deadline)));
        runtime.set_loader(self.0, self.0);
        let context = Context::full(&runtime)?;
        context.with(|ctx| {
            main(&ctx)
                .catch(&ctx)
                .map_err(|error| anyhow!("native QuickJS: {error}"))?
                .context("native QuickJS returned nothing")
        })
    }
}

fn main(ctx: &Ctx<'_>) -> rquickjs::Result<Option<String>> {
    let host = Object::new(ctx.clone())?;
    host.set("call", Function::new(ctx.clone(), call)?)?;
    let prelude: Object = Module::import(ctx, "prelude")?.finish()?;
    let prelude: Function = prelude.get("default")?;
    let world: Object = prelude.call((host,))?;
    let enter: Function = world.get("enter")?;
    let script: Object = Module::import(ctx, "reference")?.finish()?;
    let entry: Function = script.get("default")?;
    let promise: Promise = enter.call((entry, ctx.json_parse(reference::INPUT)?))?;
    let output: rquickjs::Value = promise.finish()?;
    let text = ctx.json_stringify(output)?;
    text.map(|text| text.to_string()).transpose()
}

/// Answers a host call at once with its own arguments.
fn call<'js>(ctx: Ctx<'js>, _name: String, args: String) -> rquickjs::Result<Promise<'js>> {
    let (promise, resolve, _) = ctx.promise()?;
    let answer = ctx.json_parse(args)?;
    resolve.call::<_, ()>((answer,))?;
    Ok(promise)
}
