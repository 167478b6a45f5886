//! What became of a group, and the table of all groups.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use super::surroundings::{self, Reading};

/// Threads that a group may leave: the pool for blocking work grows to what was needed at once.
const THREADS: i64 = 6;
/// Descriptors: connections to the store that were opened at once stay open.
const DESCRIPTORS: i64 = 12;
/// Memory: what one run may have, and caches of programs.
const RESIDENT: i64 = 160 << 20;
/// How long is waited for what ends by itself.
const TRIES: usize = 400;

/// The figures of one group.
pub(super) struct Row {
    group: String,
    cases: usize,
    /// Runs that belong to them: afterwards, through other entrances, with less memory.
    runs: usize,
    wrong: String,
    canaries: Vec<String>,
    panics: usize,
    /// Most that a run used beyond its limit.
    late_cpu: Duration,
    late_wall: Duration,
    /// Longest wait of the neighbour.
    probe: Duration,
    before: Reading,
    after: Reading,
}

impl Row {
    pub(super) fn begin(group: &str) -> Self {
        let now = Reading::now();
        Self {
            group: group.to_owned(),
            cases: 0,
            runs: 0,
            wrong: String::new(),
            canaries: Vec::new(),
            panics: surroundings::panics(),
            late_cpu: Duration::ZERO,
            late_wall: Duration::ZERO,
            probe: Duration::ZERO,
            before: now,
            after: now,
        }
    }

    /// A run, with what is wrong about it. A name without a space is a case of its own.
    pub(super) fn add(&mut self, name: &str, wrong: String) {
        self.runs += 1;
        self.cases += usize::from(!name.contains(' '));
        if !wrong.is_empty() {
            write!(self.wrong, "\n{name}:\n{wrong}").unwrap();
        }
    }

    /// Secrets that were seen.
    pub(super) fn canaries(&mut self, name: &str, seen: Vec<&str>) {
        let seen = seen.into_iter().map(|canary| format!("{name}: {canary}"));
        self.canaries.extend(seen);
    }

    pub(super) fn probed(&mut self, took: Duration) {
        self.probe = self.probe.max(took);
    }

    /// A run that was stopped: how late, and whether that was too late.
    pub(super) fn stopped(
        &mut self,
        used: Duration,
        limit: Duration,
        most: Duration,
        wrong: &mut String,
    ) {
        let late = used.saturating_sub(limit);
        let worst = match most == super::LATE {
            true => &mut self.late_cpu,
            false => &mut self.late_wall,
        };
        *worst = late.max(*worst);
        if late > most {
            writeln!(wrong, "  stopped {late:?} after its limit").unwrap();
        }
    }

    /// Waits until what a run held is given back, and reads the process once more.
    pub(super) async fn end(&mut self) {
        for _ in 0..TRIES {
            self.after = Reading::now();
            if self.grown().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        self.panics = surroundings::panics() - self.panics;
    }

    fn grown(&self) -> String {
        let (before, after) = (&self.before, &self.after);
        let mut grown = String::new();
        for (what, by, most) in [
            ("threads", after.threads - before.threads, THREADS),
            (
                "descriptors",
                after.descriptors - before.descriptors,
                DESCRIPTORS,
            ),
            (
                "bytes of memory",
                after.resident - before.resident,
                RESIDENT,
            ),
        ] {
            if by > most {
                writeln!(grown, "  {by} {what} more than before").unwrap();
            }
        }
        grown
    }

    fn faults(&self) -> String {
        let mut faults = self.wrong.clone();
        faults.push_str(&self.grown());
        for canary in &self.canaries {
            writeln!(faults, "\n  seen in {canary}").unwrap();
        }
        if self.panics > 0 {
            writeln!(faults, "\n  {} panics", self.panics).unwrap();
        }
        faults
    }

    pub(super) fn assert_clean(&self) {
        eprintln!("{HEAD}\n{self}");
        let faults = self.faults();
        assert!(faults.is_empty(), "group {}{faults}", self.group);
    }
}

const HEAD: &str = "group         cases   runs  wrong  canaries  panics  late (CPU)  late (wall)  neighbour   memory  descriptors  threads";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (&self.before, &self.after);
        let wrong = self.wrong.matches("\n\n").count() + usize::from(!self.wrong.is_empty());
        write!(
            f,
            "{:<12} {:>6} {:>6} {:>6} {:>9} {:>7} {:>8} ms {:>9} ms {:>7} ms {:>+5} MiB {:>+12} {:>+8}",
            self.group,
            self.cases,
            self.runs,
            wrong,
            self.canaries.len(),
            self.panics,
            self.late_cpu.as_millis(),
            self.late_wall.as_millis(),
            self.probe.as_millis(),
            (after.resident - before.resident) >> 20,
            after.descriptors - before.descriptors,
            after.threads - before.threads,
        )
    }
}

/// The rows of all groups.
#[derive(Default)]
pub(super) struct Report(Vec<Row>);

impl Report {
    pub(super) fn add(&mut self, row: Row) {
        eprintln!("{row}{}", row.faults());
        self.0.push(row);
    }

    pub(super) fn assert_clean(&self) {
        let faults: String = self.0.iter().map(Row::faults).collect();
        assert!(faults.is_empty(), "{faults}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))?;
        let (cases, runs) = self.0.iter().fold((0, 0), |(cases, runs), row| {
            (cases + row.cases, runs + row.runs)
        });
        write!(f, "{cases} cases in {runs} runs of one process")
    }
}
