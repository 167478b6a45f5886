//! Signing in by browser: the cookie, its end, other origins, and guessing.

use serde_json::json;

use crate::fixture::{Fixture, json_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_with_the_password_and_ends_with_signing_out() {
    let server = Fixture::start().await;
    let cookie = server.sign_in().await;
    let me = async || {
        let request = server
            .request("GET", "/api/v1/session", "")
            .header("cookie", &cookie);
        request.send().await.unwrap()
    };
    let body = json_of(me().await).await;
    assert_eq!(body["user"]["email"], "admin@localhost", "{body}");
    assert_eq!(body["tenant"]["slug"], "default", "{body}");
    assert!(
        body["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("tenants.manage")),
        "{body}"
    );

    let request = server
        .request("PUT", "/api/v1/session/locale", "")
        .header("cookie", &cookie);
    let changed = json_of(request.json(&json!({"locale": "uz"})).send().await.unwrap()).await;
    assert_eq!(changed["locale"], "uz", "{changed}");

    let request = server
        .request("DELETE", "/api/v1/session", "")
        .header("cookie", &cookie);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 204);
    let ended = response.headers()["set-cookie"].to_str().unwrap();
    assert!(ended.contains("Max-Age=0"), "{ended}");
    assert_eq!(me().await.status(), 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_cannot_use_the_session() {
    let server = Fixture::start().await;
    let source = "function handleRequest() { return 1 }";
    server.endpoint("/pay", "required", source).await;
    let cookie = server.sign_in().await;
    let own = server.url.clone();
    for (path, origin, site, allowed) in [
        (
            "/api/v1/events",
            "https://evil.example",
            "cross-site",
            false,
        ),
        ("/api/v1/events", "null", "cross-site", false),
        ("/api/v1/events", "http://sub.localhost", "same-site", false),
        ("/api/v1/events", own.as_str(), "same-origin", true),
        (
            "/api/scripts/pay",
            "https://evil.example",
            "cross-site",
            false,
        ),
        ("/api/scripts/pay", own.as_str(), "same-origin", true),
    ] {
        let request = server.request("POST", path, "").header("cookie", &cookie);
        let request = request
            .header("origin", origin)
            .header("sec-fetch-site", site);
        let response = request.json(&json!({"type": "a.b"})).send().await.unwrap();
        let status = response.status().as_u16();
        let name = format!("{path} from {origin}");
        if allowed {
            assert!((200..300).contains(&status), "{name}: {status}");
        } else {
            assert_eq!(status, 403, "{name}");
            assert_eq!(json_of(response).await["code"], "cross_origin", "{name}");
        }
    }
    // Signing a victim in as someone else is an attack too.
    let body = json!({"email": "admin@localhost", "password": crate::fixture::PASSWORD});
    let request = server.request("POST", "/api/v1/session", "").json(&body);
    let request = request.header("origin", "https://evil.example");
    assert_eq!(request.send().await.unwrap().status(), 403);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_has_to_wait_and_unknown_users_look_like_known_ones() {
    let server = Fixture::start().await;
    let attempt = async |email: &str| {
        let body = json!({"email": email, "password": "not the password"});
        let request = server.request("POST", "/api/v1/session", "").json(&body);
        request.send().await.unwrap()
    };
    let mut known = json_of(attempt("admin@localhost").await).await;
    let mut unknown = json_of(attempt("nobody@localhost").await).await;
    for body in [&mut known, &mut unknown] {
        body.as_object_mut().unwrap().remove("request_id");
    }
    assert_eq!(known, unknown);
    let mut slowed = None;
    for _ in 0..10 {
        let response = attempt("admin@localhost").await;
        if response.status() == 429 {
            slowed = Some(response);
            break;
        }
        assert_eq!(response.status(), 401);
    }
    let slowed = slowed.expect("ten guesses are too many");
    assert!(slowed.headers().contains_key("retry-after"));
    server.stop().await;
}
