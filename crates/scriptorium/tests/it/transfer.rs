//! Export and import: what comes back is what left, and a bundle is a stranger's word.

use std::time::Duration;

use scriptorium::model::Ctx;
use scriptorium::model::endpoint::Method;
use scriptorium::model::permission::Role;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::script::ScriptStatus;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium::transfer::{Action, Bundle, Export, Import, OnConflict, State};
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
        path: "/reports/{year}".into(),
        methods: vec![Method::Get, Method::Post],
        auth,
        permission: Some("reports.view".into()),
        rate_limit_per_minute: None,
    })
}

/// A tenant with scripts of several types, versions and a template.
async fn filled() -> World {
    let world = World::new().await;
    let schedule = Trigger::Scheduled(Schedule {
        cron: "0 9 * * 1-5".into(),
        timezone: "Asia/Tashkent".into(),
    });
    let mut report = definition("report", endpoint(EndpointAuth::Required), "return 1");
    report.tags = vec!["finance".into()];
    report.metadata = [("team".to_owned(), "billing".to_owned())].into();
    report.limits.wall = Duration::from_secs(3);
    report.limits.cpu = Duration::from_secs(2);
    let report = world.active(report).await;
    for number in 2..5 {
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
    world
        .active(definition("nightly", schedule, "return 0"))
        .await;
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
    assert_eq!((left.scripts.len(), left.templates.len()), (3, 1));
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
    // Every field: status, versions with number, text, settings, author, description, date.
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
        .find(|script| script.versions[0].number == 4)
        .unwrap();
    assert_eq!(report.versions.len(), 1);
    let empty = other(&world, "empty").await;
    let transfer = world.platform.transfer();
    transfer.import(&empty, left, PLAIN).await.unwrap();
    let scripts = world.platform.scripts();
    let script = scripts.find_by_name(&empty, "report").await.unwrap();
    assert_eq!((script.version, script.status), (4, ScriptStatus::Draft));
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
    assert_eq!(export(world, by).await, Bundle::default());
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
