//! Versions below which a dependency that holds a wall is known to be broken. The lock file may not
//! go back below one; docs/decisions/0027-lanes-and-the-engines-versions.md says how they are chosen.

use super::Violation;

const LOCK: &str = "Cargo.lock";

/// Crate, lowest version, what is wrong below it.
const FLOORS: [(&str, [u64; 3], &str); 3] = [
    (
        "wasmtime",
        [48, 0, 8],
        "guests may get out by the advisories of 2026 (F6)",
    ),
    (
        "rquickjs-sys",
        [0, 14, 0],
        "its QuickJS-NG has memory errors that scripts reach (F1)",
    ),
    (
        "libsqlite3-sys",
        [0, 37, 0],
        "its SQLite may lose pages of the log (F13)",
    ),
];

pub(crate) fn check(lock: &str) -> Vec<Violation> {
    let floors = FLOORS.iter();
    floors
        .flat_map(|(name, floor, why)| below(lock, name, *floor, why))
        .collect()
}

fn below(lock: &str, name: &str, floor: [u64; 3], why: &str) -> Vec<Violation> {
    let lines: Vec<&str> = lock.lines().collect();
    let named = format!("name = \"{name}\"");
    let mut found = Vec::new();
    let mut seen = false;
    for (index, _) in lines.iter().enumerate().filter(|(_, line)| **line == named) {
        seen = true;
        let version = lines.get(index + 1).and_then(|line| version(line));
        if version.is_none_or(|version| version < floor) {
            let [major, minor, patch] = floor;
            let message = format!("{name} must be {major}.{minor}.{patch} or later: {why}");
            found.push(Violation::new(LOCK, index + 2, message));
        }
    }
    if !seen {
        let message = format!("{name} is not used any more; remove its floor from tidy");
        found.push(Violation::new(LOCK, 1, message));
    }
    found
}

/// What goes before a release is not the release.
fn version(line: &str) -> Option<[u64; 3]> {
    let text = line.strip_prefix("version = \"")?.strip_suffix('"')?;
    let text = text.split('+').next()?;
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let version = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(versions: &[&str], broken: usize) {
        let packages = versions.iter().map(|version| {
            format!("[[package]]\nname = \"wasmtime\"\nversion = \"{version}\"\nsource = \"x\"\n\n")
        });
        let lock: String = packages.collect();
        let found = below(&lock, "wasmtime", [48, 0, 8], "it is broken");
        assert_eq!(found.len(), broken, "{versions:?}: {found:?}");
    }

    #[test]
    fn nothing_goes_below_its_floor() {
        check(&["48.0.8"], 0);
        check(&["48.0.9+extra", "50.1.0"], 0);
        check(&["48.0.7"], 1);
        check(&["47.9.9", "48.0.8"], 1);
        check(&["48.0.8-rc.1"], 1);
        check(&["48.0"], 1);
        check(&[], 1);
    }
}
