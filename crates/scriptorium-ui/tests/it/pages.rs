//! Who is shown what, under which policy.

use axum::http::StatusCode;
use scriptorium::model::ScriptId;
use scriptorium::model::execution::ExecutionStatus;
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Role;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::script::{Definition, ScriptDatabase, ScriptStatus};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::version::VersionPolicy;
use scriptorium::{ExecutionFilter, Update};

use crate::site::{Answer, Site};

const HOSTILE: &str = "</textarea></script><img src=x onerror=alert(1)>";

/// Paths of every page of a script.
fn pages_of(script: ScriptId) -> Vec<String> {
    vec![
        "/scripts".into(),
        format!("/scripts/{script}"),
        format!("/scripts/{script}/executions"),
        format!("/scripts/{script}/versions"),
        format!("/scripts/{script}/versions/1"),
        format!("/scripts/{script}/versions/1/diff/1"),
        "/compatibility".into(),
        "/executions".into(),
        "/audit".into(),
        "/secrets".into(),
    ]
}

#[tokio::test]
async fn strangers_are_led_to_signing_in_and_back() {
    let site = Site::new().await;
    let answer = site.get(None, "/executions?status=failed").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let login = "/login?next=%2Fexecutions%3Fstatus%3Dfailed";
    assert_eq!(answer.header("location"), login);
    let answer = site.get(None, login).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer
            .html
            .contains(r#"data-login="/executions?status=failed""#)
    );

    let part = site
        .ask(None, "/executions", &[("hx-request", "true")])
        .await;
    assert_eq!(part.header("hx-redirect"), "/login");
    assert!(part.html.is_empty());
}

#[track_caller]
fn check_policy(answer: &Answer, path: &str, inline_styles: bool) {
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; "),
        "{path}: {policy}"
    );
    for part in [
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe-eval"), "{path}: {policy}");
    assert_eq!(
        policy.contains("unsafe-inline"),
        inline_styles,
        "{path}: {policy}"
    );
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
}

#[tokio::test]
async fn only_the_editor_may_set_inline_styles() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let script = site.script("a script", "").await.id;
    for path in pages_of(script) {
        let answer = site.get(Some(&admin), &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        check_policy(&answer, &path, path == format!("/scripts/{script}"));
    }
    check_policy(&site.get(None, "/login").await, "/login", false);
    check_policy(&site.get(None, "/nothing").await, "/nothing", false);
}

#[tokio::test]
async fn what_tenants_write_is_text_wherever_it_stands() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let script = site.script("a script", HOSTILE).await.id;
    for path in pages_of(script) {
        let answer = site.get(Some(&admin), &path).await;
        assert!(!answer.html.contains("<img"), "{path}");
        assert!(!answer.html.contains("</textarea></script>"), "{path}");
    }
    let editor = site.get(Some(&admin), &format!("/scripts/{script}")).await;
    assert!(
        editor.html.contains("\\u003cimg"),
        "the island holds it escaped"
    );
}

#[tokio::test]
async fn who_may_only_read_is_offered_nothing_else() {
    let site = Site::new().await;
    let script = site.script("a script", "").await.id;
    let viewer = site.user(Role::Viewer, "en").await;
    for path in pages_of(script) {
        let answer = site.get(Some(&viewer), &path).await;
        let expected = match path.as_str() {
            "/audit" | "/secrets" => StatusCode::FORBIDDEN,
            _ => StatusCode::OK,
        };
        assert_eq!(answer.status, expected, "{path}");
        for offer in [
            "href=\"/audit\"",
            "href=\"/secrets\"",
            "data-call=",
            "id=\"run\"",
            "@click=\"save",
            "href=\"/scripts/new\"",
        ] {
            assert!(!answer.html.contains(offer), "{path}: {offer}");
        }
    }
    let refused = site.get(Some(&viewer), "/scripts/new").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.html.contains("scripts.create"));
}

/// In each language the page of the report says what changed, and the script's page leads there.
#[tokio::test]
async fn the_database_that_a_script_asks_is_chosen_and_shown() {
    let site = Site::new().await;
    let script = site.script("a report", "return 1").await;
    let update = Update {
        base_version: None,
        definition: Definition {
            database: ScriptDatabase::Replica,
            ..script.definition.clone()
        },
        change_description: String::new(),
    };
    let admin = site.admin().await;
    let scripts = site.platform.scripts();
    scripts.update(&admin.ctx, script.id, update).await.unwrap();
    for (locale, words) in [
        ("en", "A replica; the script only reads"),
        ("ru", "Реплика; скрипт только читает"),
        ("uz", "Replika; skript faqat oʻqiydi"),
    ] {
        let user = site.user(Role::OrgAdmin, locale).await;
        let path = format!("/scripts/{}", script.id);
        let page = site.get(Some(&user), &path).await.html;
        let option = format!(r#"<option value="replica">{words}</option>"#);
        assert!(page.contains(&option), "{page}");
        assert!(page.contains(r#""database":"replica""#), "{page}");
        for (version, shown) in [(1, false), (2, true)] {
            let path = format!("/scripts/{}/versions/{version}", script.id);
            let page = site.get(Some(&user), &path).await.html;
            assert_eq!(page.contains(words), shown, "{page}");
        }
    }
}

#[tokio::test]
async fn the_upgrade_report_is_a_page() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let script = site.script("an old script", "return 1").await;
    let latest = site.platform.compatibility().latest();
    let page = site
        .get(Some(&admin), &format!("/scripts/{}", script.id))
        .await;
    let field = format!(r#"type="date" min="2026-01-01" max="{latest}""#);
    assert!(page.html.contains(&field), "{}", page.html);
    assert!(page.html.contains(r#"href="/compatibility""#));
    let report = site.get(Some(&admin), "/compatibility").await;
    assert!(
        !report.html.contains("an old script"),
        "it has the present date"
    );

    let old = Definition {
        compatibility: Some("2026-01-01".parse().unwrap()),
        ..script.definition.clone()
    };
    let update = Update {
        base_version: None,
        definition: old,
        change_description: String::new(),
    };
    let scripts = site.platform.scripts();
    scripts.update(&admin.ctx, script.id, update).await.unwrap();
    for (locale, words) in [
        ("en", "taken back"),
        ("ru", "отменяются"),
        ("uz", "bekor qilinadi"),
    ] {
        let viewer = site.user(Role::Viewer, locale).await;
        let report = site.get(Some(&viewer), "/compatibility").await;
        let link = format!("/scripts/{}#settings", script.id);
        assert!(report.html.contains(&link), "{}", report.html);
        // Once in the list of what changed, once of the script.
        assert_eq!(report.html.matches(words).count(), 2, "{}", report.html);
    }
}

#[tokio::test]
async fn what_is_archived_is_offered_for_reading() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let script = site.script("a script", "").await;
    let (ctx, scripts) = (&admin.ctx, site.platform.scripts());
    let update = Update {
        base_version: None,
        definition: Definition {
            source: "return 2".to_owned(),
            ..script.definition.clone()
        },
        change_description: String::new(),
    };
    scripts.update(ctx, script.id, update).await.unwrap();
    let offers = async || {
        let mut offers = Vec::new();
        for path in pages_of(script.id) {
            let html = site.get(Some(&admin), &path).await.html;
            for offer in ["@click=\"save", "/restore\"", "/milestone\""] {
                if html.contains(offer) {
                    offers.push(format!("{path}: {offer}"));
                }
            }
        }
        offers
    };
    assert_ne!(offers().await, [""; 0]);
    let archived = scripts.set_status(ctx, script.id, ScriptStatus::Archived, None);
    archived.await.unwrap();
    assert_eq!(offers().await, [""; 0]);
}

#[tokio::test]
async fn a_developer_changes_only_their_own_scripts() {
    let site = Site::new().await;
    let foreign = site.script("a script", "").await.id;
    let developer = site.user(Role::Developer, "en").await;
    let answer = site
        .get(Some(&developer), &format!("/scripts/{foreign}"))
        .await;
    assert!(!answer.html.contains("@click=\"save"));
    assert!(answer.html.contains("id=\"run\""));
    let answer = site
        .get(Some(&developer), "/scripts/new?starter=http")
        .await;
    assert!(answer.html.contains("@click=\"save"));
    assert!(
        !answer.html.contains("value=\"public\""),
        "opening endpoints takes a permission"
    );
}

#[tokio::test]
async fn a_partial_refresh_gets_the_rows_alone() {
    let site = Site::new().await;
    let admin = site.admin().await;
    site.script("a script", "").await;
    for path in ["/scripts?q=script", "/executions?status=failed"] {
        let part = site
            .ask(Some(&admin), path, &[("hx-request", "true")])
            .await;
        assert!(
            part.html
                .trim_start()
                .starts_with("<section id=\"results\""),
            "{path}"
        );
        let whole = site.get(Some(&admin), path).await;
        assert!(whole.html.contains("<!doctype html>"), "{path}");
        assert!(whole.html.contains(part.html.trim()), "{path}");
        assert!(whole.header("vary").contains("hx-request"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_to_days_people_and_things() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let script = site.script("a script", "").await.id;
    site.run(&admin.ctx, script).await;
    let shows = async |path: &str| {
        let answer = site.get(Some(&admin), path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        !answer.html.contains("class=\"card empty\"")
    };
    for (path, expected) in [
        ("/executions?from=2020-01-01", true),
        ("/executions?from=2020-01-01&until=2020-01-01", false),
        ("/executions?from=2999-01-01", false),
        ("/executions?until=2999-01-01", true),
        ("/executions?from=no-day&until=", true),
        ("/audit?until=2020-01-01", false),
        ("/audit?from=2020-01-01&until=2999-01-01", true),
        ("/audit?actor=admin@localhost", true),
        ("/audit?actor=somebody@else.example", false),
        ("/audit?subject=a+script", true),
        ("/audit?subject=a+scrip", false),
    ] {
        assert_eq!(shows(path).await, expected, "{path}");
    }
    // What was asked for stays in the form, and is text there.
    let path = "/audit?actor=%22%3E%3Cimg%3E&from=2020-01-01";
    let html = site.get(Some(&admin), path).await.html;
    assert!(html.contains("name=\"from\" value=\"2020-01-01\""));
    assert!(!html.contains("<img>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_says_for_how_long() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let script = site.script("a script", "").await;
    let (ctx, scripts) = (admin.ctx.clone(), site.platform.scripts());
    let update = Update {
        base_version: None,
        definition: Definition {
            source: "for (;;);".to_owned(),
            ..script.definition.clone()
        },
        change_description: String::new(),
    };
    scripts.update(&ctx, script.id, update).await.unwrap();
    let platform = site.platform.clone();
    let mut waiter = tokio::task::JoinSet::new();
    waiter.spawn(async move {
        let what = Site::by_hand(script.id);
        platform.executions().execute(&ctx, what).await.unwrap()
    });
    let executions = site.platform.executions();
    let running = ExecutionFilter {
        status: Some(ExecutionStatus::Running),
        ..ExecutionFilter::default()
    };
    let id = loop {
        let page = PageRequest::first();
        let mut page = executions.list(&admin.ctx, &running, &page).await.unwrap();
        match page.items.pop() {
            Some(one) if one.started_at.is_some() => break one.id,
            _ => tokio::task::yield_now().await,
        }
    };
    for path in ["/executions".to_owned(), format!("/executions/{id}")] {
        let html = site.get(Some(&admin), &path).await.html;
        assert!(html.contains("Running for"), "{path}");
    }
    executions.cancel(&admin.ctx, id).await.unwrap();
    waiter.join_next().await.unwrap().unwrap();
    let html = site
        .get(Some(&admin), &format!("/executions/{id}"))
        .await
        .html;
    assert!(!html.contains("Running for"));
}

#[tokio::test]
async fn what_is_not_there_has_a_page_with_a_way_back() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let nobody = "00000000-0000-7000-8000-000000000000";
    for path in [
        "/nothing".to_owned(),
        "/scripts/not-an-id".to_owned(),
        format!("/scripts/{nobody}"),
        format!("/scripts/{nobody}/versions/1/diff/2"),
        format!("/executions/{nobody}"),
    ] {
        let answer = site.get(Some(&admin), &path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.html.contains("href=\"/scripts\""), "{path}");
    }
}

#[tokio::test]
async fn pages_speak_the_readers_language() {
    let site = Site::new().await;
    let check = async |locale: &str, text: &str| {
        let user = site.user(Role::Viewer, locale).await;
        let answer = site.get(Some(&user), "/scripts").await;
        assert!(
            answer.html.contains(&format!("<html lang=\"{locale}\">")),
            "{locale}"
        );
        assert!(answer.html.contains(text), "{locale}");
    };
    check("en", "Scripts</h1>").await;
    check("ru", "Скрипты</h1>").await;
    check("uz", "Skriptlar</h1>").await;
    let stranger = [("accept-language", "uz,en;q=0.5")];
    let login = site.ask(None, "/login", &stranger).await;
    assert!(login.html.contains("<html lang=\"uz\">"));
    let login = site.ask(None, "/login?lang=ru", &stranger).await;
    assert!(login.html.contains("<html lang=\"ru\">"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_scheduled_script_tells_how_its_schedule_keeps() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let (ctx, scripts) = (&admin.ctx, site.platform.scripts());
    let trigger = Trigger::Scheduled(Schedule::new("0 9 * * 1-5", "Asia/Tashkent"));
    let definition = Definition {
        name: "mornings".into(),
        source: "return 1".into(),
        ..Definition::blank(trigger)
    };
    let script = scripts.create(ctx, definition, "").await.unwrap();
    let executions = format!("/scripts/{}/executions", script.id);
    let page = site.get(Some(&admin), &executions).await;
    assert!(page.html.contains("id=\"timetable\""));
    assert!(page.html.contains("At 09:00 from Monday to Friday"));
    assert!(page.html.contains("No further run is planned."));
    let active = scripts.set_status(ctx, script.id, ScriptStatus::Active, None);
    active.await.unwrap();
    let page = site.get(Some(&admin), &executions).await;
    assert!(page.html.contains("Next run:"));
    let other = site.script("by hand", "").await;
    let executions = format!("/scripts/{}/executions", other.id);
    let page = site.get(Some(&admin), &executions).await;
    assert!(!page.html.contains("id=\"timetable\""));
    let editor = site
        .get(Some(&admin), &format!("/scripts/{}", script.id))
        .await;
    for field in [
        "f-missed",
        "f-overlap",
        "f-starts",
        "f-ends",
        "f-jitter",
        "f-pause-after",
    ] {
        assert!(editor.html.contains(&format!("id=\"{field}\"")), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_pruned_is_named_and_leads_nowhere() {
    let site = Site::new().await;
    let admin = site.admin().await;
    let (ctx, scripts) = (&admin.ctx, site.platform.scripts());
    let script = site.script("a script", "").await;
    let id = script.id;
    let save = async |source: &str| {
        let update = Update {
            base_version: None,
            definition: Definition {
                source: source.to_owned(),
                ..script.definition.clone()
            },
            change_description: String::new(),
        };
        scripts.update(ctx, id, update).await.unwrap();
    };
    let first = site.run(ctx, id).await;
    save("return 2").await;
    let second = site.run(ctx, id).await;
    for source in ["return 3", "return 4"] {
        save(source).await;
    }
    scripts
        .set_milestone(ctx, id, 1, Some("kept"))
        .await
        .unwrap();
    let policy = VersionPolicy {
        max_count: Some(1),
        max_age_days: None,
    };
    scripts.set_version_policy(ctx, policy).await.unwrap();
    assert!(site.platform.maintain().await.unwrap());
    assert_eq!(scripts.version_numbers(ctx, id).await.unwrap(), [4, 1]);

    let link = |rest: &str| format!("href=\"/scripts/{id}/versions/{rest}\"");
    let page = async |path: String| site.get(Some(&admin), &path).await;
    let html = page(format!("/executions/{second}")).await.html;
    assert!(html.contains("Version 2 (no longer kept)"));
    assert!(!html.contains(&link("2")));
    let html = page(format!("/executions/{first}")).await.html;
    assert!(html.contains(&link("1")));

    for path in [
        format!("/scripts/{id}/versions"),
        format!("/scripts/{id}/versions/4"),
    ] {
        let html = page(path).await.html;
        assert!(html.contains(&link("1/diff/4")));
        assert!(!html.contains(&link("3/diff/4")));
    }
    let html = page(format!("/scripts/{id}/versions/1/diff/4")).await.html;
    assert!(html.contains("<option value=\"1\""));
    assert!(!html.contains("<option value=\"2\""));
    for path in ["2", "1/diff/2", "2/diff/4"] {
        let gone = page(format!("/scripts/{id}/versions/{path}")).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{path}");
        assert!(gone.html.contains("Version 2 was removed"), "{path}");
    }
    // A number that never was is nothing.
    let never = page(format!("/scripts/{id}/versions/9")).await;
    assert!(!never.html.contains("was removed"));

    // The pages of a script in the trash are gone, so nothing leads to them.
    scripts.delete(ctx, id).await.unwrap();
    let html = page(format!("/executions/{first}")).await.html;
    assert!(!html.contains(&link("1")) && !html.contains("no longer kept"));
}
