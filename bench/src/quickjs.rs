//! The peer next to us: the same JavaScript engine, compiled natively, without our sandbox. A new
//! runtime for each execution, the scripts as bytecode, and the limits it has switched on.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use rquickjs::loader::Bundle;
use rquickjs::module::WriteOptions;
use rquickjs::{CatchResultExt, Context, Ctx, Function, Module, Object, Promise, Runtime, Value};

use crate::reference;

const MEMORY_BYTES: usize = 64 << 20;
const STACK_BYTES: usize = 512 << 10;
const WALL: Duration = Duration::from_secs(30);

/// Compiled modules.
#[derive(Clone, Copy)]
pub(crate) struct Bytecode(Bundle);

impl Bytecode {
    /// Compiles modules of these names. They stay in memory until the process ends, as the loader
    /// wants it.
    pub(crate) fn new(sources: &[(&'static str, &str)]) -> Result<Self> {
        let context = Context::full(&Runtime::new()?)?;
        let modules: Result<Vec<(&'static str, &'static [u8])>> = context.with(|ctx| {
            let compile = |(name, code): &(&'static str, &str)| {
                let module = Module::declare(ctx.clone(), *name, *code)?;
                Ok((*name, &*module.write(WriteOptions::default())?.leak()))
            };
            sources.iter().map(compile).collect()
        });
        // An alias has no constructor by name.
        Ok(Self(Bundle { 0: modules?.leak() }))
    }

    /// A new runtime with the limits, where the modules can be imported.
    fn context(self) -> Result<Context> {
        let runtime = Runtime::new()?;
        let deadline = Instant::now() + WALL;
        runtime.set_memory_limit(MEMORY_BYTES);
        runtime.set_max_stack_size(STACK_BYTES);
        runtime.set_interrupt_handler(Some(Box::new(move || Instant::now() > deadline)));
        runtime.set_loader(self.0, self.0);
        Ok(Context::full(&runtime)?)
    }

    /// What the default export of a module returns, as JSON, in a runtime that comes and goes.
    pub(crate) fn call(self, name: &str) -> Result<String> {
        within(&self.context()?, |ctx| {
            let module: Object = Module::import(ctx, name)?.finish()?;
            let entry: Function = module.get("default")?;
            json(ctx, entry.call(())?)
        })
    }
}

/// The prelude and the reference script.
#[derive(Clone, Copy)]
pub(crate) struct Reference(Bytecode);

/// The reference script, loaded into a runtime of its own.
pub(crate) struct Loaded(Context);

impl Reference {
    pub(crate) fn new() -> Result<Self> {
        let prelude = format!("export default function (host) {{{}}}", reference::PRELUDE);
        let sources = [("prelude", &*prelude), ("reference", reference::SCRIPT)];
        Bytecode::new(&sources).map(Self)
    }

    /// A runtime whose host calls are answered at once.
    pub(crate) fn load(self) -> Result<Loaded> {
        self.load_with(answer)
    }

    /// A runtime whose script has begun and waits for a host call that nobody answers.
    pub(crate) fn suspended(self) -> Result<Loaded> {
        let loaded = self.load_with(hold)?;
        within(&loaded.0, |ctx| {
            begin(ctx)?;
            while ctx.execute_pending_job() {}
            Ok(())
        })?;
        Ok(loaded)
    }

    fn load_with(
        self,
        call: for<'js> fn(Ctx<'js>, String, String) -> rquickjs::Result<Promise<'js>>,
    ) -> Result<Loaded> {
        let context = self.0.context()?;
        within(&context, |ctx| {
            let host = Object::new(ctx.clone())?;
            host.set("call", Function::new(ctx.clone(), call)?)?;
            let prelude: Object = Module::import(ctx, "prelude")?.finish()?;
            let prelude: Function = prelude.get("default")?;
            let world: Object = prelude.call((host,))?;
            let script: Object = Module::import(ctx, "reference")?.finish()?;
            // Functions of a runtime cannot be kept outside of it.
            ctx.globals()
                .set("enter", world.get::<_, Function>("enter")?)?;
            ctx.globals()
                .set("entry", script.get::<_, Function>("default")?)
        })?;
        Ok(Loaded(context))
    }
}

impl Loaded {
    /// Runs the script to its end; what it returns as JSON.
    pub(crate) fn run(&self) -> Result<String> {
        within(&self.0, |ctx| json(ctx, begin(ctx)?.finish()?))
    }
}

fn begin<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Promise<'js>> {
    let (enter, entry): (Function, Function) =
        (ctx.globals().get("enter")?, ctx.globals().get("entry")?);
    enter.call((entry, ctx.json_parse(reference::INPUT)?))
}

/// Answers a host call at once with its own arguments.
fn answer<'js>(ctx: Ctx<'js>, _name: String, args: String) -> rquickjs::Result<Promise<'js>> {
    let (promise, resolve, _) = ctx.promise()?;
    let answer = ctx.json_parse(args)?;
    resolve.call::<_, ()>((answer,))?;
    Ok(promise)
}

/// Never answers a host call.
fn hold<'js>(ctx: Ctx<'js>, _name: String, _args: String) -> rquickjs::Result<Promise<'js>> {
    Ok(ctx.promise()?.0)
}

fn json<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> rquickjs::Result<String> {
    let text = ctx.json_stringify(value)?;
    text.map_or(Ok(String::new()), |text| text.to_string())
}

fn within<T>(
    context: &Context,
    work: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<T>,
) -> Result<T> {
    context.with(|ctx| {
        work(&ctx)
            .catch(&ctx)
            .map_err(|error| anyhow!("native QuickJS: {error}"))
    })
}
