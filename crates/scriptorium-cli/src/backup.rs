//! `scriptorium backup` and `scriptorium restore`. A running server takes its backups itself; files
//! are opened here only when none runs.

use std::time::Duration;

use scriptorium::backup::{self, Manifest, Restore};
use serde_json::{Value, json};

use crate::arguments::{BackupArgs, BackupCommand, BackupKeysArgs, RemoteArgs, RestoreArgs};
use crate::exit::Refusal;
use crate::print;
use crate::remote::Remote;

/// A backup of a large database takes minutes, and the server answers when it has ended.
const PATIENCE: Duration = Duration::from_secs(6 * 60 * 60);

pub(crate) async fn run(arguments: BackupArgs) -> anyhow::Result<()> {
    match arguments.command {
        Some(BackupCommand::List(arguments)) => list(&arguments.remote).await,
        Some(BackupCommand::Keys(arguments)) => save_keys(&arguments),
        None if arguments.data_dir.is_some() => take_here(arguments).await,
        None => take(&arguments).await,
    }
}

async fn take(arguments: &BackupArgs) -> anyhow::Result<()> {
    let remote = Remote::patient(&arguments.remote, PATIENCE)?;
    let wanted = arguments
        .keep
        .map_or_else(|| json!({}), |keep| json!({"keep": keep}));
    let taken = remote.post(&["backup"], &wanted).await?;
    if arguments.remote.json {
        return Ok(print::json(&taken)?);
    }
    let name = taken["name"].as_str().unwrap_or_default();
    Ok(print::text(&format!(
        "{} in the server's folder of backups: {} files, {} bytes",
        print::visible(name),
        taken["files"],
        taken["bytes"]
    ))?)
}

async fn take_here(arguments: BackupArgs) -> anyhow::Result<()> {
    let data_dir = arguments.data_dir.unwrap_or_default();
    let folder = arguments.to.unwrap_or_else(|| data_dir.join("backups"));
    let keep = arguments.keep.map(|keep| keep as usize);
    let taken = backup::take_offline(data_dir, folder, keep)
        .await
        .map_err(Refusal::of)?;
    let folder = taken.folder.display().to_string();
    told(&taken.manifest, &folder, arguments.remote.json)
}

async fn list(arguments: &RemoteArgs) -> anyhow::Result<()> {
    let mut found = Remote::new(arguments)?.get(&["backup"], &[]).await?;
    let items = found["items"].take();
    if arguments.json {
        return Ok(print::json(&items)?);
    }
    let row = |item: &Value| {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        vec![
            text("name"),
            item["bytes"].to_string(),
            item["files"].to_string(),
            text("product_version"),
        ]
    };
    let rows: Vec<Vec<String>> = items.as_array().into_iter().flatten().map(row).collect();
    Ok(print::table(&["name", "bytes", "files", "version"], &rows)?)
}

fn save_keys(arguments: &BackupKeysArgs) -> anyhow::Result<()> {
    let count = backup::save_keys(&arguments.data_dir, &arguments.to).map_err(Refusal::of)?;
    let to = arguments.to.display();
    eprintln!("keep {to} apart from the backups: who has both can read the secrets");
    Ok(print::text(&format!("{to}: {count} keys"))?)
}

pub(crate) async fn restore(arguments: RestoreArgs) -> anyhow::Result<()> {
    // First, because a key that is there and differs is a reason not to go on.
    if let Some(file) = arguments.keys.as_ref().filter(|_| !arguments.dry_run) {
        let count = backup::restore_keys(file, &arguments.data_dir).map_err(Refusal::of)?;
        let to = arguments.data_dir.join("keys");
        eprintln!("{}: {count} keys", to.display());
    }
    let Some(folder) = arguments.folder else {
        return Ok(());
    };
    let what = Restore {
        folder: folder.clone(),
        data_dir: arguments.data_dir.clone(),
        force: arguments.force,
        dry_run: arguments.dry_run,
    };
    let manifest = backup::restore(what).await.map_err(Refusal::of)?;
    if arguments.dry_run {
        eprintln!("nothing was changed");
    }
    let folder = folder.display().to_string();
    told(&manifest, &folder, arguments.json)
}

fn told(manifest: &Manifest, folder: &str, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let mut document = serde_json::to_value(manifest)?;
        document["folder"] = json!(folder);
        return Ok(print::json(&document)?);
    }
    Ok(print::text(&format!(
        "{folder}: {} files, {} bytes, taken {} by release {}",
        manifest.files.len(),
        manifest.bytes(),
        manifest.created_at,
        print::visible(&manifest.product_version)
    ))?)
}
