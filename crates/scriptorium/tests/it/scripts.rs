//! Writing scripts: what is refused, versions, the status machine.

use scriptorium::model::audit::AuditFilter;
use scriptorium::model::draft::DraftText;
use scriptorium::model::endpoint::Method;
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Role;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::script::{Definition, Language, ScriptStatus};
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium::model::{Ctx, Json};
use scriptorium::{ErrorKind, SchemaOrigin, Update, Validate};

use crate::world::{World, definition};

fn http(path: &str, auth: EndpointAuth) -> Trigger {
    Trigger::Http(Endpoint::new(path, &[Method::Get], auth))
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_field_and_nothing_is_stored() {
    let world = World::new().await;
    world
        .active(definition(
            "taken",
            http("/taken/{x}", EndpointAuth::Required),
            "return 1",
        ))
        .await;
    let scheduled = |cron: &str| Trigger::Scheduled(Schedule::new(cron, "UTC"));
    let cases: [(Definition, &str); 8] = [
        (
            definition("ab", Trigger::OneOff, "return 1"),
            "name: too_short",
        ),
        (definition("abc", Trigger::OneOff, ""), "source: required"),
        (
            definition("abc", Trigger::OneOff, &"x".repeat(10_000_000)),
            "source: too_long",
        ),
        (
            definition("abc", Trigger::OneOff, "eval('1')"),
            "source: script.forbidden",
        ),
        (
            definition("abc", scheduled("x"), "return 1"),
            "schedule.cron: bad_cron",
        ),
        (
            definition("abc", http("a", EndpointAuth::Required), "return 1"),
            "http.path: bad_path",
        ),
        (
            definition("taken", Trigger::OneOff, "return 1"),
            "conflict name",
        ),
        (
            definition(
                "abc",
                http("/taken/{y}", EndpointAuth::Required),
                "return 1",
            ),
            "conflict http.path",
        ),
    ];
    for (wrong, expected) in cases {
        let error = world
            .platform
            .scripts()
            .create(&world.ctx, wrong, "")
            .await
            .unwrap_err();
        let found = match error.invalid() {
            Some(invalid) => format!("{}: {}", invalid.errors[0].field, invalid.errors[0].code),
            None => format!("conflict {}", error.conflicting_field().unwrap_or_default()),
        };
        assert_eq!(found, expected);
    }
    let page = scriptorium::model::page::PageRequest::first();
    let stored = world
        .platform
        .scripts()
        .list(&world.ctx, &Default::default(), &page)
        .await;
    assert_eq!(stored.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_change_is_a_version_and_a_stale_one_is_refused() {
    let world = World::new().await;
    let scripts = world.platform.scripts();
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    let update = |base, source: &str| Update {
        base_version: Some(base),
        definition: definition("abc", Trigger::OneOff, source),
        change_description: "more".into(),
    };
    let second = scripts
        .update(&world.ctx, script.id, update(1, "return 2"))
        .await
        .unwrap();
    assert_eq!(second.version, 2);
    let stale = scripts
        .update(&world.ctx, script.id, update(1, "return 3"))
        .await
        .unwrap_err();
    assert_eq!(
        (stale.kind(), stale.code()),
        (ErrorKind::Conflict, "stale_version")
    );
    // An active script must stay runnable (X-33).
    let broken = scripts
        .update(&world.ctx, script.id, update(2, "return ("))
        .await
        .unwrap_err();
    assert_eq!(broken.invalid().unwrap().errors[0].code, "script.syntax");

    let diff = scripts.diff(&world.ctx, script.id, 1, 2).await.unwrap();
    assert!(diff.unified.contains("-return 1") && diff.unified.contains("+return 2"));
    let restored = scripts
        .restore_version(&world.ctx, script.id, 1)
        .await
        .unwrap();
    assert_eq!(
        (restored.version, restored.source.as_str()),
        (3, "return 1")
    );
}

#[tokio::test]
async fn what_is_archived_stays_as_it_is() {
    let world = World::new().await;
    let (scripts, ctx) = (
        world.platform.scripts(),
        world.user("ada", Role::OrgAdmin).await,
    );
    let script = definition("abc", Trigger::OneOff, "return 1");
    let script = scripts.create(&ctx, script, "").await.unwrap();
    let update = |source: &str| Update {
        base_version: None,
        definition: definition("abc", Trigger::OneOff, source),
        change_description: String::new(),
    };
    let second = scripts.update(&ctx, script.id, update("return 2")).await;
    second.unwrap();
    let archived = scripts.set_status(&ctx, script.id, ScriptStatus::Archived, None);
    archived.await.unwrap();
    let draft = DraftText {
        source: "return 3".into(),
        settings: None,
        base_version: 2,
    };
    for refused in [
        // Before anything else is looked at: there is nothing to put right.
        scripts
            .update(&ctx, script.id, update("return ("))
            .await
            .err(),
        scripts.restore_version(&ctx, script.id, 1).await.err(),
        scripts.keep_draft(&ctx, script.id, draft).await.err(),
    ] {
        assert_eq!(refused.unwrap().code(), "archived");
    }
    let found = scripts.find(&ctx, script.id).await.unwrap();
    assert_eq!((found.version, found.source.as_str()), (2, "return 2"));
}

#[tokio::test]
async fn a_developer_changes_own_scripts_and_opens_no_public_door() {
    let world = World::new().await;
    let scripts = world.platform.scripts();
    let developer = world.user("dev", Role::Developer).await;
    let own = definition("own", http("/own", EndpointAuth::Required), "return 1");
    let own = scripts.create(&developer, own, "").await.unwrap();
    let public = definition("own", http("/own", EndpointAuth::Public), "return 1");
    let update = Update {
        base_version: None,
        definition: public,
        change_description: String::new(),
    };
    let error = scripts
        .update(&developer, own.id, update)
        .await
        .unwrap_err();
    assert_eq!(
        error.missing_permission().unwrap().as_str(),
        "scripts.manage_endpoints"
    );
    let error = scripts.delete(&developer, own.id).await.unwrap_err();
    assert_eq!(
        error.missing_permission().unwrap().as_str(),
        "scripts.delete"
    );
    let viewer = world.user("vera", Role::Viewer).await;
    let error = scripts
        .set_status(&viewer, own.id, ScriptStatus::Active, None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_disabled_script_runs_again_for_a_reason_and_by_somebody_who_may_change_any() {
    use ScriptStatus::{Active, Disabled};
    let world = World::new().await;
    let scripts = world.platform.scripts();
    let developer = world.user("dev", Role::Developer).await;
    let own = definition("own", Trigger::OneOff, "return 1");
    let own = scripts.create(&developer, own, "").await.unwrap();
    for to in [Active, Disabled] {
        let moved = scripts.set_status(&developer, own.id, to, None).await;
        moved.unwrap();
    }
    let refused = scripts.set_status(&developer, own.id, Active, Some("mine"));
    let missing = refused.await.unwrap_err().missing_permission();
    assert_eq!(missing.unwrap().as_str(), "scripts.update");
    for reason in [None, Some(""), Some("  ")] {
        let refused = scripts.set_status(&world.ctx, own.id, Active, reason).await;
        let refused = refused.unwrap_err();
        let field = &refused.invalid().unwrap().errors[0];
        assert_eq!((field.field.as_str(), field.code), ("reason", "required"));
    }
    let moved = scripts.set_status(&world.ctx, own.id, Active, Some("it is needed again"));
    assert_eq!(moved.await.unwrap().status, Active);
    let filter = AuditFilter {
        action: Some("script.activated".into()),
        ..AuditFilter::default()
    };
    let page = PageRequest::first();
    let audit = world
        .platform
        .audit()
        .list(&world.ctx, &filter, &page)
        .await;
    let last = audit.unwrap().items.remove(0).after.unwrap();
    assert_eq!(last.to_value()["reason"], "it is needed again");
}

#[tokio::test]
async fn a_forbidden_move_is_a_conflict_and_the_trash_gives_back() {
    let world = World::new().await;
    let scripts = world.platform.scripts();
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    let error = scripts
        .set_status(&world.ctx, script.id, ScriptStatus::Draft, None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "forbidden_move");
    scripts.delete(&world.ctx, script.id).await.unwrap();
    assert_eq!(
        scripts
            .find(&world.ctx, script.id)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
    // The name is free in the meantime.
    world
        .active(definition("abc", Trigger::OneOff, "return 2"))
        .await;
    let taken = scripts.restore(&world.ctx, script.id).await.unwrap_err();
    assert_eq!(taken.conflicting_field(), Some("name"));
}

fn library(name: &str, source: &str) -> Definition {
    Definition {
        library: true,
        ..definition(name, Trigger::Embedded, source)
    }
}

const USES_MONEY: &str = "import { total } from 'lib/money'; return total(1)";

#[tokio::test]
async fn libraries_are_fixed_when_a_script_is_saved_or_activated() {
    let world = World::new().await;
    let (scripts, ctx) = (world.platform.scripts(), &world.ctx);
    let draft = scripts.create(ctx, definition("orders", Trigger::OneOff, USES_MONEY), "");
    let draft = draft.await.unwrap();
    let pins = async |number| {
        let pins = scripts.pins(ctx, draft.id, number).await.unwrap();
        pins.into_iter().map(|pin| pin.version).collect::<Vec<_>>()
    };
    // A draft may wait for its libraries; what runs may not.
    assert_eq!(pins(1).await, Vec::<u32>::new());
    let refused = scripts
        .set_status(ctx, draft.id, ScriptStatus::Active, None)
        .await;
    let refused = refused.unwrap_err();
    let error = &refused.invalid().unwrap().errors[0];
    assert_eq!(
        (error.field.as_str(), error.code),
        ("source", "script.import")
    );
    assert!(
        error.message.contains("(line 1, column 23)"),
        "{}",
        error.message
    );

    let money = world
        .active(library("money", "export const total = (n) => n"))
        .await;
    scripts
        .set_status(ctx, draft.id, ScriptStatus::Active, None)
        .await
        .unwrap();
    assert_eq!(pins(1).await, [1]);
    let changed = |source: &str| Update {
        base_version: None,
        definition: library("money", source),
        change_description: String::new(),
    };
    let newer = changed("export const total = (n) => n + 1");
    scripts.update(ctx, money.id, newer).await.unwrap();
    assert_eq!(pins(1).await, [1]);
    let saved = Update {
        base_version: None,
        definition: definition("orders", Trigger::OneOff, &format!("{USES_MONEY};")),
        change_description: String::new(),
    };
    scripts.update(ctx, draft.id, saved).await.unwrap();
    assert_eq!((pins(1).await, pins(2).await), (vec![1], vec![2]));

    // A library that is in use stays; who needs it is told.
    for refused in [scripts.delete(ctx, money.id).await.unwrap_err(), {
        let paused = scripts
            .set_status(ctx, money.id, ScriptStatus::Paused, None)
            .await;
        paused.unwrap();
        let archived = scripts.set_status(ctx, money.id, ScriptStatus::Archived, None);
        archived.await.unwrap_err()
    }] {
        assert_eq!(refused.code(), "library_in_use");
        assert!(refused.to_string().contains("orders"), "{refused}");
    }
}

#[tokio::test]
async fn libraries_export_something_and_are_embedded() {
    let world = World::new().await;
    let (scripts, ctx) = (world.platform.scripts(), &world.ctx);
    let endpoint = Definition {
        library: true,
        ..definition("abc", Trigger::OneOff, "export const a = 1")
    };
    let refused = scripts.create(ctx, endpoint, "").await.unwrap_err();
    assert_eq!(refused.invalid().unwrap().errors[0].field, "library");
    let mute = scripts
        .create(ctx, library("mute", "const a = 1"), "")
        .await
        .unwrap();
    let refused = scripts
        .set_status(ctx, mute.id, ScriptStatus::Active, None)
        .await;
    let refused = refused.unwrap_err();
    assert!(
        refused.to_string().contains("exports something"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_editor_is_told_about_imports() {
    let world = World::new().await;
    let (scripts, ctx) = (world.platform.scripts(), &world.ctx);
    world
        .active(library("money", "export const total = (n) => n"))
        .await;
    let check = async |source: &str, library: bool, expected: &[(&str, u32)]| {
        let what = Validate {
            source: source.into(),
            language: Language::JavaScript,
            kind: None,
            entry: None,
            library,
            compatibility: None,
        };
        let found = scripts.validate(ctx, what).await.unwrap();
        let found: Vec<_> = found.iter().map(|d| (d.code, d.column)).collect();
        assert_eq!(found, expected, "{source}");
    };
    check(USES_MONEY, false, &[]).await;
    check(
        "import { tax } from 'lib/money'; tax",
        false,
        &[("script.import", 10)],
    )
    .await;
    check("import 'lib/other'; 1", false, &[("script.import", 8)]).await;
    check("export const a = 1", true, &[]).await;
    check("export const a = 1", false, &[("script.entry", 1)]).await;
}

#[tokio::test]
async fn libraries_are_of_one_tenant() {
    let world = World::new().await;
    world
        .active(library("money", "export const total = (n) => n"))
        .await;
    let operator = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..world.ctx.clone()
    };
    let tenants = world.platform.tenants();
    let other = tenants.create(&operator, "other", "Other").await;
    let ctx = Ctx::host(other.unwrap().id);
    let what = Validate {
        source: USES_MONEY.into(),
        language: Language::JavaScript,
        kind: None,
        entry: None,
        library: false,
        compatibility: None,
    };
    let found = world.platform.scripts().validate(&ctx, what).await.unwrap();
    assert_eq!(found[0].message, "There is no library `lib/money`");
}

/// R-ONE-01: what a form is made of, and who says so.
#[tokio::test]
async fn an_input_schema_is_declared_or_read_off_the_signature() {
    let world = World::new().await;
    let scripts = world.platform.scripts();
    let source = "function main(input: { count: number; mode?: 'a' | 'b' }) { return 1 }";
    let typed = Definition {
        language: Language::TypeScript,
        ..definition("typed", Trigger::OneOff, source)
    };
    let typed = scripts.create(&world.ctx, typed, "").await.unwrap();
    let found = scripts.input_schema(&world.ctx, typed.id, None).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.origin, SchemaOrigin::Signature);
    let of_signature = r#"{"type":"object","properties":{"count":{"type":"number"},"mode":{"type":"string","enum":["a","b"]}},"required":["count"]}"#;
    assert_eq!(found.schema.as_str(), of_signature);

    let mut declared = typed.definition.clone();
    declared.input_schema = Some(Json::parse(r#"{"type":"string"}"#).unwrap());
    let update = Update {
        base_version: None,
        definition: declared,
        change_description: String::new(),
    };
    scripts.update(&world.ctx, typed.id, update).await.unwrap();
    for (version, origin, schema) in [
        (None, SchemaOrigin::Declared, r#"{"type":"string"}"#),
        (Some(1), SchemaOrigin::Signature, of_signature),
        (Some(2), SchemaOrigin::Declared, r#"{"type":"string"}"#),
    ] {
        let found = scripts.input_schema(&world.ctx, typed.id, version).await;
        let found = found.unwrap().unwrap();
        assert_eq!((found.origin, found.schema.as_str()), (origin, schema));
    }
    let silent = definition("silent", Trigger::OneOff, "return 1");
    let silent = scripts.create(&world.ctx, silent, "").await.unwrap();
    let found = scripts.input_schema(&world.ctx, silent.id, None).await;
    assert_eq!(found.unwrap(), None);
    let missing = scripts.input_schema(&world.ctx, silent.id, Some(7)).await;
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
}
