//! What is compared: our engine in its two lanes, and the peers that can be had here.

use std::time::Instant;

use anyhow::Result;

use crate::engine::{Lane, Script};
use crate::figures::{Figures, on_threads};
use crate::memory;
use crate::node::{Peer, Start};
use crate::processor;
use crate::quickjs;

/// Executions of ours at once, for those that come one after the other.
const SLOTS: u32 = 64;

/// An engine that can run the reference script.
pub(crate) enum Contender {
    Ours(Lane, Script),
    QuickJs(quickjs::Reference),
    Node(Peer),
}

impl Contender {
    /// All of them, ours first, and the names of those that are not here with the reason.
    pub(crate) fn all() -> Result<(Vec<Self>, Vec<String>)> {
        let ours = |lane| Ok::<_, anyhow::Error>(Self::Ours(lane, Script::reference(lane, SLOTS)?));
        let mut all = vec![
            ours(Lane::Hot)?,
            ours(Lane::Overflow)?,
            Self::QuickJs(quickjs::Reference::new()?),
        ];
        let mut missing = Vec::new();
        for peer in [Peer::Vm, Peer::IsolatedVm] {
            let contender = Self::Node(peer);
            match peer.missing() {
                None => all.push(contender),
                Some(reason) => missing.push(format!("{}: {reason}", contender.name())),
            }
        }
        Ok((all, missing))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ours(Lane::Hot, _) => "Scriptorium, hot lane",
            Self::Ours(Lane::Overflow, _) => "Scriptorium, overflow lane",
            Self::QuickJs(_) => "native QuickJS-NG (rquickjs), new runtime, bytecode: no sandbox",
            Self::Node(Peer::Vm) => "Node `vm.createContext`, cached data: no sandbox, no limits",
            Self::Node(Peer::IsolatedVm) => "isolated-vm, new isolate, cached data",
        }
    }

    /// What one execution returns, as JSON.
    pub(crate) fn output(&self) -> Result<String> {
        match self {
            Self::Ours(_, script) => script.output(),
            Self::QuickJs(reference) => reference.load()?.run(),
            Self::Node(peer) => peer.output(),
        }
    }

    /// Fresh executions on one processor.
    pub(crate) fn alone(&self, executions: usize) -> Result<Figures> {
        processor::on_one(|| self.fresh(1, executions))
    }

    /// Fresh executions on so many threads, each of `executions`.
    pub(crate) fn fresh(&self, threads: usize, executions: usize) -> Result<Figures> {
        match self {
            Self::Ours(_, script) => on_threads(threads, executions, || script.worker()),
            Self::QuickJs(reference) => on_threads(threads, executions, || {
                Ok(|| {
                    let began = Instant::now();
                    reference.load()?.run()?;
                    Ok(began.elapsed())
                })
            }),
            Self::Node(peer) => peer.measure(Start::Fresh, threads, executions),
        }
    }

    /// Executions on one processor in worlds that were made before the clock started. Ours has none:
    /// each execution begins with nothing.
    pub(crate) fn warm(&self, executions: usize) -> Result<Option<Figures>> {
        match self {
            Self::Ours(..) => Ok(None),
            Self::QuickJs(reference) => {
                let warm = || {
                    let loaded = reference.load()?;
                    let began = Instant::now();
                    loaded.run()?;
                    Ok(began.elapsed())
                };
                processor::on_one(|| on_threads(1, executions, || Ok(warm))).map(Some)
            }
            Self::Node(peer) => {
                processor::on_one(|| peer.measure(Start::Warm, 1, executions)).map(Some)
            }
        }
    }

    /// Bytes that an execution of a peer takes which waits in a host call, of so many; an isolate of
    /// V8 is too large for as many. Ours are measured in `suspended`.
    pub(crate) fn held(&self, executions: usize) -> Result<Option<f64>> {
        match self {
            Self::Ours(..) => Ok(None),
            Self::Node(Peer::IsolatedVm) => Peer::IsolatedVm.held(executions.div_ceil(5)).map(Some),
            Self::QuickJs(reference) => {
                let hold = |count: usize| -> Result<Vec<_>> {
                    (0..count).map(|_| reference.suspended()).collect()
                };
                // They take what the allocator has kept of those that are gone.
                let _first = hold(executions.div_ceil(10))?;
                let before = memory::resident()?;
                let held = hold(executions)?;
                let more = memory::resident()?.saturating_sub(before);
                Ok(Some(more as f64 / held.len() as f64))
            }
            Self::Node(peer) => peer.held(executions).map(Some),
        }
    }
}
