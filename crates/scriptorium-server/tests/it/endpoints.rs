//! The wall between tenants' scripts and browsers, from both sides (design D13, 4.3; R-HTTP).

use serde_json::{Value, json};

use crate::fixture::{BOOTSTRAP, Fixture, json_of};

const ECHO: &str = "function handleRequest(req) {
    return { method: req.method, path: req.path, params: req.params, query: req.query,
        headers: req.headers, body: req.body, ip: req.ip };
}";

#[tokio::test(flavor = "multi_thread")]
async fn a_script_sees_the_request_without_our_credentials() {
    let server = Fixture::start().await;
    server.endpoint("/echo/{name}", "public", ECHO).await;
    let cookie = server.sign_in().await;
    let request = server
        .request("POST", "/api/scripts/echo/J%C3%BCrgen?a=1&b=2&b=3", "")
        .header("cookie", format!("theirs=1; {cookie}; more=2"))
        .header("x-own", "kept");
    let seen = json_of(request.json(&json!({"n": 1})).send().await.unwrap()).await;
    assert_eq!(seen["method"], "POST", "{seen}");
    assert_eq!(seen["params"], json!({"name": "Jürgen"}), "{seen}");
    assert_eq!(seen["query"], json!({"a": "1", "b": ["2", "3"]}), "{seen}");
    assert_eq!(seen["body"], json!({"n": 1}), "{seen}");
    assert_eq!(seen["ip"], "127.0.0.1", "{seen}");
    assert_eq!(seen["headers"]["cookie"], "theirs=1; more=2", "{seen}");
    assert_eq!(seen["headers"]["x-own"], "kept", "{seen}");

    for (bearer, reaches) in [
        (BOOTSTRAP, false),
        ("scr_was-once-ours", false),
        ("their-own", true),
    ] {
        let request = server.request("GET", "/api/scripts/echo/x", bearer);
        let seen = json_of(request.send().await.unwrap()).await;
        assert_eq!(
            seen["headers"]["authorization"].is_string(),
            reaches,
            "{bearer}: {seen}"
        );
    }
    // Neither does history keep them.
    let (_, list) = server
        .call("GET", "/api/v1/executions?trigger=http", Value::Null)
        .await;
    for item in list["items"].as_array().unwrap() {
        let path = format!("/api/v1/executions/{}", item["id"].as_str().unwrap());
        let text = server.call("GET", &path, Value::Null).await.1.to_string();
        let secret = cookie.split('=').nth(1).unwrap();
        assert!(
            !text.contains(secret) && !text.contains(BOOTSTRAP),
            "{text}"
        );
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_that_is_taken_again_leads_to_its_new_tenant() {
    let server = Fixture::start().await;
    for answer in ["first", "second"] {
        let shop = json!({"slug": "shop", "name": answer});
        let (status, shop) = server.call("POST", "/api/v1/tenants", shop).await;
        assert_eq!(status, 201, "{shop}");
        let needs = [
            "scripts.read",
            "scripts.create",
            "scripts.activate",
            "scripts.manage_endpoints",
            "scripts.update",
        ];
        let token = server.token(Some("shop"), &needs).await;
        let send = async |method: &str, path: &str, body: Value| {
            let request = server.request(method, path, &token).json(&body);
            json_of(request.send().await.unwrap()).await
        };
        let made = send(
            "POST",
            "/api/v1/scripts",
            json!({"name": "hello", "type": "http", "source": format!("function handleRequest() {{ return '{answer}' }}"),
                "http": {"path": "/hi", "methods": ["GET"], "auth": "public"}}),
        )
        .await;
        let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
        let path = format!("/api/v1/scripts/{id}/activate");
        let active = send("POST", &path, json!({})).await;
        assert_eq!(active["status"], "active", "{active}");
        let request = server.request("GET", "/t/shop/api/scripts/hi", "");
        let heard = request.send().await.unwrap().text().await.unwrap();
        assert!(heard.contains(answer), "{heard}");
        let path = format!("/api/v1/tenants/{}", shop["id"].as_str().unwrap());
        let (status, gone) = server.call("DELETE", &path, json!({"slug": "shop"})).await;
        assert_eq!(status, 204, "{gone}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_cannot_act_with_our_origins_power() {
    let server = Fixture::start().await;
    let source = "function handleRequest() { return { status: 201, headers: {
        'Content-Type': 'text/html', 'X-Cache': 'HIT', 'Location': '/x',
        'Set-Cookie': 'scriptorium=forged; Path=/',
        'Content-Security-Policy': 'default-src *',
        'X-Content-Type-Options': 'off',
        'Access-Control-Allow-Origin': '*', 'Clear-Site-Data': '\"*\"',
        'Service-Worker-Allowed': '/', 'X-Accel-Redirect': '/etc/passwd',
        'Strict-Transport-Security': 'max-age=0', 'Refresh': '0; url=/',
        'X-Scriptorium-Execution': 'forged',
      }, body: '<script>alert(1)</script>' } }";
    server.endpoint("/page", "public", source).await;
    let response = server
        .request("GET", "/api/scripts/page", "")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    let headers = response.headers().clone();
    assert_eq!(
        headers["content-security-policy"],
        "sandbox; default-src 'none'"
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["content-type"], "text/html");
    assert_eq!(headers["x-cache"], "HIT");
    assert_eq!(headers["location"], "/x");
    for name in [
        "set-cookie",
        "access-control-allow-origin",
        "clear-site-data",
        "service-worker-allowed",
        "x-accel-redirect",
        "strict-transport-security",
        "refresh",
    ] {
        assert!(!headers.contains_key(name), "{name}");
    }
    let execution = headers["x-scriptorium-execution"].to_str().unwrap();
    let path = format!("/api/v1/executions/{execution}");
    assert_eq!(
        server.call("GET", &path, Value::Null).await.1["status"],
        "completed"
    );
    assert_eq!(response.text().await.unwrap(), "<script>alert(1)</script>");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_problems_without_internals() {
    let server = Fixture::start().await;
    let source = "function handleRequest(req) {
        switch (req.query.do) {
            case 'throw': throw new Error('secret of the script');
            case 'loop': for (;;);
            case 'status': return { status: 99, body: 'x' };
            case 'empty': return { status: 204, body: 'x' };
            default: return { status: 404, body: { mine: true } };
        }
    }";
    server.endpoint("/fail", "public", source).await;
    for (what, status, code) in [
        ("throw", 500, "script_failed"),
        ("loop", 504, "script_timeout"),
        ("status", 500, "script_failed"),
    ] {
        let path = format!("/api/scripts/fail?do={what}");
        let response = server.request("GET", &path, "").send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{what}");
        let header = response.headers()["x-scriptorium-execution"]
            .to_str()
            .unwrap()
            .to_owned();
        let problem = json_of(response).await;
        assert_eq!(problem["code"], code, "{what}: {problem}");
        assert_eq!(problem["execution_id"], header, "{what}: {problem}");
        assert!(!problem.to_string().contains("secret"), "{what}: {problem}");
    }
    let response = server
        .request("GET", "/api/scripts/fail?do=empty", "")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!(response.bytes().await.unwrap().len(), 0);
    // A script's own 404 is its own.
    let response = server
        .request("GET", "/api/scripts/fail", "")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(json_of(response).await, json!({"mine": true}));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_methods_and_tenants_are_checked_before_a_script_runs() {
    let server = Fixture::start().await;
    server.endpoint("/closed", "required", ECHO).await;
    server.endpoint("/open", "public", ECHO).await;
    server
        .call(
            "POST",
            "/api/v1/tenants",
            json!({"slug": "other", "name": "Other"}),
        )
        .await;
    let other = server.token(Some("other"), &["*"]).await;
    let viewer = server.token(None, &["scripts.read"]).await;
    for (method, path, token, status) in [
        ("GET", "/api/scripts/closed", "", 401),
        ("GET", "/api/scripts/closed", "scr_nobody", 401),
        ("GET", "/api/scripts/closed", &viewer, 403),
        ("GET", "/api/scripts/closed", BOOTSTRAP, 200),
        ("HEAD", "/api/scripts/closed", BOOTSTRAP, 200),
        ("DELETE", "/api/scripts/closed", BOOTSTRAP, 405),
        ("TRACE", "/api/scripts/closed", BOOTSTRAP, 405),
        ("OPTIONS", "/api/scripts/closed", "", 204),
        ("OPTIONS", "/api/scripts/nothing", "", 404),
        // The endpoints of a credential's tenant, and only those.
        ("GET", "/api/scripts/open", &other, 404),
        ("GET", "/t/default/api/scripts/open", &other, 404),
        ("GET", "/t/other/api/scripts/open", &other, 404),
        ("GET", "/t/default/api/scripts/open", "", 200),
        ("GET", "/t/other/api/scripts/open", "", 404),
        ("GET", "/t/nowhere/api/scripts/open", "", 404),
        ("GET", "/t/DEFAULT/api/scripts/open", "", 404),
    ] {
        let response = server.request(method, path, token).send().await.unwrap();
        let name = format!("{method} {path} by {token}");
        assert_eq!(response.status().as_u16(), status, "{name}");
        if status == 401 {
            assert!(
                response.headers().contains_key("www-authenticate"),
                "{name}"
            );
        }
        if matches!(status, 204 | 405) {
            assert_eq!(
                response.headers()["allow"],
                "GET, POST, HEAD, OPTIONS",
                "{name}"
            );
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_path_reaches_something_else() {
    let server = Fixture::start().await;
    server.endpoint("/files/{*rest}", "public", ECHO).await;
    server.endpoint("/login", "public", ECHO).await;
    for (path, status) in [
        ("/api/scripts/files/a/b", 200),
        ("/api/scripts/login", 200),
        ("/api/scripts/log%69n", 404),
        ("/api/scripts/files/a%2fb", 404),
        ("/api/scripts/files/a%5cb", 404),
        ("/api/scripts/files/%2e%2e/b", 404),
        ("/api/scripts/files/a%00b", 404),
        ("/api/scripts/files//b", 404),
        ("/api/scripts//login", 404),
        ("/api/scripts/login/", 404),
        ("/api/scripts%2flogin", 404),
        ("/api/scripts/%2e%2e/v1/scripts", 404),
        ("/api/scripts/LOGIN", 404),
        ("/api//scripts/login", 404),
        ("/api/v1/%2e%2e/scripts/login", 404),
        ("/api/scripts", 404),
        ("/api/scripts/", 404),
        ("/api", 404),
        ("/t/default", 404),
    ] {
        assert_eq!(raw_status(&server, path).await, status, "{path}");
    }
    for climbing in [
        "/api/scripts/../v1/scripts",
        "/api/scripts/files/../../v1/tokens",
    ] {
        assert_eq!(raw_status(&server, climbing).await, 404, "{climbing}");
    }
    server.stop().await;
}

/// The status of a request whose target no client library has tidied up.
async fn raw_status(server: &Fixture, target: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {BOOTSTRAP}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_read_up_to_ten_megabytes_and_only_for_an_endpoint_that_is_there() {
    let server = Fixture::start().await;
    let source = "function handleRequest(req) { return req.rawBody.length }";
    let http = json!({"path": "/size", "methods": ["POST"], "auth": "public"});
    server
        .script(json!({"name": "the size", "type": "http", "source": source, "http": http}))
        .await;
    for (path, size, status) in [
        ("/api/scripts/size", 10 << 20, 200),
        ("/api/scripts/size", (10 << 20) + 1, 413),
        ("/api/scripts/nowhere", 1 << 20, 404),
    ] {
        let request = server
            .request("POST", path, "")
            .header("content-type", "text/plain");
        let response = request.body(vec![b'x'; size]).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path} {size}");
        if status == 200 {
            assert_eq!(json_of(response).await, json!(size));
        }
    }
    let request = server.request("POST", "/api/scripts/size", "");
    let request = request.header("content-type", "application/json").body("{");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(json_of(response).await["code"], "bad_request");
    server.stop().await;
}
