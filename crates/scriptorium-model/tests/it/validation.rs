//! R-VAL row by row: for each bound the last accepted and the first refused value.

use std::collections::BTreeSet;
use std::time::Duration;

use scriptorium_model::definition::{DESCRIPTION_CHARS, at_most};
use scriptorium_model::draft::DraftText;
use scriptorium_model::endpoint::Method;
use scriptorium_model::limits::{Limits, SOURCE_BYTES};
use scriptorium_model::schedule::Schedule;
use scriptorium_model::script::{Definition, Language, Script, ScriptStatus, ScriptType};
use scriptorium_model::trigger::{
    Batch, Debounce, Endpoint, EndpointAuth, SignatureScheme, Subscription, Trigger,
};
use scriptorium_model::version::{VersionPolicy, validate_milestone};
use scriptorium_model::{Invalid, Json, ScriptId, TenantId, Timestamp, Uuid};

/// A requirement, an example, and what is said of it: `ok`, or field, code and figures.
struct Row(&'static str, Definition, &'static str);

/// Requirements that take more than a definition, and what proves each instead.
const ELSEWHERE: [(&str, &str); 8] = [
    ("R-VAL-05", "scriptorium-lang: positions of syntax errors"),
    (
        "R-VAL-06",
        "below: a new script is a draft; the type is an enum, refused by the API's bad-input table",
    ),
    ("R-VAL-17", "below: the description of a change"),
    (
        "R-VAL-18",
        "scriptorium-runtime: inputs held against `input_schema`",
    ),
    (
        "R-VAL-19",
        "scriptorium-runtime: `input_schema` declares parameters; its defaults are filled in",
    ),
    ("R-VAL-20", "below: every bound is among the figures"),
    ("R-VAL-21", "scriptorium-lang: the static scan"),
    (
        "R-VAL-22",
        "the pages' escaping test; here: text is refused or kept, never changed",
    ),
];

fn valid() -> Definition {
    Definition {
        name: "valid name".into(),
        source: "return 1".into(),
        ..Definition::blank(Trigger::OneOff)
    }
}

fn named(name: &str) -> Definition {
    Definition {
        name: name.into(),
        ..valid()
    }
}

fn described(length: usize) -> Definition {
    Definition {
        description: "ў".repeat(length),
        ..valid()
    }
}

fn source(length: usize) -> Definition {
    Definition {
        source: "x".repeat(length),
        ..valid()
    }
}

fn triggered(trigger: Trigger) -> Definition {
    Definition { trigger, ..valid() }
}

fn scheduled(cron: &str, timezone: &str) -> Definition {
    triggered(Trigger::Scheduled(Schedule::new(cron, timezone)))
}

fn http(path: &str, methods: &[Method]) -> Definition {
    triggered(Trigger::Http(Endpoint::new(
        path,
        methods,
        EndpointAuth::Required,
    )))
}

fn at(path: &str) -> Definition {
    http(path, &[Method::Get])
}

fn on(types: &[&str]) -> Definition {
    triggered(Trigger::Event(Subscription::to(types.iter().copied())))
}

fn rated(rate: u32) -> Definition {
    let mut definition = at("/a");
    if let Trigger::Http(endpoint) = &mut definition.trigger {
        endpoint.rate_limit_per_minute = Some(rate);
    }
    definition
}

fn door(set: impl FnOnce(&mut Endpoint)) -> Definition {
    let mut definition = at("/a");
    if let Trigger::Http(endpoint) = &mut definition.trigger {
        set(endpoint);
    }
    definition
}

fn read_by(origins: &[&str]) -> Definition {
    let origins = origins.iter().map(|origin| (*origin).to_owned());
    door(|endpoint| endpoint.cors_origins = origins.collect())
}

fn around(before: &[&str], after: &[&str]) -> Definition {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    door(|endpoint| {
        endpoint.before = names(before);
        endpoint.after = names(after);
    })
}

fn signed(auth: EndpointAuth, scheme: Option<SignatureScheme>) -> Definition {
    door(|endpoint| {
        endpoint.auth = auth;
        endpoint.signature = scheme;
    })
}

fn doors() -> Vec<Row> {
    use EndpointAuth::{Public, Required, Signature};
    let stripe = Some(SignatureScheme::Stripe);
    let origin = "http.cors_origins bad_origin";
    let mut rows = vec![
        Row("R-HTTP-08", signed(Signature, stripe), "ok"),
        Row(
            "R-HTTP-08",
            signed(Signature, None),
            "http.signature required",
        ),
        Row(
            "R-HTTP-08",
            signed(Public, stripe),
            "http.signature not_allowed",
        ),
        Row(
            "R-HTTP-08",
            signed(Required, stripe),
            "http.signature not_allowed",
        ),
        Row("R-HTTP-15", read_by(&["*"]), "ok"),
        Row(
            "R-HTTP-15",
            read_by(&["https://a.example", "https://a.example"]),
            "http.cors_origins duplicate",
        ),
        Row(
            "R-HTTP-15",
            read_by(&["*"; 21]),
            "http.cors_origins too_many max=20; http.cors_origins duplicate",
        ),
        Row("R-HTTP-14", around(&["who calls"], &["who calls"]), "ok"),
        Row(
            "R-HTTP-14",
            around(&["a/b"], &[]),
            "http.before bad_characters",
        ),
        Row(
            "R-HTTP-14",
            around(&[], &["abc", "abc"]),
            "http.after duplicate",
        ),
        Row(
            "R-HTTP-14",
            around(&["aaa", "bbb", "ccc", "ddd", "eee", "fff"], &[]),
            "http.before too_many max=5",
        ),
        Row(
            "R-HTTP-15",
            door(|endpoint| endpoint.cache_seconds = Some(0)),
            "http.cache_seconds out_of_range min=1 max=31536000",
        ),
        Row(
            "X-39",
            door(|endpoint| endpoint.caller_rate_limit_per_minute = Some(6_001)),
            "http.caller_rate_limit_per_minute out_of_range min=1 max=6000",
        ),
    ];
    for (text, is_origin) in [
        ("https://shop.example.com", true),
        ("http://localhost:3000", true),
        ("http://127.0.0.1", true),
        ("http://[::1]:8080", true),
        ("https://xn--80ak6aa92e.com", true),
        ("https://shop.example.com/", false),
        ("https://shop.example.com/path", false),
        ("https://Shop.example.com", false),
        ("https://user@shop.example.com", false),
        ("https://*.example.com", false),
        ("https://shop.example.com:0443", false),
        ("https://shop.example.com:", false),
        ("https://", false),
        ("https://[::1", false),
        ("https://[zz]", false),
        ("file://", false),
        ("null", false),
        ("shop.example.com", false),
        ("https://a\r\nb", false),
        ("", false),
    ] {
        let expected = if is_origin { "ok" } else { origin };
        rows.push(Row("R-HTTP-15", read_by(&[text]), expected));
    }
    rows
}

fn subscribed(set: impl FnOnce(&mut Subscription)) -> Definition {
    let mut subscription = Subscription::to(["order.created"]);
    set(&mut subscription);
    triggered(Trigger::Event(subscription))
}

fn gathered(wait_ms: u32, max_events: u32, set: impl FnOnce(&mut Subscription)) -> Definition {
    subscribed(|subscription| {
        subscription.batch = Some(Batch {
            max_events,
            ..Batch::within(wait_ms)
        });
        set(subscription);
    })
}

fn retried(retries: u32) -> Definition {
    triggered(Trigger::Scheduled(Schedule {
        retries,
        ..Schedule::new("0 9 * * *", "UTC")
    }))
}

fn limited(set: impl FnOnce(&mut Limits)) -> Definition {
    let mut definition = valid();
    set(&mut definition.limits);
    definition
}

fn wall(millis: u64) -> Definition {
    limited(|limits| {
        limits.wall = Duration::from_millis(millis);
        limits.cpu = Duration::from_millis(10);
    })
}

fn rows() -> Vec<Row> {
    let mut rows = texts();
    rows.extend(triggers());
    rows.extend(figures());
    rows
}

fn texts() -> Vec<Row> {
    let latin_1_of_100 = "x".repeat(100);
    vec![
        Row("R-VAL-01", named(""), "name required"),
        Row("R-VAL-01", named("ab"), "name too_short min=3"),
        Row("R-VAL-01", named("abc"), "ok"),
        Row("R-VAL-01", named("эщё"), "ok"),
        Row("R-VAL-01", named(&latin_1_of_100), "ok"),
        Row("R-VAL-01", named(&"ў".repeat(100)), "ok"),
        Row("R-VAL-01", named(&"x".repeat(101)), "name too_long max=100"),
        Row("R-VAL-02", named("Отчёт (2026) v1.0_a-b"), "ok"),
        Row("R-VAL-02", named("Oʻzbekcha gʼoya"), "ok"),
        Row("R-VAL-02", named("报告 ٣"), "ok"),
        Row("R-VAL-02", named("a/b c"), "name bad_characters"),
        Row("R-VAL-02", named("a\u{202e}bc"), "name bad_characters"),
        Row("R-VAL-02", named("a\u{0}bc"), "name bad_characters"),
        Row("R-VAL-02", named("abc "), "name bad_characters"),
        Row("R-VAL-03", described(0), "ok"),
        Row("R-VAL-03", described(500), "ok"),
        Row("R-VAL-03", described(501), "description too_long max=500"),
        Row("R-VAL-04", source(0), "source required"),
        Row("R-VAL-04", source(1), "ok"),
        Row("R-VAL-04", source(SOURCE_BYTES), "ok"),
        Row(
            "R-VAL-04",
            source(SOURCE_BYTES + 1),
            "source too_long max=100000 unit=bytes",
        ),
    ]
}

fn triggers() -> Vec<Row> {
    let cron_of = |length: usize| format!("{} * * * *", vec!["0"; length / 2].join(","));
    let path_of = |length: usize| format!("/{}", "x".repeat(length - 1));
    let event_of = |length: usize| format!("a.{}", "x".repeat(length - 2));
    vec![
        Row("R-VAL-07", scheduled("", "UTC"), "schedule.cron required"),
        Row("R-VAL-07", scheduled("*/5 9-17 * 1,6 mon-fri", "UTC"), "ok"),
        Row("R-VAL-07", scheduled("@daily", "UTC"), "ok"),
        Row("R-VAL-07", scheduled(&cron_of(248), "UTC"), "ok"),
        Row(
            "R-VAL-07",
            scheduled(&cron_of(250), "UTC"),
            "schedule.cron too_long max=255",
        ),
        Row(
            "R-VAL-07",
            scheduled(&format!("@daily{:250}", ""), "UTC"),
            "schedule.cron too_long max=255",
        ),
        Row(
            "R-VAL-07",
            scheduled("* * * * * *", "UTC"),
            "schedule.cron bad_cron",
        ),
        Row(
            "R-VAL-07",
            scheduled("60 * * * *", "UTC"),
            "schedule.cron bad_cron part=minute at=1 min=0 max=59",
        ),
        Row("R-VAL-08", scheduled("@daily", "Asia/Tashkent"), "ok"),
        Row(
            "R-VAL-08",
            scheduled("@daily", ""),
            "schedule.timezone bad_timezone",
        ),
        Row(
            "R-VAL-08",
            scheduled("@daily", &"x".repeat(100)),
            "schedule.timezone bad_timezone",
        ),
        Row(
            "R-VAL-08",
            scheduled("@daily", &"x".repeat(101)),
            "schedule.timezone too_long max=100",
        ),
        Row("R-VAL-09", at(""), "http.path required"),
        Row("R-VAL-09", at("a"), "http.path bad_path"),
        Row("R-VAL-09", at("/a/../b"), "http.path bad_path"),
        Row("R-VAL-09", at(&path_of(500)), "ok"),
        Row("R-VAL-09", at(&path_of(501)), "http.path too_long max=500"),
        Row("R-VAL-10", http("/a", &[]), "http.methods required"),
        Row("R-VAL-10", http("/a", &Method::ALL), "ok"),
        Row(
            "R-VAL-10",
            http("/a", &[Method::Get, Method::Get]),
            "http.methods not_unique",
        ),
        Row("R-VAL-11", on(&[]), "event.types required"),
        Row("R-VAL-11", on(&["order.created", "order.line.x"]), "ok"),
        Row("R-VAL-11", on(&["order.*", "*"]), "ok"),
        Row("R-EVT-17", gathered(100, 2, |_| {}), "ok"),
        Row("R-EVT-17", gathered(3_600_000, 100, |_| {}), "ok"),
        Row(
            "R-EVT-17",
            gathered(99, 1, |_| {}),
            "event.batch_ms out_of_range min=100 max=3600000; \
             event.batch_events out_of_range min=2 max=100",
        ),
        Row(
            "R-EVT-17",
            gathered(3_600_001, 101, |_| {}),
            "event.batch_ms out_of_range min=100 max=3600000; \
             event.batch_events out_of_range min=2 max=100",
        ),
        Row(
            "R-EVT-17",
            gathered(100, 2, |it| {
                it.debounce = Some(Debounce {
                    wait_ms: 100,
                    key: None,
                });
            }),
            "event.batch_ms not_allowed",
        ),
        Row(
            "R-EVT-17",
            gathered(100, 2, |it| it.order_by = Some("client".into())),
            "event.order_by not_allowed",
        ),
        Row(
            "R-EVT-17",
            gathered(100, 2, |it| {
                it.batch.as_mut().unwrap().key = Some("a..b".into())
            }),
            "event.batch_key bad_member",
        ),
        Row("R-CRON-16", retried(3), "ok"),
        Row(
            "R-CRON-16",
            retried(4),
            "schedule.retries out_of_range min=0 max=3",
        ),
        Row(
            "R-VAL-11",
            on(&["Order.Created"]),
            "event.types bad_event_pattern",
        ),
        Row("R-VAL-11", on(&[&event_of(255)]), "ok"),
        Row(
            "R-VAL-11",
            on(&[&event_of(256)]),
            "event.types too_long max=255",
        ),
    ]
}

/// What subscriptions and endpoints have beyond R-VAL.
fn routes() -> Vec<Row> {
    vec![
        Row("R-DB-11", subscribed(|s| s.priority = 100), "ok"),
        Row(
            "R-DB-11",
            subscribed(|s| s.priority = 101),
            "event.priority out_of_range min=0 max=100",
        ),
        Row("R-DB-11", subscribed(|s| s.max_attempts = 1), "ok"),
        Row("R-DB-11", subscribed(|s| s.max_attempts = 10), "ok"),
        Row(
            "R-DB-11",
            subscribed(|s| s.max_attempts = 0),
            "event.max_attempts out_of_range min=1 max=10",
        ),
        Row(
            "R-DB-11",
            subscribed(|s| s.max_attempts = 11),
            "event.max_attempts out_of_range min=1 max=10",
        ),
        Row("R-DB-14", rated(1), "ok"),
        Row("R-DB-14", rated(6_000), "ok"),
        Row(
            "R-DB-14",
            rated(0),
            "http.rate_limit_per_minute out_of_range min=1 max=6000",
        ),
        Row(
            "R-DB-14",
            rated(6_001),
            "http.rate_limit_per_minute out_of_range min=1 max=6000",
        ),
    ]
}

/// The ranges are those of design 4.4, which are wider than R-VAL-12 and replace R-VAL-15's count
/// per minute by one per execution.
fn figures() -> Vec<Row> {
    let memory = |bytes| limited(|limits| limits.memory_bytes = bytes);
    let runs = |count| limited(|limits| limits.concurrency = count);
    let calls = |count| limited(|limits| limits.api_calls = count);
    let output = |bytes| limited(|limits| limits.output_bytes = bytes);
    vec![
        Row(
            "R-VAL-12",
            wall(9),
            "limits.wall_ms out_of_range min=10 max=300000; limits.cpu_ms out_of_range min=1 max=9",
        ),
        Row("R-VAL-12", wall(10), "ok"),
        Row("R-VAL-12", wall(300_000), "ok"),
        Row(
            "R-VAL-12",
            wall(300_001),
            "limits.wall_ms out_of_range min=10 max=300000",
        ),
        Row(
            "R-VAL-13",
            memory((1 << 20) - 1),
            "limits.memory_bytes out_of_range min=1048576 max=536870912",
        ),
        Row("R-VAL-13", memory(1 << 20), "ok"),
        Row("R-VAL-13", memory(512 << 20), "ok"),
        Row(
            "R-VAL-13",
            memory((512 << 20) + 1),
            "limits.memory_bytes out_of_range min=1048576 max=536870912",
        ),
        Row(
            "R-VAL-14",
            runs(0),
            "limits.concurrency out_of_range min=1 max=20",
        ),
        Row("R-VAL-14", runs(1), "ok"),
        Row("R-VAL-14", runs(20), "ok"),
        Row(
            "R-VAL-14",
            runs(21),
            "limits.concurrency out_of_range min=1 max=20",
        ),
        Row(
            "R-VAL-15",
            calls(0),
            "limits.api_calls out_of_range min=1 max=10000",
        ),
        Row("R-VAL-15", calls(1), "ok"),
        Row("R-VAL-15", calls(10_000), "ok"),
        Row(
            "R-VAL-15",
            calls(10_001),
            "limits.api_calls out_of_range min=1 max=10000",
        ),
        Row(
            "R-VAL-16",
            output(1_023),
            "limits.output_bytes out_of_range min=1024 max=10485760",
        ),
        Row("R-VAL-16", output(1_024), "ok"),
        Row("R-VAL-16", output(10_485_760), "ok"),
        Row(
            "R-VAL-16",
            output(10_485_761),
            "limits.output_bytes out_of_range min=1024 max=10485760",
        ),
    ]
}

/// What a check said: field, code and figures of each refusal.
fn said<T>(result: Result<T, Invalid>) -> String {
    let Err(invalid) = result else {
        return "ok".into();
    };
    let errors = invalid.errors.iter().map(|error| {
        let figures = error.params.iter();
        let figures = figures.map(|(name, value)| format!(" {name}={value}"));
        format!(
            "{} {}{}",
            error.field,
            error.code,
            figures.collect::<String>()
        )
    });
    errors.collect::<Vec<_>>().join("; ")
}

#[test]
fn each_rule_holds_at_its_bounds() {
    let all = rows().into_iter().chain(routes()).chain(doors());
    for Row(requirement, example, expected) in all {
        let shown = format!("{requirement}: {:.60}", format!("{example:?}"));
        assert_eq!(said(example.validated()), expected, "{shown}");
    }
}

#[test]
fn no_requirement_is_forgotten() {
    let rows = rows();
    let tested: BTreeSet<&str> = rows
        .iter()
        .map(|Row(requirement, ..)| *requirement)
        .collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE
        .iter()
        .map(|(requirement, _)| *requirement)
        .collect();
    let others = ["R-CRON-16", "R-EVT-17"].map(str::to_owned);
    let all = (1..=22).map(|n| format!("R-VAL-{n:02}")).chain(others);
    let all: BTreeSet<String> = all.collect();
    let named = tested.union(&elsewhere).map(|&name| name.to_owned());
    assert_eq!(named.collect::<BTreeSet<_>>(), all);
    assert!(tested.is_disjoint(&elsewhere));
    // A rule that nothing passes, or that nothing breaks, would not be tested.
    for requirement in tested {
        let of = || rows.iter().filter(|row| row.0 == requirement);
        assert!(of().any(|row| row.2 == "ok"), "{requirement}");
        assert!(of().any(|row| row.2 != "ok"), "{requirement}");
    }
}

#[test]
fn an_accepted_text_is_kept_as_it_was_written() {
    let text = "<b>\"Отчёт\"</b> ' -- \\ \u{a0}";
    let definition = Definition {
        description: text.into(),
        source: format!("// {text}\nreturn 1\r\n"),
        ..valid()
    };
    assert_eq!(definition.clone().validated(), Ok(definition));
}

#[test]
fn a_description_of_a_change_may_be_missing_but_not_long() {
    let check = |length| {
        said(at_most(
            "change_description",
            &"ў".repeat(length),
            DESCRIPTION_CHARS,
        ))
    };
    assert_eq!(check(0), "ok");
    assert_eq!(check(500), "ok");
    assert_eq!(check(501), "change_description too_long max=500");
}

#[test]
fn a_draft_may_be_unfinished_but_not_large() {
    let check = |source: usize, settings: usize, base_version: u32| {
        let quoted = format!("\"{}\"", "x".repeat(settings));
        let draft = DraftText {
            source: "x".repeat(source),
            settings: Some(Json::from_written(quoted)),
            base_version,
        };
        said(draft.validated())
    };
    assert_eq!(check(0, 0, 1), "ok");
    assert_eq!(check(SOURCE_BYTES, (256 << 10) - 2, 7), "ok");
    assert_eq!(
        check(SOURCE_BYTES + 1, (256 << 10) - 1, 0),
        "source too_long max=100000 unit=bytes; settings too_long max=262144 unit=bytes; \
         base_version out_of_range min=1"
    );
}

#[test]
fn a_builder_gives_what_the_rules_accept_and_nothing_else() {
    let builder = || Definition::builder(Trigger::Embedded).name("price rule");
    assert_eq!(said(builder().build()), "source required");
    let built = builder()
        .description("what it costs")
        .source(Language::TypeScript, "export default () => 1")
        .entry("main")
        .tag("billing")
        .metadata("team", "sales")
        .allowed_services(["clients"])
        .build()
        .unwrap();
    assert_eq!(built.trigger.kind(), ScriptType::Embedded);
    assert_eq!(built.limits, Limits::default());
    assert_eq!(built.entry.as_deref(), Some("main"));
    assert_eq!((built.tags.len(), built.metadata.len()), (1, 1));
}

#[test]
fn a_new_script_is_a_draft_with_version_1_of_its_author() {
    let (id, tenant) = (ScriptId(Uuid::max()), TenantId(Uuid::nil()));
    let now = Timestamp::UNIX_EPOCH;
    let script = Script::new(id, tenant, valid(), None, now);
    assert_eq!((script.status, script.version), (ScriptStatus::Draft, 1));
    assert_eq!((script.created_at, script.updated_at), (now, now));
    assert_eq!((script.owner, script.activated_by), (None, None));
}

#[test]
fn what_is_kept_of_versions_has_bounds() {
    let policy = |max_count, max_age_days| {
        let policy = VersionPolicy {
            max_count,
            max_age_days,
        };
        said(policy.validated())
    };
    assert_eq!(policy(None, None), "ok");
    assert_eq!(policy(Some(1), Some(1)), "ok");
    assert_eq!(policy(Some(10_000), Some(3_650)), "ok");
    assert_eq!(
        policy(Some(0), Some(3_651)),
        "max_count out_of_range min=1 max=10000; max_age_days out_of_range min=1 max=3650"
    );
    let name = |name: &str| said(validate_milestone(name));
    assert_eq!(name("Перед отпуском: 1.0!"), "ok");
    assert_eq!(name(&"ў".repeat(100)), "ok");
    assert_eq!(name(&"x".repeat(101)), "name too_long max=100");
    assert_eq!(name("  "), "name required");
    assert_eq!(name("a\nb"), "name control_characters");
}
