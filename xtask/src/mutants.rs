//! `cargo xtask mutants`: takes one wall or limit after another out of a copy of the tree and runs
//! the tests that should notice. What they do not notice has survived, and fails the task. The list
//! is data (`mutants/list.rs`); tidy holds it against the tree with every commit.

pub(crate) mod list;
mod scratch;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use list::{MUTANTS, Mutant};
use scratch::Scratch;

/// How nextest says what came of the tests, besides success.
const SOME_FAILED: i32 = 100;
const NONE_FOUND: i32 = 4;

/// Words that nextest puts before a test that did not pass.
const RED: [&str; 7] = [
    "FAIL",
    "TIMEOUT",
    "ABORT",
    "SIGABRT",
    "SIGSEGV",
    "SIGKILL",
    "LEAK-FAIL",
];

/// What came of tests.
enum Verdict {
    Green,
    /// The tests that are red, and what they say.
    Red(BTreeSet<String>, String),
}

/// One line of the table.
struct Row {
    mutant: &'static Mutant,
    /// The tests that noticed. Without one it has survived; an error says why that is not known.
    red: Result<BTreeSet<String>>,
    took: Duration,
}

/// Runs the named mutants, or all.
pub(crate) fn run(root: &Path, names: &[String]) -> Result<ExitCode> {
    let chosen = choose(names)?;
    let scratch = Scratch::new(root)?;
    stand_alone(&scratch, &chosen)?;
    let mut rows = Vec::new();
    for mutant in chosen {
        eprintln!("mutants: {}", mutant.name);
        let began = Instant::now();
        let red = try_out(&scratch, mutant);
        if let Err(error) = &red {
            eprintln!("{error:#}");
        }
        let took = began.elapsed();
        let row = Row { mutant, red, took };
        eprintln!("{row}");
        rows.push(row);
    }
    Ok(report(&rows))
}

fn choose(names: &[String]) -> Result<Vec<&'static Mutant>> {
    for name in names {
        ensure!(
            MUTANTS.iter().any(|mutant| mutant.name == name),
            "there is no mutant `{name}`; they are in xtask/src/mutants/list.rs"
        );
    }
    let is_wanted = |mutant: &&Mutant| names.is_empty() || names.iter().any(|n| n == mutant.name);
    Ok(MUTANTS.iter().filter(is_wanted).collect())
}

/// The tests pass as long as nothing is taken out: else their turning red would say nothing.
fn stand_alone(scratch: &Scratch, chosen: &[&Mutant]) -> Result<()> {
    let mut filters: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for mutant in chosen {
        filters
            .entry(mutant.package)
            .or_default()
            .insert(mutant.tests);
    }
    for (package, filters) in filters {
        eprintln!("mutants: the tests of {package} as they are");
        scratch.renew(package)?;
        let all: Vec<String> = filters.iter().map(|one| format!("({one})")).collect();
        if let Verdict::Red(red, said) = test(scratch, &all.join(" | "))? {
            bail!("red with nothing taken out: {}\n{said}", listed(&red));
        }
    }
    Ok(())
}

/// The tests that turn red without what the mutant takes out.
fn try_out(scratch: &Scratch, mutant: &Mutant) -> Result<BTreeSet<String>> {
    scratch.renew(mutant.package)?;
    scratch.plant(mutant)?;
    match test(scratch, mutant.tests)? {
        Verdict::Green => Ok(BTreeSet::new()),
        Verdict::Red(red, said) => {
            let says = mutant.says;
            ensure!(
                said.contains(says),
                "red, but nothing says {says:?}:\n{said}"
            );
            Ok(red)
        }
    }
}

/// Runs the tests that the filter names.
fn test(scratch: &Scratch, filter: &str) -> Result<Verdict> {
    let output = crate::cargo()
        .args(["nextest", "run", "--workspace", "-E", filter])
        .args(["--color=never", "--no-fail-fast", "--status-level=fail"])
        .args(["--final-status-level=none", "--failure-output=immediate"])
        .env("CARGO_TARGET_DIR", scratch.target())
        // Cargo keeps what different wrappers compile apart, except for dependencies: so these
        // share the target directory with the tree, and never leave a mutant's code for it.
        .env("RUSTC_WORKSPACE_WRAPPER", "/usr/bin/env")
        .current_dir(scratch.root())
        .output()
        .context("cargo did not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => Ok(Verdict::Green),
        Some(SOME_FAILED) => {
            let red = red_tests(&said);
            ensure!(!red.is_empty(), "no test is named as red in\n{said}");
            Ok(Verdict::Red(red, said.into_owned()))
        }
        Some(NONE_FOUND) => bail!("no test is named by {filter}"),
        _ => bail!("its tests do not even begin:\n{said}"),
    }
}

/// The tests of lines such as `FAIL [   0.031s] (1/3) package::binary module::test`.
fn red_tests(said: &str) -> BTreeSet<String> {
    said.lines()
        .filter_map(|line| {
            let (word, rest) = line.trim_start().split_once(" [")?;
            let (_, name) = rest.split_once("] ")?;
            let name = name.trim_start();
            let name = match name.strip_prefix('(') {
                Some(counted) => counted.split_once(") ")?.1,
                None => name,
            };
            let test = name.split_whitespace().last()?;
            RED.contains(&word).then(|| test.to_owned())
        })
        .collect()
}

#[expect(clippy::print_stdout, reason = "the table is the data this task gives")]
fn report(rows: &[Row]) -> ExitCode {
    for row in rows {
        println!("{row}");
    }
    let noticed = rows.iter().filter(|row| row.is_noticed()).count();
    println!("{noticed} of {} are noticed", rows.len());
    if noticed == rows.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Row {
    fn is_noticed(&self) -> bool {
        self.red.as_ref().is_ok_and(|red| !red.is_empty())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mutant { name, removes, .. } = self.mutant;
        let seconds = self.took.as_secs();
        write!(f, "{name:<22} {seconds:>4} s  ")?;
        match &self.red {
            Ok(red) if red.is_empty() => write!(f, "SURVIVED: {removes}"),
            Ok(red) => write!(f, "{}: {}", listed(red), self.mutant.says),
            Err(error) => {
                let why = error.to_string();
                write!(f, "UNKNOWN: {}", why.lines().next().unwrap_or_default())
            }
        }
    }
}

fn listed(tests: &BTreeSet<String>) -> String {
    tests
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn red_tests_are_read_from_what_nextest_says() {
        let said = "\
    Starting 3 tests across 2 binaries
        PASS [   0.010s] (1/4) scriptorium-runtime logs::tests::whole
        FAIL [   1.234s] (2/4) scriptorium-runtime::it attacks::a
     TIMEOUT [ 120.006s] (3/4) scriptorium-runtime::it attacks::d
     SIGABRT [   0.500s] scriptorium-lang hostile::deep
     Summary [ 120.006s] 4 tests run: 1 passed, 3 failed
";
        let red: Vec<String> = red_tests(said).into_iter().collect();
        assert_eq!(red, ["attacks::a", "attacks::d", "hostile::deep"]);
    }

    #[test]
    fn a_name_that_is_in_no_list_is_refused() {
        assert!(choose(&["no-such-wall".to_owned()]).is_err());
        assert_eq!(choose(&[]).unwrap().len(), MUTANTS.len());
        let one = choose(&[MUTANTS[0].name.to_owned()]).unwrap();
        assert_eq!(one.len(), 1);
    }
}
