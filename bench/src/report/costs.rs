//! The section of what calls cost.

use std::fmt::Write as _;

use crate::costs::Costs;
use crate::report::time;

const HEAD: &str = "
## Calls of scripts

";

const ABOUT: &str = "
SQLite. One execution calls five hundred times, one call after the other; what it takes without the calls is
taken off. In Rust is the same by the host's own code, in turns with it and as often, where there is something that
is the same (what a host keeps in storage is in the audit trail besides). What is left is ours: into the sandbox and out of it, arguments and results as JSON, permissions, limits. An event
costs no more than that until the execution ends, a line of the console is kept like one.

| call | per second | each | in Rust | ours | to reach |
|---|--:|--:|--:|--:|---|
";

const REFUSED: &str = "
What no script may ask is refused in the same time whatever is there, and nobody is asked.

| `http.get` of | refused after, p50 | to reach |
|---|--:|---|
";

pub(super) fn section(costs: &Costs, machine: &str) -> String {
    let mut text = format!("{HEAD}{machine}{ABOUT}");
    for cost in &costs.calls {
        let micros = |micros: f64| format!("{micros:.1} µs");
        let told = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), micros);
        let each = micros(cost.from_a_script.as_secs_f64() * 1e6);
        let (in_rust, ours) = (told(cost.in_rust_us), told(cost.ours()));
        let _ = writeln!(
            text,
            "| `{}` | {:.0} | {each} | {in_rust} | {ours} | ≤ 15 µs of ours |",
            cost.call,
            cost.per_second(),
        );
    }
    text.push_str(REFUSED);
    for refused in &costs.refused {
        let _ = writeln!(
            text,
            "| {} | {} | within 5 ms of the others |",
            refused.there,
            time(refused.p50)
        );
    }
    let [check, whole] = [costs.check, costs.read_and_check].map(|took| took.as_secs_f64() * 1e6);
    let _ = writeln!(
        text,
        "| looking whether an address may be asked | {check:.1} µs | ≤ 5 µs |\n\
         | the same, with reading the URL that names it | {whole:.1} µs | |"
    );
    text
}
