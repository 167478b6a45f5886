//! Scripts that come from elsewhere: all of them, or none.

use rstest::rstest;
use scriptorium_model::page::PageRequest;
use scriptorium_model::trigger::Trigger;
use scriptorium_store::{ImportStep, ImportedVersion};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing, definition};

fn step(world: &World, name: &str) -> ImportStep {
    let mut script = world.draft(&world.ctx, definition(name, Trigger::OneOff));
    script.version = 7;
    let version = |number: u32, author: Option<&str>| ImportedVersion {
        number,
        definition: script.definition.clone(),
        change_description: format!("the {number}th"),
        author: author.map(str::to_owned),
        created_at: "2020-01-01T00:00:00Z".parse().unwrap(),
        milestone: (number == 3).then(|| "before the move".to_owned()),
    };
    ImportStep::Create {
        versions: vec![version(3, Some("Ada")), version(7, None)],
        script: Box::new(script),
        pins: Vec::new(),
    }
}

fn template(name: &str) -> ImportStep {
    ImportStep::Template {
        name: name.into(),
        body: "text".into(),
    }
}

#[rstest]
#[tokio::test]
async fn versions_keep_their_number_date_and_recorded_author(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let steps = [step(&world, "imported"), template("greeting")];
    let found = store.import_scripts(ctx, &steps, true).await.unwrap();
    assert_eq!(found, [None, None]);
    let script = store.find_script_by_name(ctx, "imported").await.unwrap();
    let script = script.unwrap();
    assert_eq!(script.version, 7);
    let page = PageRequest::first();
    let versions = store.list_versions(ctx, script.id, &page);
    let versions = versions.await.unwrap().items;
    let numbers: Vec<u32> = versions.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [7, 3]);
    assert_eq!(versions[1].created_at.to_string(), "2020-01-01T00:00:00Z");
    let names: Vec<_> = versions.iter().map(|v| v.milestone.as_deref()).collect();
    assert_eq!(names, [None, Some("before the move")]);
    // Who answers for a version is who imported it.
    assert_eq!(versions[1].created_by, ctx.actor.user());
    let authors = store.recorded_authors(ctx, script.id).await.unwrap();
    assert_eq!(authors, [(3, "Ada".to_owned())]);
    let others = store.recorded_authors(&world.other, script.id).await;
    assert_eq!(others.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn one_contradiction_keeps_everything_out(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let taken = world.script("taken").await;
    let steps = [
        step(&world, "free"),
        step(&world, "taken"),
        template("greeting"),
    ];
    let found = store.import_scripts(ctx, &steps, true).await.unwrap();
    assert_eq!(found, [None, Some(("not_unique", "name")), None]);
    let stale = ImportStep::Replace {
        id: taken.id,
        base_version: 2,
        definition: Box::new(taken.definition.clone()),
        change_description: String::new(),
        milestone: None,
        pins: Vec::new(),
    };
    let found = store
        .import_scripts(ctx, std::slice::from_ref(&stale), true)
        .await;
    assert_eq!(found.unwrap(), [Some(("stale_version", "base_version"))]);
    // A preview keeps nothing either.
    let found = store
        .import_scripts(ctx, &[step(&world, "free")], false)
        .await;
    assert_eq!(found.unwrap(), [None]);
    assert_eq!(store.find_script_by_name(ctx, "free").await.unwrap(), None);
    assert_eq!(store.list_templates(ctx).await.unwrap(), []);
    assert_missing(store.import_scripts(&world.other, &[stale], true).await);
    assert_missing(
        store
            .import_scripts(&world.other, &[step(&world, "free")], true)
            .await,
    );
}
