//! The section of the engine without the platform.

use std::fmt::Write as _;
use std::time::Duration;

use crate::comparison::{Comparison, Row};
use crate::kernels::{Kernel, Ratios};
use crate::report::{mark, mebibytes, time};

const HEAD: &str = "
## The engine

The reference script of 60 lines: a new isolated world with 15 host functions, 1 KB of JSON in, three
awaited host calls that are answered at once, 1 KB of JSON out, everything dropped. The files are
`crates/scriptorium-engine/examples/reference*`; every engine must give the same output. Our rows have
every limit on. What runs on one thread runs on one processor, the same for all. Prewarmed is a world
that was made, with the script loaded, before the clock started; ours has no such thing, each execution
begins with nothing. A suspended execution is that script waiting in its first host call, in resident
memory of the process. The CPU suite is below, beside native QuickJS-NG. The last column is the p50 over
that of our hot lane.

| engine | p50 µs | p99 µs | one thread | two threads | prewarmed p50 µs | p99 µs | KiB suspended | CPU suite | p50 ratio |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

const GOJA: &str = "
goja is not among them: Debian's copy is of 2017, which knows neither `async` nor classes, and PyPI, npm and
crates.io have none.
";

const FIGURES: &str = "
| what | figure | to reach |
|---|--:|---|
";

const SUITE: &str = "
### CPU suite

Small programs that compute (`bench/kernels`), each with a checksum that must be the same everywhere.
Medians in milliseconds, and the time over that of native QuickJS-NG. Ours and native QuickJS-NG run each
kernel in a new world, which is part of the time; ours has every limit on. Node keeps its world and what it has compiled.

| kernel | native ms | ours ms | ours | Node `--jitless` | Node |
|---|--:|--:|--:|--:|--:|
";

pub(super) fn section(comparison: &Comparison) -> String {
    let mut text = HEAD.to_owned();
    for row in &comparison.rows {
        text.push_str(&engine_row(row, &comparison.rows[0]));
    }
    for missing in &comparison.missing {
        let _ = write!(text, "\nNot measured: {missing}.\n");
    }
    let _ = write!(text, "{GOJA}{FIGURES}{}{SUITE}", figures(comparison));
    for kernel in &comparison.kernels {
        text.push_str(&kernel_row(kernel));
    }
    let Ratios {
        ours,
        jitless,
        node,
    } = comparison.ratios;
    let _ = writeln!(
        text,
        "| geometric mean | | | {ours:.2} | {jitless:.2} | {node:.2} |"
    );
    text
}

fn engine_row(row: &Row, ours: &Row) -> String {
    let fresh = &row.fresh;
    let one = &fresh.one.middle;
    let (p50, p99) = fresh
        .warm
        .as_ref()
        .map_or(("–".into(), "–".into()), |warm| {
            let micros = |time: Duration| time.as_micros().to_string();
            (
                format!("{}{}", mark(warm), micros(warm.middle.p50)),
                micros(warm.middle.p99),
            )
        });
    format!(
        "| {} | {}{} | {} | {:.0}/s | {}{:.0}/s | {p50} | {p99} | {} | {} | {:.2} |\n",
        fresh.name,
        mark(&fresh.one),
        one.p50.as_micros(),
        one.p99.as_micros(),
        one.per_second,
        mark(&fresh.two),
        fresh.two.middle.per_second,
        row.suspended_kib
            .map_or("–".into(), |kib| format!("{kib:.0}")),
        row.suite.map_or("–".into(), |ratio| format!("{ratio:.2}")),
        one.p50.as_secs_f64() / ours.fresh.one.middle.p50.as_secs_f64(),
    )
}

fn figures(comparison: &Comparison) -> String {
    let hot = &comparison.rows[0].fresh;
    let (one, two) = (&hot.one.middle, &hot.two.middle);
    let suspended = &comparison.suspended;
    format!(
        "| fresh execution, hot lane, p50 | {} | ≤ 200 µs |
| the same, one after the other | {:.0}/s | ≥ 5,000/s |
| two threads over one | {:.2} | ≥ 1.8 |
| CPU suite over native QuickJS-NG | {:.2} | ≤ 1.35 |
| {} suspended at once, each | {:.0} KiB | ≤ 240 KiB |
| resident before, while all wait, after | {}, {}, {} MiB | ≤ 3,072 MiB |
| all of them answered, every result right | {} | |
",
        time(one.p50),
        one.per_second,
        two.per_second / one.per_second,
        comparison.ratios.ours,
        suspended.executions,
        suspended.each(),
        mebibytes(suspended.before_bytes),
        mebibytes(suspended.waiting_bytes),
        mebibytes(suspended.after_bytes),
        time(suspended.resumed),
    )
}

fn kernel_row(kernel: &Kernel) -> String {
    let Ratios {
        ours,
        jitless,
        node,
    } = kernel.ratios();
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    format!(
        "| {} | {:.1} | {:.1} | {ours:.2} | {jitless:.2} | {node:.2} |\n",
        kernel.name,
        millis(kernel.native),
        millis(kernel.ours),
    )
}
