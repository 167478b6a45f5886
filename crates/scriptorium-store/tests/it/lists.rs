//! Lists: filters, orders, and cursors that belong to exactly one question.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use scriptorium_model::endpoint::Method::Get;
use scriptorium_model::execution::{Execution, ExecutionStatus, Failure, TriggerKind};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::{ScriptStatus, ScriptType};
use scriptorium_model::trigger::Trigger;
use scriptorium_store::{
    Error, ExecutionField, ExecutionFilter, ExecutionSort, ExecutionSummary, ScriptFilter,
    ScriptSort, ScriptSummary, SortField,
};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, completed, cron, definition, http};

#[rstest]
#[tokio::test]
async fn scripts_are_narrowed_by_every_filter(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let mut report = definition("Отчёт 100%", cron("0 9 * * *"));
    report.tags = vec!["reports".into()];
    report.description = "Месячный".into();
    world.active(ctx, report).await;
    world.advance(Duration::from_secs(1));
    let hook = world
        .add(ctx, definition("hook_a", http("/a", &[Get])))
        .await;
    // Of a script whose versions have several dates that of the present one counts.
    for date in ["2026-03-03", "2026-02-01"] {
        let mut changed = hook.definition.clone();
        changed.compatibility = Some(date.parse().unwrap());
        let saved = world.store.update_script(ctx, hook.id, None, changed, "");
        saved.await.unwrap();
    }
    world.advance(Duration::from_secs(1));
    world.add(ctx, definition("hookXa", Trigger::OneOff)).await;
    let filter = ScriptFilter::default;
    let older = |date: &str| ScriptFilter {
        older_than: Some(date.parse().unwrap()),
        ..filter()
    };
    let text = |q: &str| ScriptFilter {
        q: Some(q.into()),
        ..filter()
    };
    let all = ["hookXa", "hook_a", "Отчёт 100%"];
    let cases = [
        (filter(), &all[..]),
        (text(""), &all[..]),
        (text("отчёт"), &all[..]),
        (text("МЕСЯЧНЫЙ"), &["Отчёт 100%"]),
        (text("100%"), &["Отчёт 100%"]),
        (text("отчет месяч"), &["Отчёт 100%"]),
        (text("hook_a"), &["hook_a"]),
        (text("billing"), &["hookXa", "hook_a"]),
        (text("hook' or 1=1 --"), &[]),
        (text("%"), &[]),
        (
            ScriptFilter {
                kind: Some(ScriptType::Http),
                ..filter()
            },
            &["hook_a"],
        ),
        (
            ScriptFilter {
                status: Some(ScriptStatus::Active),
                ..filter()
            },
            &["Отчёт 100%"],
        ),
        (
            ScriptFilter {
                tags: vec!["reports".into()],
                ..filter()
            },
            &["Отчёт 100%"],
        ),
        (
            ScriptFilter {
                tags: vec!["report".into()],
                ..filter()
            },
            &[],
        ),
        (
            ScriptFilter {
                trash: true,
                ..filter()
            },
            &[],
        ),
        // All but one have the date of the tests' definitions.
        (older("2026-02-01"), &[]),
        (older("2026-02-02"), &["hook_a"]),
        (older("2026-02-28"), &["hook_a"]),
        (older("2026-03-01"), &all),
    ];
    world.index().await;
    for (filter, expected) in cases {
        let items = world.scripts(ctx, &filter).await;
        let names: Vec<&str> = items.iter().map(|item| item.script.name.as_str()).collect();
        assert_eq!(names, expected, "{filter:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_listed_script_shows_its_latest_execution_and_its_next_instant(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world
        .active(ctx, definition("daily", cron("0 9 * * *")))
        .await;
    world.finished(ctx, &script).await;
    world.advance(Duration::from_secs(1));
    let latest = world.pending(ctx, &script).await;
    let items = world.scripts(ctx, &ScriptFilter::default()).await;
    let [item] = items.try_into().unwrap();
    assert_eq!((item.script.id, item.script.version), (script.id, 1));
    let last = item.last_execution.unwrap();
    assert_eq!(
        (last.id, last.status, last.at),
        (latest.id, ExecutionStatus::Pending, latest.created_at)
    );
    assert_eq!(
        item.next_run_at.unwrap().to_string(),
        "2026-11-21T04:00:00Z"
    );
}

#[rstest]
#[tokio::test]
async fn pages_of_every_order_hold_each_script_once(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    for index in 0..23 {
        let trigger = if index % 3 == 0 {
            Trigger::Embedded
        } else {
            Trigger::OneOff
        };
        world
            .add(
                ctx,
                definition(&format!("script {}", index * 7 % 23), trigger),
            )
            .await;
        if index % 4 == 0 {
            world.advance(Duration::from_micros(1));
        }
    }
    for field in SortField::ALL {
        for descending in [false, true] {
            let sort = ScriptSort { field, descending };
            let filter = ScriptFilter {
                sort,
                ..ScriptFilter::default()
            };
            let items = world.scripts(ctx, &filter).await;
            let by = |item: &ScriptSummary| {
                let script = &item.script;
                let (text, at) = match field {
                    SortField::Id => ("", world.now()),
                    SortField::Name => (script.name.as_str(), world.now()),
                    SortField::Type => (script.kind().as_str(), world.now()),
                    SortField::Status => (script.status.as_str(), world.now()),
                    SortField::CreatedAt => ("", script.created_at),
                    SortField::UpdatedAt => ("", script.updated_at),
                };
                (text.to_owned(), at, script.id)
            };
            assert!(
                items.is_sorted_by(|a, b| if descending {
                    by(a) > by(b)
                } else {
                    by(a) < by(b)
                }),
                "{sort:?}"
            );
            let whole: Vec<_> = items.into_iter().map(|i| i.script.id).collect();
            assert_eq!(whole.len(), 23);
            let mut paged = Vec::new();
            let mut cursor = None;
            loop {
                let request = PageRequest::new(Some(5), cursor).unwrap();
                let page = world
                    .store
                    .list_scripts(ctx, &filter, &request)
                    .await
                    .unwrap();
                assert!(page.items.len() <= 5);
                paged.extend(page.items.into_iter().map(|item| item.script.id));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(paged, whole, "{sort:?}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn executions_are_narrowed_by_every_filter_newest_first(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let (one, two) = (world.script("one").await, world.script("two").await);
    let start = world.now();
    let mut ids = Vec::new();
    for (script, trigger, message) in [
        (&one, TriggerKind::Cron, None),
        (&two, TriggerKind::Http, Some("no stock of 50% juice")),
        (&one, TriggerKind::Http, None),
    ] {
        let mut execution = completed(world.execution(script), world.now());
        execution.trigger = trigger;
        if let Some(message) = message {
            execution.status = ExecutionStatus::Failed;
            execution.failure = Some(Failure::new("script.threw", message));
        }
        ids.push(execution.id);
        world.record(ctx, execution, None).await.await.unwrap();
        world.advance(Duration::from_secs(1));
    }
    let at = |seconds| Some(start + Duration::from_secs(seconds));
    let filter = ExecutionFilter::default;
    let text = |q: &str| ExecutionFilter {
        q: Some(q.into()),
        ..filter()
    };
    let cases = [
        (filter(), &[2, 1, 0][..]),
        (
            ExecutionFilter {
                script: Some(one.id),
                ..filter()
            },
            &[2, 0],
        ),
        (
            ExecutionFilter {
                status: Some(ExecutionStatus::Failed),
                ..filter()
            },
            &[1],
        ),
        (
            ExecutionFilter {
                script: Some(two.id),
                status: Some(ExecutionStatus::Failed),
                ..filter()
            },
            &[1],
        ),
        (
            ExecutionFilter {
                script: Some(one.id),
                status: Some(ExecutionStatus::Failed),
                ..filter()
            },
            &[],
        ),
        (
            ExecutionFilter {
                trigger: Some(TriggerKind::Http),
                ..filter()
            },
            &[2, 1],
        ),
        (
            ExecutionFilter {
                from: at(1),
                ..filter()
            },
            &[2, 1],
        ),
        (
            ExecutionFilter {
                to: at(1),
                ..filter()
            },
            &[0],
        ),
        (
            ExecutionFilter {
                from: at(1),
                to: at(2),
                ..filter()
            },
            &[1],
        ),
        (text("STOCK"), &[1]),
        (text("50%"), &[1]),
        (text("script.threw"), &[1]),
        (text("two"), &[1]),
        (text("nothing"), &[]),
    ];
    world.index().await;
    for (filter, expected) in cases {
        let items = world.executions(ctx, &filter).await;
        let found: Vec<_> = items.into_iter().map(|item| item.id).collect();
        let expected: Vec<_> = expected.iter().map(|&index: &usize| ids[index]).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[rstest]
#[tokio::test]
async fn pages_of_every_order_hold_each_execution_once(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let scripts = [world.script("one").await, world.script("two").await];
    for index in 0..17 {
        let script = &scripts[index % 2];
        match index % 4 {
            0 => drop(world.pending(ctx, script).await),
            1 => {
                // Ends in another order than it was made.
                let mut execution = completed(world.execution(script), world.now());
                let earlier = Duration::from_secs(60 * index as u64);
                execution.started_at = execution.started_at.map(|at| at - earlier);
                execution.completed_at = execution.started_at;
                execution.status = ExecutionStatus::Failed;
                world.record(ctx, execution, None).await.await.unwrap();
            }
            _ => drop(world.finished(ctx, script).await),
        }
        if index % 3 == 0 {
            world.advance(Duration::from_secs(1));
        }
    }
    let told = |sort: ExecutionSort, of: &ExecutionSummary| match sort.field {
        ExecutionField::Id => of.id.to_string(),
        ExecutionField::Script => of.script.to_string(),
        ExecutionField::Status => of.status.as_str().to_owned(),
        ExecutionField::StartedAt => of.started_at.map_or(String::new(), |at| at.to_string()),
        ExecutionField::CompletedAt => of.completed_at.map_or(String::new(), |at| at.to_string()),
    };
    for field in ExecutionField::ALL {
        for descending in [false, true] {
            let sort = ExecutionSort { field, descending };
            let filter = ExecutionFilter {
                sort,
                ..ExecutionFilter::default()
            };
            let mut expected = world.executions(ctx, &ExecutionFilter::default()).await;
            assert_eq!(expected.len(), 17);
            expected.sort_by_key(|one| (told(sort, one), one.id));
            if descending {
                expected.reverse();
            }
            let mut paged = Vec::new();
            let mut cursor = None;
            loop {
                let request = PageRequest::new(Some(5), cursor).unwrap();
                let page = world.store.list_executions(ctx, &filter, &request);
                let page = page.await.unwrap();
                paged.extend(page.items);
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(paged, expected, "{sort:?}");
            let status = Some(ExecutionStatus::Pending);
            let narrowed = ExecutionFilter { status, ..filter };
            expected.retain(|one| Some(one.status) == status);
            let narrowed = world.executions(ctx, &narrowed).await;
            assert_eq!(narrowed, expected, "{sort:?}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_a_text_is_found_in_comes_newest_first_only(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let filter = ExecutionFilter {
        q: Some("word".into()),
        sort: ExecutionSort {
            field: ExecutionField::Status,
            descending: true,
        },
        ..ExecutionFilter::default()
    };
    let page = PageRequest::first();
    let refused = world.store.list_executions(&world.ctx, &filter, &page);
    let refused = refused.await.unwrap_err();
    assert!(
        matches!(&refused, Error::Invalid(invalid) if invalid.errors[0].field == "sort"),
        "{refused:?}"
    );
}

/// The seal of a cursor is no secret: whoever knows how it is made can put any key into one.
#[rstest]
#[tokio::test]
async fn a_cursor_with_the_key_of_another_order_is_refused(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    for index in 0..3 {
        let script = world.script(&format!("script {index}")).await;
        world.finished(ctx, &script).await;
    }
    let id = "00000000-0000-0000-0000-000000000000";
    let keys = [
        format!(r#"{{"Id":"{id}"}}"#),
        format!(r#"{{"Number":[1,"{id}"]}}"#),
        format!(r#"{{"Text":["x","{id}"]}}"#),
        format!(r#"{{"Pair":["{id}","{id}"]}}"#),
    ];
    let forged = |cursor: &str, key: &str| {
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        bytes.truncate(12);
        bytes.extend_from_slice(key.as_bytes());
        let cursor = URL_SAFE_NO_PAD.encode(bytes);
        PageRequest::new(Some(1), Some(cursor)).unwrap()
    };
    let one = PageRequest::new(Some(1), None).unwrap();
    for field in SortField::ALL {
        let sort = ScriptSort {
            field,
            descending: true,
        };
        let filter = ScriptFilter {
            sort,
            ..ScriptFilter::default()
        };
        let cursor = store.list_scripts(ctx, &filter, &one).await.unwrap();
        let cursor = cursor.next_cursor.unwrap();
        let mut accepted = 0;
        for key in &keys {
            let page = forged(&cursor, key);
            match store.list_scripts(ctx, &filter, &page).await {
                Ok(_) => accepted += 1,
                refused => assert_refused(refused),
            }
        }
        assert_eq!(accepted, 1, "{field:?}");
    }
    for field in ExecutionField::ALL {
        let sort = ExecutionSort {
            field,
            descending: true,
        };
        let filter = ExecutionFilter {
            sort,
            ..ExecutionFilter::default()
        };
        let cursor = store.list_executions(ctx, &filter, &one).await.unwrap();
        let cursor = cursor.next_cursor.unwrap();
        let mut accepted = 0;
        for key in &keys {
            let page = forged(&cursor, key);
            match store.list_executions(ctx, &filter, &page).await {
                Ok(_) => accepted += 1,
                refused => assert_refused(refused),
            }
        }
        assert_eq!(accepted, 1, "{field:?}");
    }
}

#[rstest]
#[tokio::test]
async fn tags_are_listed_once_and_narrow_by_any_of_them(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let tagged = async |name: &str, tags: &[&str]| {
        let mut definition = definition(name, Trigger::OneOff);
        definition.tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        world.advance(Duration::from_millis(1));
        world.add(ctx, definition).await
    };
    tagged("one", &["отчёт", "billing"]).await;
    tagged("two", &["billing"]).await;
    tagged("none", &[]).await;
    let gone = tagged("gone", &["gone"]).await;
    store.delete_script(ctx, gone.id).await.unwrap();
    assert_eq!(
        store.list_tags(ctx, 10).await.unwrap(),
        ["billing", "отчёт"]
    );
    assert_eq!(store.list_tags(ctx, 1).await.unwrap(), ["billing"]);
    let names = async |tags: &[&str]| {
        let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        let filter = ScriptFilter {
            tags,
            ..ScriptFilter::default()
        };
        let items = world.scripts(ctx, &filter).await;
        items
            .into_iter()
            .map(|item| item.script.definition.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["отчёт", "missing"]).await, ["one"]);
    assert_eq!(names(&["отчёт", "billing"]).await, ["two", "one"]);
    assert_eq!(names(&["missing"]).await, [""; 0]);
}

#[rstest]
#[tokio::test]
async fn what_waits_and_what_runs_is_found_by_its_script_and_trigger(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let (one, two) = (world.script("one").await, world.script("two").await);
    world.finished(ctx, &one).await;
    let runs = world.pending(ctx, &one).await;
    let claimed = store
        .claim_pending(1, Duration::from_secs(60), &[], &|_| u32::MAX)
        .await;
    assert_eq!(claimed.unwrap()[0].execution.id, runs.id);
    let waits = world.pending(ctx, &two).await;
    let (manual, cron) = (Some(TriggerKind::Manual), Some(TriggerKind::Cron));
    let (running, pending) = (ExecutionStatus::Running, ExecutionStatus::Pending);
    for (script, status, trigger, expected) in [
        (None, running, None, Some(runs.id)),
        (Some(one.id), running, None, Some(runs.id)),
        (Some(one.id), running, manual, Some(runs.id)),
        (Some(one.id), running, cron, None),
        (Some(two.id), running, None, None),
        (None, pending, None, Some(waits.id)),
        (Some(two.id), pending, None, Some(waits.id)),
        (Some(two.id), pending, manual, Some(waits.id)),
        (Some(two.id), pending, cron, None),
        (Some(one.id), pending, None, None),
    ] {
        let filter = ExecutionFilter {
            script,
            status: Some(status),
            trigger,
            ..ExecutionFilter::default()
        };
        let items = world.executions(ctx, &filter).await;
        let found: Vec<_> = items.into_iter().map(|item| item.id).collect();
        assert_eq!(found, Vec::from_iter(expected), "{filter:?}");
    }
}

#[rstest]
#[tokio::test]
async fn pages_of_executions_survive_new_ones(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world.script("growing").await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(world.finished(ctx, &script).await.id);
    }
    // All of the same instant: the id decides.
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let filter = ExecutionFilter::default();
    let request = PageRequest::new(Some(3), None).unwrap();
    let first = world
        .store
        .list_executions(ctx, &filter, &request)
        .await
        .unwrap();
    world.advance(Duration::from_secs(1));
    world.finished(ctx, &script).await;
    let request = PageRequest::new(Some(200), first.next_cursor).unwrap();
    let rest = world
        .store
        .list_executions(ctx, &filter, &request)
        .await
        .unwrap();
    let both = first.items.into_iter().chain(rest.items);
    let found: Vec<_> = both.map(|item| item.id).collect();
    assert_eq!(found, ids);
    assert_eq!(rest.next_cursor, None);
}

#[rstest]
#[tokio::test]
async fn a_cursor_of_another_tenant_filter_list_or_making_is_refused(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("listed").await;
    for _ in 0..3 {
        world.finished(ctx, &script).await;
    }
    let filter = ExecutionFilter::default();
    let one = PageRequest::new(Some(1), None).unwrap();
    let page = store.list_executions(ctx, &filter, &one).await.unwrap();
    let cursor = page.next_cursor.unwrap();
    let request = |cursor: &str| PageRequest::new(Some(1), Some(cursor.into())).unwrap();
    let good = request(&cursor);
    store.list_executions(ctx, &filter, &good).await.unwrap();

    let other_filter = ExecutionFilter {
        status: Some(ExecutionStatus::Completed),
        ..filter.clone()
    };
    assert_refused(store.list_executions(&world.other, &filter, &good).await);
    assert_refused(store.list_executions(ctx, &other_filter, &good).await);
    assert_refused(
        store
            .list_scripts(ctx, &ScriptFilter::default(), &good)
            .await,
    );
    assert_refused(store.list_versions(ctx, script.id, &good).await);
    let swapped = format!("A{}", &cursor[1..]);
    let short = &cursor[..cursor.len() - 2];
    for damaged in [
        "",
        "!",
        "AAAA",
        swapped.as_str(),
        short,
        "%00",
        &cursor.repeat(2),
    ] {
        let request = request(damaged);
        assert_refused(store.list_executions(ctx, &filter, &request).await);
    }
}

#[rstest]
#[tokio::test]
async fn a_summary_tells_what_the_execution_tells(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world.script("told").await;
    let execution: Execution = world.finished(ctx, &script).await;
    let items = world.executions(ctx, &ExecutionFilter::default()).await;
    let [summary] = items.try_into().unwrap();
    assert_eq!(summary.id, execution.id);
    assert_eq!(summary.script, execution.script);
    assert_eq!(summary.script_name, execution.script_name);
    assert_eq!(summary.metrics, execution.metrics);
    assert_eq!(summary.status, execution.status);
    assert_eq!(summary.completed_at, execution.completed_at);
    assert_eq!(summary.attempt, execution.attempt);
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: scriptorium_store::Result<T>) {
    assert!(
        matches!(result, Err(Error::CursorInvalid)),
        "expected the cursor to be refused, got {result:?}"
    );
}
