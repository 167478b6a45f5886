//! Our engine without the platform, beside engines of others: everything that is in its one table.

use anyhow::Result;
use serde::Serialize;

use crate::contender::Contender;
use crate::engine::Lane;
use crate::fresh::{self, Fresh};
use crate::kernels::{self, Kernel, Ratios};
use crate::node::Peer;
use crate::suspended::{self, Suspended};

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Executions of each measurement and thread.
    pub(crate) executions: usize,
    /// How often each is made.
    pub(crate) rounds: usize,
    /// Executions of ours that wait at once; of the peers a tenth or less.
    pub(crate) suspended: usize,
    /// How often each kernel runs.
    pub(crate) kernels: usize,
}

/// The whole comparison.
#[derive(Serialize)]
pub(crate) struct Comparison {
    /// Ours first.
    pub(crate) rows: Vec<Row>,
    /// Peers that could not be had, each with the reason.
    pub(crate) missing: Vec<String>,
    pub(crate) suspended: Suspended,
    pub(crate) kernels: Vec<Kernel>,
    pub(crate) ratios: Ratios,
}

/// One engine.
#[derive(Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) fresh: Fresh,
    /// Of an execution that waits in a host call.
    pub(crate) suspended_kib: Option<f64>,
    /// Time of the CPU suite over that of native QuickJS-NG, where it was measured.
    pub(crate) suite: Option<f64>,
}

impl Comparison {
    pub(crate) fn measure(sizes: Sizes) -> Result<Self> {
        let (contenders, missing) = Contender::all()?;
        let fresh = fresh::measure(&contenders, sizes.executions, sizes.rounds)?;
        let held: Vec<Option<f64>> = contenders
            .iter()
            .map(|contender| contender.held(sizes.suspended.div_ceil(10)))
            .collect::<Result<_>>()?;
        let kernels = kernels::measure(sizes.kernels)?;
        let suspended = suspended::measure(sizes.suspended)?;
        let ratios = Ratios::of(&kernels);
        let rows = contenders.iter().zip(fresh).zip(held);
        let rows = rows.map(|((contender, fresh), held)| Row {
            fresh,
            suspended_kib: match contender {
                Contender::Ours(Lane::Overflow, _) => Some(suspended.each()),
                _ => held.map(|bytes| bytes / 1024.0),
            },
            suite: match contender {
                Contender::Ours(Lane::Hot, _) => Some(ratios.ours),
                Contender::QuickJs(_) => Some(1.0),
                Contender::Node(Peer::Vm) => Some(ratios.node),
                _ => None,
            },
        });
        Ok(Self {
            rows: rows.collect(),
            missing,
            suspended,
            kernels,
            ratios,
        })
    }
}
