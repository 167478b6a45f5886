//! The mark of a tenant's file whose outbox may hold events: an empty file beside it, so that who starts opens
//! these and not the files of ten thousand tenants. It is there before the events are, and goes after them.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use scriptorium_model::TenantId;

use crate::error::{Error, Result};
use crate::files;

/// What its name ends with.
const ENDING: &str = ".outbox";

/// The mark of one file.
#[derive(Clone, Debug)]
pub(super) struct Mark(PathBuf);

impl Mark {
    pub(super) fn of(dir: &Path, tenant: TenantId) -> Self {
        Self(dir.join(format!("{tenant}{ENDING}")))
    }

    /// Durable when this returns.
    pub(super) fn set(&self) -> Result<()> {
        if self.0.exists() {
            return Ok(());
        }
        files::make_private(&self.0)?;
        let dir = self.0.parent().unwrap_or(Path::new("."));
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(|error| Error::caused("the mark of an outbox is not durable", error))
    }

    pub(super) fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::caused("the mark of an outbox stays", error))
            }
            _ => Ok(()),
        }
    }
}

/// The tenants with a mark in a folder.
pub(super) fn marked(dir: &Path) -> Result<Vec<TenantId>> {
    let cannot = |error| Error::caused("the folder of the tenants' files cannot be read", error);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        let name = name.to_string_lossy();
        let tenant = name.strip_suffix(ENDING).and_then(|id| id.parse().ok());
        found.extend(tenant.map(TenantId));
    }
    Ok(found)
}
