//! Backups of the SQLite files: taken under load, checked, restored, and everything that is wrong
//! with one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use scriptorium_model::trigger::Trigger;
use scriptorium_store::backup::{
    Backup, Restore, TakeBackup, backups, restore, restore_keys, save_keys, take_offline,
};
use scriptorium_store::tenant_data::{ColumnType, Table, TenantSchema};
use scriptorium_store::{Options, PostgresOptions, Store};
use scriptorium_testing::Cluster;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{World, ambient, completed, definition, execution, open, script_of, tenant};

fn schema() -> TenantSchema {
    let table = Table::new("orders")
        .column("id", ColumnType::Integer)
        .column("total", ColumnType::Integer)
        .key(["id"]);
    TenantSchema {
        tables: vec![table],
    }
}

async fn backup(world: &World, keep: Option<usize>) -> Backup {
    let (store, folder) = (world.store.clone(), world.path().join("backups"));
    let what = TakeBackup {
        folder,
        keep,
        stop: CancellationToken::new(),
    };
    let taken = tokio::task::spawn_blocking(move || store.back_up(&what));
    taken.await.unwrap().unwrap()
}

/// Keys are restored apart: without its own a database is not opened.
fn give_keys(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("keys")).unwrap();
    fs::copy(from.join("keys/audit.key"), to.join("keys/audit.key")).unwrap();
}

fn restoring(folder: &Path, data_dir: &Path) -> Restore {
    Restore {
        folder: folder.to_owned(),
        data_dir: data_dir.to_owned(),
        force: false,
        dry_run: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_continuous_writes_ends_and_restores_all_that_was_acknowledged_before() {
    let world = World::new().await;
    let data = world.store.tenant_data(schema()).unwrap();
    let (stop, written) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let mut writer = tokio::task::JoinSet::new();
    {
        let (store, ctx) = (world.store.clone(), world.ctx.clone());
        let (stop, written, data) = (stop.clone(), written.clone(), data.clone());
        writer.spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let number = written.load(Ordering::SeqCst) + 1;
                let name = format!("t{number}");
                store.put_template(&ctx, &name, "text").await.unwrap();
                let insert = "insert into orders (id, total) values ($1, $2)";
                let row = vec![json!(number), json!(1)];
                data.execute(&ctx, insert, row).await.unwrap();
                written.store(number, Ordering::SeqCst);
            }
        });
    }
    while written.load(Ordering::SeqCst) < 50 {
        tokio::task::yield_now().await;
    }
    let before = written.load(Ordering::SeqCst);
    let taken = backup(&world, None).await;
    let after = written.load(Ordering::SeqCst);
    stop.store(true, Ordering::SeqCst);
    writer.join_next().await.unwrap().unwrap();
    assert!(after > before, "nobody wrote during the backup");

    let target = tempfile::tempdir().unwrap();
    let manifest = restore(&restoring(&taken.folder, target.path()), &world.ambient).unwrap();
    assert_eq!(manifest, taken.manifest);
    give_keys(world.path(), target.path());
    let store = open(target.path(), &world.ambient).await;
    let templates = store.list_templates(&world.ctx).await.unwrap().len();
    assert!(templates >= before as usize, "{templates} of {before}");
    let restored = store.tenant_data(schema()).unwrap();
    let count = "select count(*) as n from orders";
    let rows = restored.query(&world.ctx, count, vec![]).await.unwrap();
    assert!(rows[0]["n"].as_u64().unwrap() >= u64::from(before));
    let trail = store.verify_audit(&world.ctx, true).await.unwrap();
    assert!(
        trail.is_intact() && trail.entries > u64::from(before),
        "{trail:?}"
    );
    store.close().await;
}

#[tokio::test]
async fn a_backup_is_for_the_owners_eyes_and_holds_no_keys() {
    let world = World::new().await;
    assert_eq!(
        names(&world.path().join("keys")),
        ["audit.key", "secrets.key"]
    );
    let taken = backup(&world, None).await;
    assert_eq!(
        names(&taken.folder),
        ["manifest.json", "scriptorium.db", "tenants"]
    );
    for path in ["", "manifest.json", "scriptorium.db", "tenants"] {
        let mode = fs::metadata(taken.folder.join(path)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o077, 0, "{path}");
    }
    assert_eq!(names(&world.path().join("backups")).len(), 1);
}

#[tokio::test]
async fn the_oldest_backups_make_room_and_nothing_else_is_removed() {
    let world = World::new().await;
    let folder = world.path().join("backups");
    let mut taken = Vec::new();
    for keep in [None, None, None, Some(2)] {
        world.advance(Duration::from_secs(1));
        taken.push(backup(&world, keep).await.folder);
        fs::create_dir_all(folder.join("mine")).unwrap();
        fs::create_dir_all(folder.join(".unfinished-x")).unwrap();
    }
    let left: Vec<PathBuf> = backups(&folder)
        .unwrap()
        .into_iter()
        .map(|b| b.folder)
        .collect();
    assert_eq!(left, taken[2..]);
    assert!(folder.join("mine").exists());
    assert_eq!(backups(&world.path().join("nowhere")).unwrap(), []);
}

#[tokio::test]
async fn without_a_server_the_lock_is_taken() {
    let world = World::new().await;
    let what = TakeBackup {
        folder: world.path().join("backups"),
        keep: None,
        stop: CancellationToken::new(),
    };
    let refused = take_offline(world.path(), &what, &world.ambient).unwrap_err();
    assert!(refused.to_string().contains("is locked"), "{refused}");
    world.store.close().await;
    let taken = take_offline(world.path(), &what, &world.ambient).unwrap();
    assert_eq!(taken.manifest.files.len(), 1);
    let refused = take_offline(&what.folder, &what, &world.ambient).unwrap_err();
    assert!(
        refused.to_string().contains("holds no scriptorium.db"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_backup_that_is_stopped_leaves_nothing_behind() {
    let world = World::new().await;
    for number in 0..2_000 {
        let name = format!("t{number}");
        world
            .store
            .put_template(&world.ctx, &name, "text")
            .await
            .unwrap();
    }
    let what = TakeBackup {
        folder: world.path().join("backups"),
        keep: None,
        stop: CancellationToken::new(),
    };
    what.stop.cancel();
    assert!(world.store.back_up(&what).is_err());
    assert_eq!(fs::read_dir(&what.folder).unwrap().count(), 0);
}

/// Restores a backup after something was done to it, and expects a refusal that leaves the target
/// as it was.
#[track_caller]
fn refused(taken: &Backup, world: &World, spoil: impl FnOnce(&Path), complaint: &str) {
    let spoiled = tempfile::tempdir().unwrap();
    copy_folder(&taken.folder, spoiled.path());
    spoil(spoiled.path());
    for dry_run in [true, false] {
        let target = tempfile::tempdir().unwrap();
        let what = Restore {
            dry_run,
            ..restoring(spoiled.path(), target.path())
        };
        let error = restore(&what, &world.ambient).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
        assert!(!target.path().join("scriptorium.db").exists());
        assert!(!target.path().join("restoring").exists());
    }
}

#[tokio::test]
async fn a_damaged_or_foreign_backup_is_refused_whole() {
    let world = World::new().await;
    world.script("a script").await;
    let taken = backup(&world, None).await;
    let db = |folder: &Path| folder.join("scriptorium.db");
    let manifest = |folder: &Path| folder.join("manifest.json");
    let flip = |folder: &Path| {
        let mut bytes = fs::read(db(folder)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(db(folder), bytes).unwrap();
    };
    refused(&taken, &world, flip, "is not the file that was backed up");
    refused(
        &taken,
        &world,
        |folder| fs::remove_file(db(folder)).unwrap(),
        "cannot read",
    );
    refused(
        &taken,
        &world,
        |folder| fs::remove_file(manifest(folder)).unwrap(),
        "holds no backup",
    );
    refused(
        &taken,
        &world,
        |folder| fs::write(manifest(folder), "{}").unwrap(),
        "unreadable",
    );
    refused(
        &taken,
        &world,
        |folder| {
            edit(
                &manifest(folder),
                "\"schema_version\": ",
                "\"schema_version\": 99",
            )
        },
        "knows",
    );
    refused(
        &taken,
        &world,
        |folder| {
            edit(
                &manifest(folder),
                "\"scriptorium.db\"",
                "\"../scriptorium.db\"",
            )
        },
        "is no file of a backup",
    );
    refused(
        &taken,
        &world,
        |folder| {
            fs::rename(db(folder), folder.join("elsewhere")).unwrap();
            std::os::unix::fs::symlink("elsewhere", db(folder)).unwrap();
        },
        "is no plain file",
    );
}

#[tokio::test]
async fn a_target_in_use_is_refused_and_what_was_there_is_set_aside() {
    let world = World::new().await;
    let taken = backup(&world, None).await;
    let later = world.script("made later").await;
    let mut what = restoring(&taken.folder, world.path());
    let error = restore(&what, &world.ambient).unwrap_err().to_string();
    assert!(error.contains("is not empty"), "{error}");
    what.force = true;
    let error = restore(&what, &world.ambient).unwrap_err().to_string();
    assert!(error.contains("is locked"), "{error}");
    world.store.close().await;
    what.dry_run = true;
    restore(&what, &world.ambient).unwrap();
    what.dry_run = false;
    restore(&what, &world.ambient).unwrap();
    let world = world.reopen().await;
    assert!(world.store.find_script(&world.ctx, later.id).await.is_err());
    let aside = names(world.path())
        .into_iter()
        .find(|name| name.starts_with("replaced-"));
    let aside = names(&world.path().join(aside.unwrap()));
    assert!(aside.contains(&"scriptorium.db".to_owned()), "{aside:?}");
}

#[tokio::test]
async fn an_interrupted_restore_keeps_the_server_from_starting() {
    let world = World::new().await;
    let taken = backup(&world, None).await;
    let target = tempfile::tempdir().unwrap();
    fs::create_dir(target.path().join("restoring")).unwrap();
    let options = scriptorium_store::Options::new(target.path());
    let opened = scriptorium_store::Store::open(options, world.ambient.clone()).await;
    let error = opened.unwrap_err().to_string();
    assert!(error.contains("has not ended"), "{error}");
    restore(&restoring(&taken.folder, target.path()), &world.ambient).unwrap();
    let options = scriptorium_store::Options::new(target.path());
    let opened = scriptorium_store::Store::open(options, world.ambient.clone()).await;
    let error = opened.unwrap_err().to_string();
    assert!(error.contains("audit trail is missing"), "{error}");
    give_keys(world.path(), target.path());
    open(target.path(), &world.ambient).await.close().await;
}

#[test]
fn keys_go_to_a_file_of_their_own_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    let file = dir.path().join("keys.json");
    assert!(save_keys(&from, &file).is_err());
    fs::create_dir_all(from.join("keys")).unwrap();
    fs::write(from.join("keys/audit.key"), [0, 255, 7]).unwrap();
    assert_eq!(save_keys(&from, &file).unwrap(), 1);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
    assert!(save_keys(&from, &file).is_err(), "a file was overwritten");
    for _ in 0..2 {
        assert_eq!(restore_keys(&file, &to).unwrap(), 1);
        assert_eq!(fs::read(to.join("keys/audit.key")).unwrap(), [0, 255, 7]);
    }
    fs::write(to.join("keys/audit.key"), "another").unwrap();
    let error = restore_keys(&file, &to).unwrap_err().to_string();
    assert!(error.contains("is another key"), "{error}");
    edit(&file, "audit.key", "../audit.key");
    let error = restore_keys(&file, &to).unwrap_err().to_string();
    assert!(error.contains("is no key"), "{error}");
}

/// Whatever a key is for: among them the one that the passwords of PostgreSQL logins are made from.
#[test]
fn every_key_in_the_folder_goes_along() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    let file = dir.path().join("keys.json");
    let (_, ambient) = crate::support::ambient(7);
    let database = Store::make_database_key(&from, &ambient).unwrap();
    fs::write(from.join("keys/master-2026.key"), "later").unwrap();
    // A crash while a key was made leaves half of it behind.
    fs::write(from.join("keys/audit.new"), "half").unwrap();
    assert_eq!(save_keys(&from, &file).unwrap(), 2);
    fs::create_dir_all(to.join("keys")).unwrap();
    fs::write(to.join("keys/database.key.new"), "half").unwrap();
    assert_eq!(restore_keys(&file, &to).unwrap(), 2);
    assert_eq!(names(&to.join("keys")), ["database.key", "master-2026.key"]);
    assert_eq!(Store::database_key(&to).unwrap(), Some(database));
    let mode = fs::metadata(to.join("keys/database.key")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o077, 0);

    // What could not be put back is not saved as if it could.
    for stray in [".hidden", "a b.key"] {
        let path = from.join("keys").join(stray);
        fs::write(&path, "?").unwrap();
        let error = save_keys(&from, &dir.path().join(stray)).unwrap_err();
        assert!(error.to_string().contains("is no key"), "{error}");
        fs::remove_file(path).unwrap();
    }
    std::os::unix::fs::symlink("/etc/hostname", from.join("keys/link.key")).unwrap();
    let error = save_keys(&from, &dir.path().join("link")).unwrap_err();
    assert!(error.to_string().contains("is no key"), "{error}");
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with(".unfinished"))
        .collect();
    names.sort();
    names
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// As the guide says it (docs/guide/backup.md): what PostgreSQL's own tools wrote out is a store again.
#[tokio::test]
async fn a_dump_is_restored_as_the_guide_says() {
    let (cluster, key) = (Cluster::private(), [9; 32]);
    let dir = tempfile::tempdir().unwrap();
    let (_clock, ambient) = ambient(7);
    let on = async |database: &str| {
        let superuser = cluster.superuser(database);
        Store::create_roles(&superuser, &key, "dump").await.unwrap();
        let logins = PostgresOptions::derived(&superuser, &key, "dump").unwrap();
        Options {
            postgres: Some(logins),
            ..Options::new(dir.path())
        }
    };
    let run = |mut command: std::process::Command| {
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{said}");
    };

    let store = Store::open(on("postgres").await, ambient.clone())
        .await
        .unwrap();
    let ctx = tenant(&store, &ambient, "acme").await;
    let script = script_of(&ambient, &ctx, definition("kept", Trigger::OneOff));
    store.create_script(&ctx, &script, "").await.unwrap();
    let ended = completed(execution(&ambient, &script), ambient.now());
    let finished = scriptorium_store::Finished {
        execution: ended.clone(),
        lease: None,
        logs: Vec::new(),
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    };
    store.record(&ctx, finished).await.unwrap().await.unwrap();
    let data = store.tenant_data(schema()).unwrap();
    store.make_tables(&data).await.unwrap();
    let insert = "insert into orders (id, total) values ($1, $2)";
    let row = vec![json!(1), json!(700)];
    data.execute(&ctx, insert, row).await.unwrap();
    store.close().await;

    let dump = dir.path().join("scriptorium.dump");
    let mut writing = cluster.tool("pg_dump");
    writing.args([
        "--format=custom",
        "--schema=scriptorium*",
        "--no-privileges",
    ]);
    writing.arg("--file").arg(&dump);
    writing.arg(cluster.superuser("postgres"));
    run(writing);
    cluster.psql("postgres", "create database restored");
    on("restored").await;
    let mut reading = cluster.tool("pg_restore");
    reading.args(["--clean", "--if-exists", "--no-privileges"]);
    reading.arg(format!("--dbname={}", cluster.superuser("restored")));
    reading.arg(&dump);
    run(reading);
    let restored = on("restored").await;
    let logins = restored.postgres.as_ref().unwrap();
    Store::migrate(logins).await.unwrap();

    let store = Store::open(restored, ambient.clone()).await.unwrap();
    assert_eq!(store.find_script(&ctx, script.id).await.unwrap(), script);
    assert_eq!(store.find_execution(&ctx, ended.id).await.unwrap(), ended);
    let trail = store.verify_audit(&ctx, true).await.unwrap();
    assert!(trail.is_intact() && trail.executions == 1, "{trail:?}");
    let data = store.tenant_data(schema()).unwrap();
    store.make_tables(&data).await.unwrap();
    let all = "select total from orders";
    let rows = data.query(&ctx, all, Vec::new()).await.unwrap();
    assert_eq!(rows[0]["total"], json!(700));
    store.close().await;
}
