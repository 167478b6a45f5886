//! Compatibility dates: which one a script gets and may have, and what is told of those that fell behind.

use std::time::Duration;

use scriptorium::model::execution::LogLevel;
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::{Permission, PermissionSet, Role};
use scriptorium::model::script::{Definition, Language, Script, ScriptStatus};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Ctx, Date, Json};
use scriptorium::transfer::{Bundle, Export, Import, OnConflict, State};
use scriptorium::{Change, Deprecation, ErrorKind, Execute, Mode, Severity, Update, Validate};

use crate::world::{World, definition};

/// From the day on which tests begin to the one that the first change holds from.
const TO_THE_FIRST_CHANGE: Duration = Duration::from_secs(273 * 86_400);

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn one_off(name: &str, compatibility: Option<&str>) -> Definition {
    Definition {
        compatibility: compatibility.map(date),
        ..definition(name, Trigger::OneOff, "return 1")
    }
}

async fn create(world: &World, definition: Definition) -> Script {
    let scripts = world.platform.scripts();
    scripts.create(&world.ctx, definition, "").await.unwrap()
}

fn update(definition: Definition) -> Update {
    Update {
        base_version: None,
        definition,
        change_description: String::new(),
    }
}

/// Names of the scripts in the report, each with the changes and the functions it is told of.
async fn report(world: &World) -> Vec<(String, Vec<&'static str>, Vec<String>)> {
    let compatibility = world.platform.compatibility();
    let mut page = PageRequest {
        limit: 2,
        cursor: None,
    };
    let mut told = Vec::new();
    loop {
        let found = compatibility.report(&world.ctx, &page).await.unwrap();
        for item in found.items {
            assert_eq!(item.script.source, "", "a list has no sources");
            let changes = item.changes.into_iter().map(Change::as_str).collect();
            let uses = item.deprecated.into_iter().map(|one| {
                let found = one.diagnostic;
                let gone = if found.severity == Severity::Error {
                    "!"
                } else {
                    ""
                };
                format!("{}{gone} {}:{}", one.function, found.line, found.column)
            });
            told.push((item.script.definition.name, changes, uses.collect()));
        }
        match found.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => return told,
        }
    }
}

#[tokio::test]
async fn a_new_script_has_the_date_of_its_day_and_keeps_it_until_somebody_says_another() {
    let world = World::new().await;
    let scripts = world.platform.scripts();
    let script = create(&world, one_off("one", None)).await;
    assert_eq!(script.compatibility, Some(date("2026-03-02")));
    assert_eq!(scripts.find(&world.ctx, script.id).await.unwrap(), script);
    let older = create(&world, one_off("two", Some("2026-01-01"))).await;
    assert_eq!(older.compatibility, Some(date("2026-01-01")));

    world.advance(Duration::from_secs(86_400));
    let said = Definition {
        source: "return 2".into(),
        ..one_off("one", None)
    };
    let changed = scripts.update(&world.ctx, script.id, update(said)).await;
    let changed = changed.unwrap();
    assert_eq!(
        (changed.version, changed.compatibility),
        (2, Some(date("2026-03-02")))
    );
    let said = Definition {
        compatibility: Some(date("2026-03-03")),
        ..changed.definition.clone()
    };
    let moved = scripts
        .update(&world.ctx, script.id, update(said))
        .await
        .unwrap();
    assert_eq!(
        (moved.version, moved.compatibility),
        (3, Some(date("2026-03-03")))
    );

    let diff = scripts.diff(&world.ctx, script.id, 2, 3).await.unwrap();
    let changes: Vec<_> = diff.changed_fields.iter().collect();
    assert_eq!(changes.len(), 1);
    let told = [&changes[0].field, &changes[0].before, &changes[0].after];
    assert_eq!(told, ["compatibility", "2026-03-02", "2026-03-03"]);

    let restored = scripts
        .restore_version(&world.ctx, script.id, 1)
        .await
        .unwrap();
    assert_eq!(
        (restored.version, restored.compatibility),
        (4, Some(date("2026-03-02")))
    );
    let version = scripts.version(&world.ctx, script.id, 3).await.unwrap();
    assert_eq!(version.definition.compatibility, Some(date("2026-03-03")));
}

#[tokio::test]
async fn a_date_that_there_is_not_is_refused_by_its_name() {
    let world = World::new().await;
    let scripts = world.platform.scripts();
    let script = create(&world, one_off("one", None)).await;
    for (text, allowed) in [
        ("2025-12-31", false),
        ("2026-01-01", true),
        ("2026-03-02", true),
        ("2026-03-03", false),
    ] {
        let made = scripts
            .create(&world.ctx, one_off(text, Some(text)), "")
            .await;
        let changed = scripts.update(&world.ctx, script.id, update(one_off("one", Some(text))));
        for answer in [made, changed.await] {
            assert_eq!(answer.is_ok(), allowed, "{text}");
            for error in answer
                .err()
                .iter()
                .flat_map(|error| &error.invalid().unwrap().errors)
            {
                assert_eq!(
                    (error.field.as_str(), error.code),
                    ("compatibility", "out_of_range")
                );
            }
        }
    }
    // What was chosen once is not asked about again, whatever the clock says now.
    let moved = one_off("one", Some("2026-03-02"));
    scripts
        .update(&world.ctx, script.id, update(moved.clone()))
        .await
        .unwrap();
    world.turn_back(Duration::from_secs(2 * 86_400));
    let described = Definition {
        description: "another".into(),
        ..moved
    };
    let scripts = world.platform.scripts();
    scripts
        .update(&world.ctx, script.id, update(described))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_comes_without_a_date_was_written_before_there_were_any() {
    const PLAIN: Import = Import {
        on_conflict: OnConflict::Skip,
        activate: false,
        preview: false,
    };
    let world = World::new().await;
    create(&world, one_off("dated", Some("2026-02-03"))).await;
    let everything = Export {
        scripts: None,
        history: true,
    };
    let transfer = world.platform.transfer();
    let bundle = transfer.export(&world.ctx, everything).await.unwrap();
    let mut older: Bundle = bundle.clone();
    older.scripts[0].versions[0].definition.name = "older".into();
    older.scripts[0].versions[0].definition.compatibility = None;
    let mut later = bundle.clone();
    later.scripts[0].versions[0].definition.name = "later".into();
    later.scripts[0].versions[0].definition.compatibility = Some(date("2026-03-03"));

    let other = World::new().await;
    let transfer = other.platform.transfer();
    for bundle in [bundle, older] {
        for state in [State::New, State::Same] {
            let report = transfer.import(&other.ctx, bundle.clone(), PLAIN).await;
            assert_eq!(report.unwrap().items[0].state, state);
        }
    }
    for (name, expected) in [("dated", "2026-02-03"), ("older", "2026-01-01")] {
        let found = other
            .platform
            .scripts()
            .find_by_name(&other.ctx, name)
            .await;
        assert_eq!(found.unwrap().compatibility, Some(date(expected)), "{name}");
    }
    let refused = transfer.import(&other.ctx, later, PLAIN).await.unwrap_err();
    let errors = &refused.invalid().unwrap().errors;
    assert_eq!(errors[0].field, "scripts[0].compatibility", "{errors:?}");
}

#[tokio::test]
async fn the_report_tells_which_scripts_fell_behind() {
    let world = World::new().await;
    for (name, compatibility) in [
        ("first", Some("2026-01-01")),
        ("second", None),
        ("third", Some("2026-02-03")),
        ("archived", None),
        ("deleted", None),
    ] {
        create(&world, one_off(name, compatibility)).await;
    }
    let scripts = world.platform.scripts();
    let find = async |name: &str| scripts.find_by_name(&world.ctx, name).await.unwrap().id;
    let archived = find("archived").await;
    scripts
        .set_status(&world.ctx, archived, ScriptStatus::Archived, None)
        .await
        .unwrap();
    scripts
        .delete(&world.ctx, find("deleted").await)
        .await
        .unwrap();
    assert_eq!(report(&world).await, [], "nothing has changed yet");
    assert_eq!(world.platform.compatibility().changes(), []);

    world.advance(TO_THE_FIRST_CHANGE);
    assert_eq!(world.platform.compatibility().latest(), date("2026-11-30"));
    let change = "storage_in_transactions";
    let behind = |name: &str| (name.to_owned(), vec![change], vec![]);
    create(&world, one_off("new", None)).await;
    create(&world, one_off("old from the start", Some("2026-11-29"))).await;
    let names = ["first", "old from the start", "second", "third"];
    assert_eq!(report(&world).await, names.map(behind));

    let moved = one_off("second", Some("2026-11-30"));
    scripts
        .update(&world.ctx, find("second").await, update(moved))
        .await
        .unwrap();
    let names = ["first", "old from the start", "third"];
    assert_eq!(report(&world).await, names.map(behind));
}

/// Two deprecated functions, of which one is gone from April on.
async fn deprecating() -> World {
    World::with(|builder| {
        let exists = Deprecation::new("storage.exists", date("2026-02-01"), "storage.get");
        let slug = Deprecation::new("utils.slug", date("2026-02-01"), "a text of your own");
        builder
            .deprecate(exists.gone_from(date("2026-04-01")))
            .deprecate(slug)
    })
    .await
}

const USES: &str = "const there = await storage.exists('a');\nreturn utils.slug('A b') + there";

#[tokio::test]
async fn deprecated_functions_are_told_of_wherever_somebody_looks() {
    let world = deprecating().await;
    let scripts = world.platform.scripts();
    let uses = |compatibility: Option<&str>| Definition {
        source: USES.into(),
        ..one_off("uses", compatibility)
    };
    let validate = async |compatibility: Option<&str>| {
        let what = Validate {
            source: USES.into(),
            language: Language::JavaScript,
            kind: Some(scriptorium::model::script::ScriptType::OneOff),
            entry: None,
            library: false,
            compatibility: compatibility.map(date),
        };
        let found = scripts.validate(&world.ctx, what).await.unwrap();
        let told = found
            .into_iter()
            .map(|found| (found.code, found.line, found.column));
        told.collect::<Vec<_>>()
    };
    let warned = [("script.deprecated", 1, 21), ("script.deprecated", 2, 8)];
    assert_eq!(validate(None).await, warned);
    assert_eq!(validate(Some("2026-03-31")).await, warned);
    let gone = [("script.removed", 1, 21), ("script.deprecated", 2, 8)];
    assert_eq!(validate(Some("2026-04-01")).await, gone);

    // A warning stops nothing.
    let script = world.active(uses(None)).await;
    let execute = Execute::new(script.id, Json::null(), Mode::Sync);
    let executions = world.platform.executions();
    let execution = executions.execute(&world.ctx, execute).await.unwrap();
    let output = execution.output.map(|output| output.to_string());
    assert_eq!(
        output.as_deref(),
        Some("\"a-bfalse\""),
        "{:?}",
        execution.failure
    );
    let logs = executions
        .logs(&world.ctx, execution.id, 0, 100)
        .await
        .unwrap();
    let codes: Vec<_> = logs
        .iter()
        .map(|line| {
            (
                line.level,
                line.data.as_ref().unwrap().to_value()["code"].clone(),
            )
        })
        .collect();
    let deprecated = (LogLevel::Warn, serde_json::json!("DEPRECATED"));
    assert_eq!(codes, [deprecated.clone(), deprecated]);

    let told = |uses: &[&str]| {
        let uses = uses.iter().map(|one| (*one).to_owned()).collect();
        vec![("uses".to_owned(), vec![], uses)]
    };
    create(&world, one_off("uses nothing", None)).await;
    create(&world, one_off("a third", None)).await;
    assert_eq!(
        report(&world).await,
        told(&["storage.exists 1:21", "utils.slug 2:8"])
    );

    // With a date for which it is gone, an active script cannot run, and a draft may be kept.
    world.advance(Duration::from_secs(40 * 86_400));
    let refused = scripts.update(&world.ctx, script.id, update(uses(Some("2026-04-01"))));
    let refused = refused.await.unwrap_err();
    let error = &refused.invalid().unwrap().errors[0];
    assert_eq!(
        (error.field.as_str(), error.code),
        ("source", "script.removed")
    );
    assert!(
        error.message.contains("use storage.get"),
        "{}",
        error.message
    );
    let draft = Definition {
        name: "draft".into(),
        ..uses(Some("2026-04-01"))
    };
    let draft = create(&world, draft).await;
    let told = report(&world).await;
    assert_eq!(told[0].2, ["storage.exists! 1:21", "utils.slug 2:8"]);
    let activated = scripts
        .set_status(&world.ctx, draft.id, ScriptStatus::Active, None)
        .await;
    assert_eq!(activated.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_host_deprecates_what_there_is() {
    let nowhere = Deprecation::new("storage.nothing", date("2026-02-01"), "storage.get");
    let dir = tempfile::tempdir().unwrap();
    let builder = scriptorium::Platform::builder()
        .data_dir(dir.path())
        .deprecate(nowhere);
    let refused = builder.start().await.unwrap_err();
    assert!(format!("{refused:?}").contains("storage.nothing is no function of the script API"));
}

#[tokio::test]
async fn the_report_is_of_one_tenant_and_takes_the_right_to_read() {
    let world = World::new().await;
    create(&world, one_off("first", None)).await;
    world.advance(TO_THE_FIRST_CHANGE);
    let operator = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..world.ctx.clone()
    };
    let tenants = world.platform.tenants();
    let other = tenants.create(&operator, "other", "Other").await.unwrap();
    let compatibility = world.platform.compatibility();
    let page = PageRequest::first();
    let found = compatibility
        .report(&Ctx::host(other.id), &page)
        .await
        .unwrap();
    assert!(found.items.is_empty());
    let nobody = Ctx {
        permissions: PermissionSet::none(),
        ..world.ctx.clone()
    };
    let refused = compatibility.report(&nobody, &page).await.unwrap_err();
    assert_eq!(refused.missing_permission(), Some(Permission::ScriptsRead));
}
