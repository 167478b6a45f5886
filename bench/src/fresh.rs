//! Fresh executions of the reference script: a new isolated world, fifteen host functions, 1 KB of
//! JSON in, three awaited host calls answered at once, 1 KB of JSON out, everything dropped. Beside
//! them what is left of that when the world is there already.

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::contender::Contender;
use crate::figures::{Figures, Rounds};

/// One engine's row.
#[derive(Serialize)]
pub(crate) struct Fresh {
    /// What it is, and how it is set up.
    pub(crate) name: &'static str,
    /// On one processor.
    pub(crate) one: Rounds,
    /// On two threads.
    pub(crate) two: Rounds,
    /// On one processor, world and script ready before the clock starts. Its rate counts the making.
    pub(crate) warm: Option<Rounds>,
}

/// Measures every engine, in turns, so that a busy minute of the machine meets all of them.
pub(crate) fn measure(
    contenders: &[Contender],
    executions: usize,
    rounds: usize,
) -> Result<Vec<Fresh>> {
    let outputs: Vec<String> = contenders
        .iter()
        .map(Contender::output)
        .collect::<Result<_>>()?;
    for (contender, output) in contenders.iter().zip(&outputs) {
        let (name, expected) = (contender.name(), &outputs[0]);
        ensure!(output == expected, "{name} gives {output}, not {expected}");
    }
    let mut measured: Vec<[Vec<Figures>; 3]> =
        contenders.iter().map(|_| Default::default()).collect();
    for _ in 0..rounds {
        for (contender, [one, two, warm]) in contenders.iter().zip(&mut measured) {
            one.push(contender.alone(executions)?);
            two.push(contender.fresh(2, executions)?);
            warm.extend(contender.warm(executions)?);
        }
    }
    let rows = contenders.iter().zip(measured);
    rows.map(|(contender, [one, two, warm])| {
        Ok(Fresh {
            name: contender.name(),
            one: Rounds::of(one)?,
            two: Rounds::of(two)?,
            warm: (!warm.is_empty()).then(|| Rounds::of(warm)).transpose()?,
        })
    })
    .collect()
}
