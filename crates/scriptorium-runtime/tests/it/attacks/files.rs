//! The files of the corpus. Beside what `cases` reads, a header has `id`, and may have
//! - `each`: the file is a case for each such line, which takes the place of `$EACH`;
//! - `repeat`: how often `«text»` is repeated; `№` in it counts, `⏎` is the end of a line;
//! - `leaves`: what the same script returns afterwards when it is called with `"look"`;
//! - `within`: milliseconds it may take.

use std::path::{Path, PathBuf};

use crate::cases::Case;

/// Limits where a case names none: enough for what is meant to end by itself. Wall time is long, so
/// that on a busy machine, too, what computes meets the limit of processor time first.
const LIMITS: &[(&str, &str)] = &[
    ("limit", "wall_ms=60000"),
    ("limit", "cpu_ms=4000"),
    ("limit", "memory_bytes=33554432"),
];

pub(super) struct Attack {
    pub(super) id: String,
    pub(super) case: Case,
    path: PathBuf,
    text: String,
}

impl Attack {
    fn new(id: String, path: &Path, text: String) -> Self {
        Self {
            case: Case::new(path.to_owned(), text.clone()).after(LIMITS),
            id,
            path: path.to_owned(),
            text,
        }
    }

    /// The same as a script of another type.
    pub(super) fn through(&self, kind: &str) -> Case {
        let case = Case::new(self.path.clone(), self.text.clone()).after(LIMITS);
        case.after(&[("kind", kind)])
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks")
}

/// The groups there are files of.
pub(super) fn folders() -> Vec<String> {
    let entries = std::fs::read_dir(root()).unwrap();
    let mut folders: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    folders
}

/// The attacks of a group in the order of their files.
pub(super) fn of(group: &str) -> Vec<Attack> {
    let entries = std::fs::read_dir(root().join(group)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let attacks: Vec<Attack> = paths.iter().flat_map(|path| read(path)).collect();
    assert!(attacks.len() >= 8, "{group} has too few attacks");
    attacks
}

fn read(path: &Path) -> Vec<Attack> {
    let text = std::fs::read_to_string(path).unwrap();
    let header = Case::new(path.to_owned(), text.clone());
    let id = header.get("id").unwrap_or_default().to_owned();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(
        !id.is_empty() && name.starts_with(&format!("{}_", id.to_lowercase())),
        "{name} does not begin with the id in its header"
    );
    let verdicts = ["returns", "fails", "replies"];
    let verdicts = verdicts.iter().filter(|key| header.get(key).is_some());
    assert_eq!(verdicts.count(), 1, "{name} needs one verdict");
    let times = header.get("repeat").map(|times| times.parse().unwrap());
    let each: Vec<&str> = header.all("each").collect();
    let own: String = text
        .lines()
        .filter(|line| !line.starts_with("// each: "))
        .flat_map(|line| [line, "\n"])
        .collect();
    if each.is_empty() {
        return vec![Attack::new(id, path, repeated(&own, times))];
    }
    let mut attacks = Vec::new();
    for (number, value) in (1..).zip(each) {
        let text = repeated(&own.replace("$EACH", value), times);
        attacks.push(Attack::new(format!("{id}.{number}"), path, text));
    }
    attacks
}

/// Writes `«text»` out.
fn repeated(text: &str, times: Option<usize>) -> String {
    let Some(times) = times else {
        return text.to_owned();
    };
    let mut parts = text.split('«');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (unit, rest) = part.split_once('»').unwrap();
        let unit = unit.replace('⏎', "\n");
        if unit.contains('№') {
            (0..times).for_each(|number| out.push_str(&unit.replace('№', &number.to_string())));
        } else {
            out.push_str(&unit.repeat(times));
        }
        out.push_str(rest);
    }
    out
}
