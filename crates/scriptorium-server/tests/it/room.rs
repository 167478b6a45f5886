//! What a caller is told when there is no room: whose bound it was, and when to try again.

use std::time::Duration;

use scriptorium::{Builder, TenantShare};
use scriptorium_server::Config;
use serde_json::{Value, json};

use crate::fixture::Fixture;

/// While one script runs and nobody may wait, a request to `path` is refused like this.
async fn check(set_up: fn(Builder) -> Builder, path: &str, status: u16, code: &str) {
    let server = Fixture::start_as(Config::default(), set_up).await;
    let slow = json!({
        "name": "slow",
        "type": "http",
        "source": "function handleRequest() { for (;;); }",
        "http": {"path": "/slow", "methods": ["GET"], "auth": "public"},
        "limits": {"wall_ms": 300_000, "cpu_ms": 300_000, "concurrency": 1},
    });
    server.script(slow).await;
    let quick = "function handleRequest() { return 1; }";
    server.endpoint("/quick", "public", quick).await;
    let runs = server.request("GET", "/api/scripts/slow", "").send();
    let refused = async {
        while server.platform.status().runtime.tenants.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let response = server.request("GET", path, "").send().await.unwrap();
        let after = response.headers().get("retry-after").cloned();
        let got = response.status().as_u16();
        let problem: Value = response.json().await.unwrap();
        let metrics = server.request("GET", "/metrics", "").send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        // Ends the loop, too.
        server.platform.shutdown(Duration::ZERO).await;
        let expected = (status, json!(code));
        assert_eq!((got, problem["code"].clone()), expected, "{problem}");
        let after: u64 = after.unwrap().to_str().unwrap().parse().unwrap();
        assert!((1..=30).contains(&after), "{after}");
        for name in [
            "scriptorium_refusals_total{bound=",
            "scriptorium_tenant_cpu_milliseconds_total{tenant=\"default\"}",
        ] {
            assert!(metrics.contains(name), "{metrics}");
        }
    };
    let (ended, ()) = tokio::join!(runs, refused);
    assert_eq!(ended.unwrap().status(), 500);
    server.stop().await;
}

fn nobody_waits(builder: Builder, running: u32) -> Builder {
    let share = TenantShare {
        running,
        waiting: 0,
        ..TenantShare::TRUSTED
    };
    builder.tenant_share("default", share)
}

#[tokio::test(flavor = "multi_thread")]
async fn full_script_is_told_as_429() {
    let set_up = |builder| nobody_waits(builder, u32::MAX);
    check(set_up, "/api/scripts/slow", 429, "script_busy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_tenant_is_told_as_429() {
    let set_up = |builder| nobody_waits(builder, 1);
    check(set_up, "/api/scripts/quick", 429, "tenant_busy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_process_is_told_as_503() {
    let set_up = |builder: Builder| nobody_waits(builder.slots(1, 0), u32::MAX);
    check(set_up, "/api/scripts/quick", 503, "busy").await;
}
