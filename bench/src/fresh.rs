//! Fresh executions of the reference script: a new isolated world, fifteen host functions, 1 KB of
//! JSON in, three awaited host calls answered at once, 1 KB of JSON out, everything dropped.

use anyhow::{Result, ensure};

use crate::engine::{Engine, Lane};
use crate::figures::{Figures, Rounds, on_threads};
use crate::node::Node;
use crate::quickjs;

/// One engine's row.
pub(crate) struct Fresh {
    /// What it is, and how it is set up.
    pub(crate) name: &'static str,
    /// On one thread.
    pub(crate) one: Rounds,
    /// On two threads.
    pub(crate) two: Rounds,
}

/// What is compared. Measured in turns, so that a busy minute of the machine meets all of them.
enum Contender {
    Engine(Engine),
    QuickJs(quickjs::Bytecode),
    Node(Node),
}

impl Contender {
    fn all() -> Result<Vec<(&'static str, Self)>> {
        let hot = Engine::new(Lane::Hot)?;
        let overflow = Engine::new(Lane::Overflow)?;
        Ok(vec![
            ("Scriptorium, hot lane", Self::Engine(hot)),
            ("Scriptorium, overflow lane", Self::Engine(overflow)),
            (
                "native QuickJS-NG (rquickjs): new runtime, bytecode, no sandbox",
                Self::QuickJs(quickjs::Bytecode::new()?),
            ),
            (
                "Node `vm.createContext`, cached data: no sandbox, no limits",
                Self::Node(Node::new()?),
            ),
        ])
    }

    /// What one execution returns, as JSON.
    fn output(&self) -> Result<String> {
        match self {
            Self::Engine(engine) => engine.output(),
            Self::QuickJs(bytecode) => bytecode.run(),
            Self::Node(node) => node.output(),
        }
    }

    fn measure(&self, threads: usize, executions: usize) -> Result<Figures> {
        match self {
            Self::Engine(engine) => on_threads(threads, executions, || engine.worker()),
            Self::QuickJs(bytecode) => {
                on_threads(threads, executions, || Ok(move || bytecode.run().map(drop)))
            }
            Self::Node(node) => node.measure(threads, executions),
        }
    }
}

/// Measures every engine, ours first.
pub(crate) fn measure(executions: usize, rounds: usize) -> Result<Vec<Fresh>> {
    let contenders = Contender::all()?;
    let expected = contenders[0].1.output()?;
    for (name, contender) in &contenders {
        let output = contender.output()?;
        ensure!(output == expected, "{name} gives {output}, not {expected}");
    }
    let mut measured: Vec<[Vec<Figures>; 2]> =
        contenders.iter().map(|_| Default::default()).collect();
    for _ in 0..rounds {
        for ((_, contender), figures) in contenders.iter().zip(&mut measured) {
            figures[0].push(contender.measure(1, executions)?);
            figures[1].push(contender.measure(2, executions)?);
        }
    }
    let rows = contenders.iter().zip(measured);
    rows.map(|((name, _), [one, two])| {
        Ok(Fresh {
            name,
            one: Rounds::of(one)?,
            two: Rounds::of(two)?,
        })
    })
    .collect()
}
