//! What a backup says about itself: its files with their digests, and which release can read it.

use std::fs;
use std::path::Path;

use scriptorium_model::{Invalid, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

use super::{PLATFORM, TENANTS};
use crate::error::{Error, Result};

/// Its name in the folder. It is written last: a folder without it is no backup.
pub(super) const NAME: &str = "manifest.json";

const FORMAT: u32 = 1;
/// Far more than any manifest has; a file that is larger is none.
const LARGEST: u64 = 256 << 20;

/// The contents of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this document's form.
    pub format: u32,
    /// The release that took the backup.
    pub product_version: String,
    /// The last migration that the platform's file has had.
    pub schema_version: i64,
    /// When the backup was begun.
    pub created_at: Timestamp,
    /// Every file but this one.
    pub files: Vec<BackupFile>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    /// `scriptorium.db`, or `tenants/<id>.db`.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    pub(super) fn new(
        schema_version: i64,
        created_at: Timestamp,
        mut files: Vec<BackupFile>,
    ) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            format: FORMAT,
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version,
            created_at,
            files,
        }
    }

    /// The sizes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Reads the manifest of a folder and refuses what this release did not write: another format,
    /// a newer schema, a file whose name leads elsewhere.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let bytes = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && found.len() <= LARGEST => fs::read(&path),
            _ => return Err(bad(format!("{} holds no backup", folder.display()))),
        };
        let bytes = bytes
            .map_err(|error| Error::caused(format!("cannot read {}", path.display()), error))?;
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| bad(format!("the manifest is unreadable: {error}")))?;
        manifest.validated()
    }

    fn validated(self) -> Result<Self> {
        if self.format != FORMAT {
            let found = self.format;
            return Err(bad(format!(
                "the backup has the format {found}, and this release reads {FORMAT}"
            )));
        }
        let known = crate::db::migrations::known();
        if self.schema_version > known {
            return Err(bad(format!(
                "the backup has the schema {:04}, and this release knows {known:04} at most: \
                 restore it with release {} or newer",
                self.schema_version, self.product_version
            )));
        }
        if let Some(file) = self.files.iter().find(|file| !is_ours(&file.path)) {
            return Err(bad(format!("{:?} is no file of a backup", file.path)));
        }
        let mut paths: Vec<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        if paths.len() < self.files.len() {
            return Err(bad("the manifest names a file twice"));
        }
        if !paths.contains(&PLATFORM) {
            return Err(bad(format!("the manifest does not name {PLATFORM}")));
        }
        Ok(self)
    }
}

/// Whether a path in a manifest is one that a backup can have.
fn is_ours(path: &str) -> bool {
    path == PLATFORM
        || path
            .strip_prefix(TENANTS)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(is_tenant_file)
}

/// Whether a name in the tenants' folder is that of a tenant's file.
pub(super) fn is_tenant_file(name: &str) -> bool {
    name.strip_suffix(".db").is_some_and(|id| {
        id.parse::<Uuid>()
            .is_ok_and(|parsed| parsed.to_string() == id)
    })
}

/// A folder that is no backup, or one that cannot be used.
pub(super) fn bad(message: impl Into<String>) -> Error {
    Invalid::field("folder", "bad_backup", message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(paths: &[&str]) -> Manifest {
        let file = |path: &&str| BackupFile {
            path: (*path).to_owned(),
            bytes: 1,
            sha256: String::new(),
        };
        Manifest::new(1, Timestamp::UNIX_EPOCH, paths.iter().map(file).collect())
    }

    #[track_caller]
    fn check(manifest: Manifest, complaint: Option<&str>) {
        match (manifest.validated(), complaint) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{error}"),
            (outcome, _) => panic!("{outcome:?}"),
        }
    }

    #[test]
    fn a_manifest_names_files_of_ours_only() {
        let tenant = "tenants/0190f3e0-0000-7000-8000-000000000000.db";
        check(manifest(&[PLATFORM, tenant]), None);
        for path in [
            "../scriptorium.db",
            "/etc/passwd",
            "tenants/../../x.db",
            "tenants/a.db",
            "tenants//0190f3e0-0000-7000-8000-000000000000.db",
            "tenants/0190F3E0-0000-7000-8000-000000000000.db",
            "tenants\\0190f3e0-0000-7000-8000-000000000000.db",
            "keys/master",
        ] {
            check(manifest(&[PLATFORM, path]), Some("is no file of a backup"));
        }
        check(manifest(&[PLATFORM, PLATFORM]), Some("twice"));
        check(manifest(&[tenant]), Some("does not name"));
    }

    #[test]
    fn a_backup_of_a_later_release_is_refused() {
        let mut later = manifest(&[PLATFORM]);
        later.schema_version = 9_999;
        check(later, Some("9999"));
        let mut other = manifest(&[PLATFORM]);
        other.format = 2;
        check(other, Some("format 2"));
    }
}
