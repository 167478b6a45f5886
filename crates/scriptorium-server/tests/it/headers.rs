//! Headers that every response has, whatever route and status (WEB-01, WEB-02).

use serde_json::json;

use crate::fixture::{BOOTSTRAP, Fixture};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_response_has_the_headers_of_its_kind() {
    let server = Fixture::start().await;
    let source =
        "function handleRequest(req) { if (req.query.fail) throw new Error('x'); return 1 }";
    server.endpoint("/walk", "public", source).await;
    let sandbox = "sandbox; default-src 'none'";
    let closed = "default-src 'none'; frame-ancestors 'none'";
    for (method, path, token, status, policy) in [
        ("GET", "/healthz", "", 200, closed),
        ("GET", "/api/v1/scripts", BOOTSTRAP, 200, closed),
        ("GET", "/api/v1/scripts", "", 401, closed),
        ("GET", "/api/v1/nothing", BOOTSTRAP, 404, closed),
        ("DELETE", "/api/v1/scripts", BOOTSTRAP, 405, closed),
        ("GET", "/api/v1/openapi.json", "", 200, closed),
        (
            "GET",
            "/docs",
            "",
            200,
            "default-src 'none'; script-src 'self'",
        ),
        (
            "GET",
            "/docs/endpoints",
            "",
            200,
            "default-src 'none'; script-src 'self'",
        ),
        ("GET", "/docs/docs.js", "", 200, closed),
        (
            "GET",
            "/login",
            "",
            200,
            "default-src 'none'; script-src 'self'",
        ),
        ("GET", "/no/such/page", BOOTSTRAP, 404, "default-src 'none'"),
        ("GET", "/api/scripts/walk", "", 200, sandbox),
        ("HEAD", "/api/scripts/walk", "", 200, sandbox),
        ("OPTIONS", "/api/scripts/walk", "", 204, sandbox),
        ("DELETE", "/api/scripts/walk", "", 405, sandbox),
        ("GET", "/api/scripts/walk?fail=1", "", 500, sandbox),
        ("GET", "/api/scripts/nowhere", "", 404, sandbox),
        ("GET", "/t/default/api/scripts/walk", "", 200, sandbox),
    ] {
        let response = server.request(method, path, token).send().await.unwrap();
        let name = format!("{method} {path}");
        assert_eq!(response.status().as_u16(), status, "{name}");
        let headers = response.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{name}");
        assert!(headers.contains_key("referrer-policy"), "{name}");
        assert!(headers.contains_key("x-request-id"), "{name}");
        assert!(headers.contains_key("cache-control"), "{name}");
        let found = headers["content-security-policy"].to_str().unwrap();
        assert!(found.starts_with(policy), "{name}: {found}");
        assert!(!headers.contains_key("strict-transport-security"), "{name}");
        if status == 405 {
            assert!(headers.contains_key("allow"), "{name}");
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_the_cookie_is_bound_to_the_host_and_https_stays() {
    let config = scriptorium_server::Config {
        public_url: Some("https://scripts.example.com".parse().unwrap()),
        ..Default::default()
    };
    let server = Fixture::start_with(config).await;
    let body = json!({"email": "admin@localhost", "password": crate::fixture::PASSWORD});
    let request = server.request("POST", "/api/v1/session", "").json(&body);
    let response = request
        .header("origin", "https://scripts.example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 204);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-scriptorium="), "{cookie}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(response.headers().contains_key("strict-transport-security"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_this_machine_or_a_token_that_manages_tenants() {
    let server = Fixture::start().await;
    let tenant = server.token(None, &["scripts.read", "users.manage"]).await;
    for (forwarded, token, status) in [
        (false, "", 200),
        (true, "", 401),
        (true, tenant.as_str(), 403),
        (true, BOOTSTRAP, 200),
    ] {
        let mut request = server.request("GET", "/metrics", token);
        if forwarded {
            request = request.header("x-forwarded-for", "192.0.2.1");
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{forwarded} {token}");
        if status == 200 {
            let text = response.text().await.unwrap();
            assert!(text.contains("scriptorium_http_requests_total"), "{text}");
        }
    }
    server.stop().await;
}
