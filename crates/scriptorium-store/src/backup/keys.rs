//! The keys, apart from the databases: whoever finds a backup must not find what decrypts it. All that
//! is in the folder of keys goes along, whatever it is called: the audit trail's, the one that logins to
//! PostgreSQL are derived from, and those that are yet to come.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scriptorium_model::Invalid;
use serde::{Deserialize, Serialize};

use super::copy;
use super::take::entries;
use crate::error::{Error, Result};
use crate::files;

/// The folder of the keys in a data directory.
const KEYS: &str = "keys";
const FORMAT: &str = "scriptorium-keys";
/// No key is as large; a file that is was put there by mistake.
const LARGEST: u64 = 64 << 10;
/// Ending of a key that is being written; one that a crash left is none.
const UNFINISHED: &str = ".new";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    format: String,
    version: u32,
    files: Vec<SavedKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedKey {
    name: String,
    /// The bytes in base64.
    content: String,
}

/// Writes the keys of a data directory into one new file that others cannot read; how many.
///
/// # Errors
/// `Invalid` on `data_dir` when there are none, or something there is no key; the file exists or
/// cannot be written.
pub fn save_keys(data_dir: &Path, to: &Path) -> Result<usize> {
    let folder = data_dir.join(KEYS);
    let mut files = Vec::new();
    for name in entries(&folder)? {
        if name.ends_with(UNFINISHED) {
            continue;
        }
        let path = folder.join(&name);
        let found = fs::symlink_metadata(&path).map_err(|error| copy::cannot("read", &path, error));
        let found = found?;
        if !is_plain(&name) || !found.is_file() || found.len() > LARGEST {
            let message = format!("{} is no key", path.display());
            return Err(Invalid::field("data_dir", "bad_key", message).into());
        }
        let bytes = fs::read(&path).map_err(|error| copy::cannot("read", &path, error))?;
        let content = STANDARD.encode(bytes);
        files.push(SavedKey { name, content });
    }
    if files.is_empty() {
        let message = format!("{} holds no keys", folder.display());
        return Err(Invalid::field("data_dir", "not_found", message).into());
    }
    let count = files.len();
    let saved = Saved {
        format: FORMAT.to_owned(),
        version: 1,
        files,
    };
    let text = serde_json::to_vec_pretty(&saved)
        .map_err(|error| Error::caused("the keys could not be written", error))?;
    copy::write(to, &text)?;
    Ok(count)
}

/// Puts saved keys into a data directory; how many. A key that is there and differs is refused,
/// because what it encrypted would be lost with it.
///
/// # Errors
/// `Invalid` on `keys` for a file that holds none, and for a key that differs.
pub fn restore_keys(from: &Path, data_dir: &Path) -> Result<usize> {
    let text = fs::read(from).map_err(|error| copy::cannot("read", from, error))?;
    let saved: Saved = serde_json::from_slice(&text)
        .map_err(|error| refused(format!("{} holds no keys: {error}", from.display())))?;
    if saved.format != FORMAT || saved.version != 1 {
        return Err(refused(format!("{} has another format", from.display())));
    }
    let folder = data_dir.join(KEYS);
    let mut missing = Vec::new();
    for key in &saved.files {
        let bytes = STANDARD
            .decode(&key.content)
            .ok()
            .filter(|_| is_plain(&key.name))
            .ok_or_else(|| refused(format!("{:?} is no key", key.name)))?;
        let path = folder.join(&key.name);
        match fs::read(&path) {
            Ok(present) if present == bytes => {}
            Ok(_) => {
                let message = format!("{} is there and is another key", path.display());
                return Err(refused(message));
            }
            Err(_) => missing.push((path, bytes)),
        }
    }
    files::make_private_dir(&folder)?;
    for (path, bytes) in &missing {
        put(path, bytes)?;
    }
    copy::sync(&folder)?;
    Ok(saved.files.len())
}

/// Puts a key in its place, whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut begun = path.as_os_str().to_owned();
    begun.push(UNFINISHED);
    let begun = PathBuf::from(begun);
    // What an interrupted restore left there would be in the way.
    let _ = fs::remove_file(&begun);
    copy::write(&begun, bytes)?;
    copy::rename(&begun, path)
}

/// Whether a name is a plain file name, which cannot lead out of the folder.
fn is_plain(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && !name.starts_with('.')
        && !name.ends_with(UNFINISHED)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn refused(message: impl Into<String>) -> Error {
    Invalid::field("keys", "bad_keys", message).into()
}
