//! Export and import: what comes back is what left, and a bundle is a stranger's word.

use std::time::Duration;

use scriptorium::model::Ctx;
use scriptorium::model::endpoint::Method;
use scriptorium::model::permission::Role;
use scriptorium::model::retention::Retention;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::script::{Definition, ScriptStatus};
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Subscription, Trigger};
use scriptorium::model::version::VersionPolicy;
use scriptorium::transfer::{
    Action, Bundle, BundledSettings, Export, Import, ItemKind, OnConflict, State,
};
use scriptorium::{ErrorKind, Update};

use crate::world::{World, definition};

const EVERYTHING: Export = Export {
    scripts: None,
    history: true,
};

const PLAIN: Import = Import {
    on_conflict: OnConflict::Skip,
    activate: false,
    preview: false,
};

fn endpoint(auth: EndpointAuth) -> Trigger {
    Trigger::Http(Endpoint {
        permission: Some("reports.view".into()),
        ..Endpoint::new("/reports/{year}", &[Method::Get, Method::Post], auth)
    })
}

/// A tenant with scripts of several types, versions, milestones, a template and settings.
async fn filled() -> World {
    let world = World::new().await;
    let schedule = Trigger::Scheduled(Schedule::new("0 9 * * 1-5", "Asia/Tashkent"));
    let mut report = definition("report", endpoint(EndpointAuth::Required), "return 1");
    report.tags = vec!["finance".into()];
    report.metadata = [("team".to_owned(), "billing".to_owned())].into();
    report.limits.wall = Duration::from_secs(3);
    report.limits.cpu = Duration::from_secs(2);
    let report = world.active(report).await;
    for number in 2..6 {
        world.advance(Duration::from_secs(60));
        let mut changed = report.definition.clone();
        changed.source = format!("return {number}");
        changed.description = format!("the {number}th");
        let update = Update {
            base_version: None,
            definition: changed,
            change_description: format!("change {number}"),
        };
        let scripts = world.platform.scripts();
        scripts.update(&world.ctx, report.id, update).await.unwrap();
    }
    // Versions have gaps where some were pruned.
    let keep = async |policy| {
        let scripts = world.platform.scripts();
        scripts
            .set_version_policy(&world.ctx, policy)
            .await
            .unwrap();
    };
    let named = world.platform.scripts();
    for (number, name) in [(1, "ҳисобот: first"), (5, "agreed")] {
        let named = named.set_milestone(&world.ctx, report.id, number, Some(name));
        named.await.unwrap();
    }
    keep(VersionPolicy {
        max_count: Some(3),
        max_age_days: None,
    })
    .await;
    world.platform.maintain().await.unwrap();
    keep(KEPT.0).await;
    let retention = world.platform.retention();
    retention.set(&world.ctx, KEPT.1).await.unwrap();
    world
        .active(definition("nightly", schedule, "return 0"))
        .await;
    for (name, status) in [
        ("stopped", ScriptStatus::Paused),
        ("switched off", ScriptStatus::Disabled),
    ] {
        let subscription = Subscription {
            types: vec!["order.paid".into(), "order.sent".into()],
            filter: None,
            priority: 7,
            max_attempts: 3,
            debounce: None,
            batch: None,
            order_by: Some("client_id".into()),
        };
        let script = definition(name, Trigger::Event(subscription), "export default () => 1");
        let script = world.active(script).await;
        let scripts = world.platform.scripts();
        scripts
            .set_status(&world.ctx, script.id, status, None)
            .await
            .unwrap();
    }
    let scripts = world.platform.scripts();
    let draft = definition("ҳисобот черновик", Trigger::OneOff, "return 'x'");
    scripts.create(&world.ctx, draft, "begun").await.unwrap();
    let templates = world.platform.templates();
    templates
        .put(&world.ctx, "reminder", "Dear {{ name }}")
        .await
        .unwrap();
    world
}

/// What the tenant keeps.
const KEPT: (VersionPolicy, Retention) = (
    VersionPolicy {
        max_count: Some(50),
        max_age_days: Some(3_650),
    },
    Retention {
        execution_days: 400,
        log_days: 100,
        event_days: 30,
        audit_days: 400,
    },
);

async fn other(world: &World, slug: &str) -> Ctx {
    let ctx = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..world.ctx.clone()
    };
    let made = world.platform.tenants().create(&ctx, slug, slug).await;
    Ctx::host(made.unwrap().id)
}

async fn export(world: &World, ctx: &Ctx) -> Bundle {
    world
        .platform
        .transfer()
        .export(ctx, EVERYTHING)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_into_an_empty_tenant_is_what_was_exported() {
    let world = filled().await;
    let left = export(&world, &world.ctx).await;
    assert_eq!((left.scripts.len(), left.templates.len()), (5, 1));
    let report = left.scripts.iter().find(|script| script.versions.len() > 1);
    let report = report.unwrap().versions.iter();
    let report: Vec<_> = report.map(|v| (v.number, v.milestone.as_deref())).collect();
    let first = Some("ҳисобот: first");
    assert_eq!(
        report,
        [(1, first), (3, None), (4, None), (5, Some("agreed"))]
    );
    let empty = other(&world, "empty").await;
    let transfer = world.platform.transfer();
    let report = transfer.import(
        &empty,
        left.clone(),
        Import {
            activate: true,
            ..PLAIN
        },
    );
    let report = report.await.unwrap();
    assert!(report.applied);
    assert!(report.items.iter().all(|item| item.state == State::New));
    // Every field: status, versions with number, name, text, settings, author, description, date; and
    // what the tenant keeps.
    assert_eq!(export(&world, &empty).await, left);
    let again = transfer.import(&empty, left, PLAIN).await.unwrap();
    let same = |item: &scriptorium::transfer::Item| {
        (item.state, item.action) == (State::Same, Action::Skip)
    };
    assert!(again.items.iter().all(same), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_history_only_the_current_version_leaves() {
    let world = filled().await;
    let what = Export {
        scripts: None,
        history: false,
    };
    let left = world
        .platform
        .transfer()
        .export(&world.ctx, what)
        .await
        .unwrap();
    let report = left
        .scripts
        .iter()
        .find(|script| script.versions[0].number == 5)
        .unwrap();
    assert_eq!(report.versions.len(), 1);
    let empty = other(&world, "empty").await;
    let transfer = world.platform.transfer();
    transfer.import(&empty, left, PLAIN).await.unwrap();
    let scripts = world.platform.scripts();
    let script = scripts.find_by_name(&empty, "report").await.unwrap();
    assert_eq!((script.version, script.status), (5, ScriptStatus::Draft));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_previewed_and_solved_as_asked() {
    let world = filled().await;
    let mut bundle = export(&world, &world.ctx).await;
    bundle.templates[0].body = "Hello".into();
    let script = bundle
        .scripts
        .iter_mut()
        .find(|script| script.versions[0].definition.name == "nightly")
        .unwrap();
    script.versions[0].definition.source = "return 'changed'".into();
    script.versions[0].definition.description = "other".into();
    let transfer = world.platform.transfer();
    let preview = Import {
        preview: true,
        on_conflict: OnConflict::Replace,
        ..PLAIN
    };
    let before = export(&world, &world.ctx).await;
    let report = transfer
        .import(&world.ctx, bundle.clone(), preview)
        .await
        .unwrap();
    assert!(!report.applied);
    let item = report
        .items
        .iter()
        .find(|item| item.name == "nightly")
        .unwrap();
    assert_eq!(
        (item.state, item.action),
        (State::Conflict, Action::Replace)
    );
    assert_eq!(item.differs, ["description", "source"]);
    let skip = transfer
        .import(&world.ctx, bundle.clone(), PLAIN)
        .await
        .unwrap();
    assert!(skip.items.iter().all(|item| item.action == Action::Skip));
    assert_eq!(export(&world, &world.ctx).await, before);

    let rename = Import {
        on_conflict: OnConflict::Rename,
        ..PLAIN
    };
    let report = transfer
        .import(&world.ctx, bundle.clone(), rename)
        .await
        .unwrap();
    let names: Vec<_> = report
        .items
        .iter()
        .filter_map(|i| i.new_name.clone())
        .collect();
    assert_eq!(names, ["nightly (2)", "reminder-2"]);
    let replace = Import {
        on_conflict: OnConflict::Replace,
        ..PLAIN
    };
    transfer.import(&world.ctx, bundle, replace).await.unwrap();
    let scripts = world.platform.scripts();
    let script = scripts.find_by_name(&world.ctx, "nightly").await.unwrap();
    assert_eq!(
        (script.version, script.source.as_str()),
        (2, "return 'changed'")
    );
    let template = world
        .platform
        .templates()
        .find(&world.ctx, "reminder")
        .await;
    assert_eq!(template.unwrap().body, "Hello");
}

/// Spoils a bundle, and expects the refusal of one field, in a preview and in earnest, with nothing
/// stored.
async fn refused(
    world: &World,
    by: &Ctx,
    spoil: impl FnOnce(&mut Bundle),
    field: &str,
    code: &str,
) {
    let mut bundle = export(world, &world.ctx).await;
    bundle.scripts.sort_by_key(|script| script.versions.len());
    bundle.scripts.reverse();
    spoil(&mut bundle);
    let transfer = world.platform.transfer();
    let preview = Import {
        preview: true,
        ..PLAIN
    };
    let report = transfer.import(by, bundle.clone(), preview).await.unwrap();
    let item = report
        .items
        .iter()
        .find(|item| item.state == State::Refused);
    let item = item.unwrap_or_else(|| panic!("{field}: nothing is refused: {report:?}"));
    assert!(
        item.errors.iter().any(|error| error.code == code),
        "{field}: {item:?}"
    );
    let error = transfer.import(by, bundle, PLAIN).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let errors = &error.invalid().unwrap().errors;
    let found = errors
        .iter()
        .any(|error| error.field == field && error.code == code);
    assert!(found, "{field} {code}: {errors:?}");
    let left = export(world, by).await;
    assert_eq!((left.scripts, left.templates), (vec![], vec![]));
    let untouched = (VersionPolicy::default(), Retention::default());
    assert_eq!(left.settings, said(untouched));
}

fn said((versions, retention): (VersionPolicy, Retention)) -> BundledSettings {
    BundledSettings {
        versions: Some(versions),
        retention: Some(retention),
    }
}

/// Keeping less would remove history, so what a bundle says of it is not taken where there is any.
#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_tenant_in_use_change_only_when_that_is_asked_for() {
    let world = filled().await;
    let less = VersionPolicy {
        max_count: Some(1),
        max_age_days: KEPT.0.max_age_days,
    };
    let bundle = Bundle {
        settings: said((less, KEPT.1)),
        ..Bundle::default()
    };
    let transfer = world.platform.transfer();
    let settings = async || export(&world, &world.ctx).await.settings;
    for (on_conflict, preview, action, after) in [
        (OnConflict::Skip, false, Action::Skip, KEPT.0),
        (OnConflict::Rename, false, Action::Skip, KEPT.0),
        (OnConflict::Replace, true, Action::Replace, KEPT.0),
        (OnConflict::Replace, false, Action::Replace, less),
    ] {
        let how = Import {
            on_conflict,
            preview,
            ..PLAIN
        };
        let report = transfer.import(&world.ctx, bundle.clone(), how).await;
        let [versions, retention] = report.unwrap().items.try_into().unwrap();
        assert_eq!(
            (versions.kind, &*versions.name),
            (ItemKind::Setting, "versions")
        );
        assert_eq!((versions.state, versions.action), (State::Conflict, action));
        assert_eq!(versions.differs, ["max_count"]);
        assert_eq!(
            (retention.state, retention.action),
            (State::Same, Action::Skip)
        );
        assert_eq!(settings().await, said((after, KEPT.1)), "{on_conflict:?}");
    }
    // Nor do they change by who may not change them.
    let developer = world.user("developer", Role::Developer).await;
    let replace = Import {
        on_conflict: OnConflict::Replace,
        ..PLAIN
    };
    let bundle = Bundle {
        settings: said((KEPT.0, Retention::default())),
        ..Bundle::default()
    };
    let refused = transfer
        .import(&developer, bundle, replace)
        .await
        .unwrap_err();
    let errors = &refused.invalid().unwrap().errors;
    let fields: Vec<_> = errors.iter().map(|e| (&*e.field, e.code)).collect();
    assert_eq!(
        fields,
        [
            ("settings.versions.max_count", "permission_denied"),
            ("settings.retention.execution_days", "permission_denied")
        ]
    );
    assert_eq!(settings().await, said((less, KEPT.1)));

    // Scripts that leave one by one say nothing of their tenant.
    let script = world
        .platform
        .scripts()
        .find_by_name(&world.ctx, "nightly")
        .await;
    let one = Export {
        scripts: Some(vec![script.unwrap().id]),
        history: true,
    };
    let one = transfer.export(&world.ctx, one).await.unwrap();
    assert_eq!(one.settings, BundledSettings::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_refused_whole_for_one_bad_field() {
    let world = filled().await;
    let by = other(&world, "empty").await;
    let evil = "return eval('1')";
    let first = "scripts[0].";
    let at = |rest: &str| format!("{first}{rest}");
    let spoil = |bundle: &mut Bundle| bundle.scripts[0].versions[3].definition.source = evil.into();
    refused(&world, &by, spoil, &at("source"), "script.forbidden").await;
    // An old version can be run by its number, so it passes the same wall.
    let spoil = |bundle: &mut Bundle| bundle.scripts[0].versions[0].definition.source = evil.into();
    refused(
        &world,
        &by,
        spoil,
        &at("versions[0].source"),
        "script.forbidden",
    )
    .await;
    let spoil = |bundle: &mut Bundle| bundle.scripts[0].versions[3].number = 1;
    refused(&world, &by, spoil, &at("version"), "out_of_order").await;
    let spoil = |bundle: &mut Bundle| {
        bundle.scripts[0].versions[3].created_at = "2199-01-01T00:00:00Z".parse().unwrap();
    };
    refused(&world, &by, spoil, &at("created_at"), "in_the_future").await;
    let spoil = |bundle: &mut Bundle| {
        bundle.scripts[0].versions[1].definition.trigger = Trigger::OneOff;
    };
    refused(&world, &by, spoil, &at("versions[1].type"), "immutable").await;
    let spoil = |bundle: &mut Bundle| bundle.scripts[0].versions[3].author = Some("\u{1b}".into());
    refused(&world, &by, spoil, &at("author"), "bad_length").await;
    let spoil = |bundle: &mut Bundle| bundle.scripts[1] = bundle.scripts[0].clone();
    refused(&world, &by, spoil, "scripts[1].name", "duplicate").await;
    // Another name, and the same path.
    let spoil = |bundle: &mut Bundle| {
        bundle.scripts[1] = bundle.scripts[0].clone();
        for version in &mut bundle.scripts[1].versions {
            version.definition.name = "another".into();
        }
    };
    refused(&world, &by, spoil, "scripts[1].http.path", "not_unique").await;
    let spoil = |bundle: &mut Bundle| bundle.scripts[0].versions.clear();
    refused(&world, &by, spoil, &at("versions"), "bad_length").await;
    let spoil = |bundle: &mut Bundle| {
        bundle.scripts[0].versions[3].milestone = Some("\u{1b}".into());
    };
    refused(&world, &by, spoil, &at("milestone"), "control_characters").await;
    let spoil = |bundle: &mut Bundle| {
        bundle.settings.versions.as_mut().unwrap().max_count = Some(0);
    };
    refused(
        &world,
        &by,
        spoil,
        "settings.versions.max_count",
        "out_of_range",
    )
    .await;
    let spoil = |bundle: &mut Bundle| {
        bundle.settings.retention.as_mut().unwrap().log_days = 401;
    };
    refused(
        &world,
        &by,
        spoil,
        "settings.retention.log_days",
        "out_of_range",
    )
    .await;
    let spoil = |bundle: &mut Bundle| bundle.templates[0].name = "../x".into();
    refused(&world, &by, spoil, "templates[0].name", "bad_name").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_lends_nobody_rights_they_do_not_have() {
    let world = filled().await;
    let admin = world.user("admin", Role::OrgAdmin).await;
    let developer = world.user("developer", Role::Developer).await;
    let viewer = world.user("viewer", Role::Viewer).await;
    let transfer = world.platform.transfer();
    let mut bundle = Bundle::default();
    let mut script = export(&world, &admin).await.scripts.remove(0);
    let last = script.versions.last_mut().unwrap();
    last.definition.name = "imported".into();
    last.run_as = Some("admin@example.com".into());
    last.author = Some("Administrator".into());
    script.status = ScriptStatus::Active;
    bundle.scripts.push(script);

    let error = transfer
        .import(&viewer, bundle.clone(), PLAIN)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let report = transfer
        .import(&developer, bundle.clone(), PLAIN)
        .await
        .unwrap();
    assert!(
        report.items[0].notes[0].contains("admin@example.com"),
        "{report:?}"
    );
    let scripts = world.platform.scripts();
    let script = scripts.find_by_name(&developer, "imported").await.unwrap();
    assert_eq!(script.status, ScriptStatus::Draft);
    assert_eq!(script.run_as, None);
    let version = scripts
        .version(&developer, script.id, script.version)
        .await
        .unwrap();
    assert_eq!(version.created_by, developer.actor.user());

    // A public endpoint takes more than writing scripts does.
    let last = bundle.scripts[0].versions.last_mut().unwrap();
    last.definition.name = "open".into();
    last.definition.trigger = endpoint(EndpointAuth::Public);
    let versions = &mut bundle.scripts[0].versions;
    versions.drain(..versions.len() - 1);
    let error = transfer
        .import(&developer, bundle, PLAIN)
        .await
        .unwrap_err();
    let errors = &error.invalid().unwrap().errors;
    assert!(
        errors.iter().any(|error| error.code == "permission_denied"),
        "{errors:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_people_leave_only_by_who_may_see_them() {
    let world = filled().await;
    let admin = world.user("admin", Role::OrgAdmin).await;
    let scripts = world.platform.scripts();
    let script = definition("of the admin", Trigger::OneOff, "return 1");
    scripts.create(&admin, script, "").await.unwrap();
    let developer = world.user("developer", Role::Developer).await;
    for (ctx, expected) in [(&admin, Some("admin".to_owned())), (&developer, None)] {
        let bundle = export(&world, ctx).await;
        let mut versions = bundle.scripts.iter().flat_map(|script| &script.versions);
        let version = versions
            .find(|v| v.definition.name == "of the admin")
            .unwrap();
        assert_eq!(version.author, expected);
    }
}

/// Scripts that import what comes along wait as drafts for it; nothing runs with libraries that
/// nobody fixed.
#[tokio::test]
async fn scripts_wait_for_libraries_that_come_along() {
    let world = World::new().await;
    let money = Definition {
        library: true,
        ..definition("money", Trigger::Embedded, "export const total = (n) => n")
    };
    world.active(money).await;
    let source = "import { total } from 'lib/money'; return total(1)";
    world
        .active(definition("orders", Trigger::OneOff, source))
        .await;
    let bundle = export(&world, &world.ctx).await;
    assert!(bundle.scripts[0].versions[0].definition.library);

    let how = Import {
        activate: true,
        ..PLAIN
    };
    let there = other(&world, "other").await;
    let transfer = world.platform.transfer();
    let report = transfer.import(&there, bundle.clone(), how).await.unwrap();
    let notes: Vec<usize> = report.items.iter().map(|item| item.notes.len()).collect();
    // The scripts; settings come after them.
    assert_eq!(notes[..2], [0, 1]);
    let scripts = world.platform.scripts();
    let found = scripts.find_by_name(&there, "orders").await.unwrap();
    assert_eq!(found.status, ScriptStatus::Draft);
    let active = scripts
        .set_status(&there, found.id, ScriptStatus::Active, None)
        .await;
    assert_eq!(active.unwrap().status, ScriptStatus::Active);
    assert_eq!(scripts.pins(&there, found.id, 1).await.unwrap().len(), 1);

    // Where the library is there already, nothing has to wait.
    scripts
        .delete(
            &world.ctx,
            scripts.find_by_name(&world.ctx, "orders").await.unwrap().id,
        )
        .await
        .unwrap();
    transfer.import(&world.ctx, bundle, how).await.unwrap();
    let found = scripts.find_by_name(&world.ctx, "orders").await.unwrap();
    assert_eq!(found.status, ScriptStatus::Active);
    assert_eq!(
        scripts
            .pins(&world.ctx, found.id, found.version)
            .await
            .unwrap()
            .len(),
        1
    );
}
