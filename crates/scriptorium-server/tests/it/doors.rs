//! What an endpoint's settings do at the door, before and after a script: signatures, pages of other
//! origins, how often, how long an answer may be kept (R-HTTP-12, R-HTTP-15, X-39, WEB-18).

use reqwest::Response;
use serde_json::{Value, json};

use crate::fixture::{BOOTSTRAP, Fixture, json_of};

const COUNT: &str = "async function handleRequest(req) {
    if (req.query.do === 'throw') throw new Error('x');
    return { headers: { 'x-method': req.method }, body: 'hello' } }";

/// An endpoint with these settings; its id.
async fn endpoint(server: &Fixture, http: Value) -> String {
    let path = http["path"].as_str().unwrap();
    let name = format!("at {}", path.trim_matches('/').replace('/', " "));
    let source = COUNT;
    let script = json!({"name": name, "type": "http", "source": source, "http": http});
    server.script(script).await
}

/// Sends a request with headers as pairs.
async fn send(server: &Fixture, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = server.request(method, path, "");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

async fn executions(server: &Fixture) -> usize {
    let (_, list) = server
        .call("GET", "/api/v1/executions?limit=200", Value::Null)
        .await;
    list["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_may_what_the_endpoint_says_and_nothing_with_credentials() {
    let server = Fixture::start().await;
    let shop = "https://shop.example.com";
    for (path, origins) in [
        ("/closed", json!([])),
        ("/shop", json!([shop, "http://localhost:3000"])),
        ("/all", json!(["*"])),
    ] {
        let http = json!({"path": path, "methods": ["GET", "PUT"], "auth": "public", "cors_origins": origins});
        endpoint(&server, http).await;
    }
    let other = "https://evil.example.com";
    // Path, origin, and the origin that may read the answer.
    for (path, origin, allowed) in [
        ("/closed", shop, ""),
        ("/shop", shop, shop),
        ("/shop", "http://localhost:3000", "http://localhost:3000"),
        ("/shop", other, ""),
        ("/shop", "null", ""),
        ("/shop", "https://shop.example.com.evil.example", ""),
        ("/all", shop, "*"),
        ("/all", other, "*"),
        ("/all", "null", "*"),
    ] {
        let path = format!("/api/scripts{path}");
        let name = format!("{origin} at {path}");
        let before = executions(&server).await;
        let preflight = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "content-type, x-own"),
        ];
        let response = send(&server, "OPTIONS", &path, &preflight).await;
        assert!(response.status().is_success(), "{name}");
        assert_eq!(
            header(&response, "access-control-allow-origin"),
            allowed,
            "{name}"
        );
        assert_eq!(
            header(&response, "access-control-allow-credentials"),
            "",
            "{name}"
        );
        if path != "/api/scripts/closed" {
            let any = path == "/api/scripts/all";
            let methods = header(&response, "access-control-allow-methods");
            assert_eq!(methods, "GET,PUT", "{name}");
            let headers = header(&response, "access-control-allow-headers");
            assert_eq!(headers, "content-type, x-own", "{name}");
            let vary = header(&response, "vary").to_ascii_lowercase();
            assert!(any || vary.contains("origin"), "{name}: {vary}");
        }
        assert_eq!(
            executions(&server).await,
            before,
            "{name}: a preflight ran a script"
        );
        for (query, status) in [("", 200), ("?do=throw", 500)] {
            let path = format!("{path}{query}");
            let response = send(&server, "PUT", &path, &[("origin", origin)]).await;
            assert_eq!(response.status(), status, "{name}");
            assert_eq!(
                header(&response, "access-control-allow-origin"),
                allowed,
                "{name}"
            );
            assert_eq!(
                header(&response, "access-control-allow-credentials"),
                "",
                "{name}"
            );
            // Still inside the wall.
            assert!(
                header(&response, "content-security-policy").starts_with("sandbox"),
                "{name}"
            );
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_of_ours_is_of_no_use_to_a_page_of_another_origin() {
    let server = Fixture::start().await;
    let http = json!({"path": "/mine", "methods": ["GET", "POST"], "auth": "required", "cors_origins": ["https://shop.example.com"]});
    endpoint(&server, http).await;
    let cookie = server.sign_in().await;
    let foreign = [
        ("cookie", cookie.as_str()),
        ("origin", "https://shop.example.com"),
        ("sec-fetch-site", "cross-site"),
    ];
    let response = send(&server, "POST", "/api/scripts/mine", &foreign).await;
    assert_eq!(response.status(), 403);
    let response = send(&server, "GET", "/api/scripts/mine", &foreign).await;
    assert_eq!(header(&response, "access-control-allow-credentials"), "");
    // With a token it may.
    let bearer = format!("Bearer {BOOTSTRAP}");
    let token = [
        ("authorization", bearer.as_str()),
        ("origin", "https://shop.example.com"),
    ];
    let response = send(&server, "POST", "/api/scripts/mine", &token).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "access-control-allow-origin"),
        "https://shop.example.com"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_and_options_are_answered_as_they_should_be() {
    let server = Fixture::start().await;
    let http = json!({"path": "/a", "methods": ["GET", "PATCH"], "auth": "public"});
    endpoint(&server, http).await;
    let http = json!({"path": "/b", "methods": ["DELETE"], "auth": "public"});
    endpoint(&server, http).await;
    let got = send(&server, "GET", "/api/scripts/a", &[]).await;
    let head = send(&server, "HEAD", "/api/scripts/a", &[]).await;
    assert_eq!((got.status(), head.status()), (got.status(), got.status()));
    for name in ["content-length", "content-type", "x-method"] {
        assert_eq!(header(&head, name), header(&got, name), "{name}");
        assert!(!header(&head, name).is_empty(), "{name}");
    }
    assert_eq!(header(&head, "x-method"), "GET");
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    assert_eq!(got.bytes().await.unwrap(), "hello");
    for (path, allow) in [
        ("/a", "GET, PATCH, HEAD, OPTIONS"),
        ("/b", "DELETE, OPTIONS"),
    ] {
        let path = format!("/api/scripts{path}");
        for (method, status) in [("OPTIONS", 204), ("POST", 405)] {
            let response = send(&server, method, &path, &[]).await;
            assert_eq!(response.status(), status, "{method} {path}");
            assert_eq!(header(&response, "allow"), allow, "{method} {path}");
        }
    }
    let response = send(&server, "HEAD", "/api/scripts/b", &[]).await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.bytes().await.unwrap().len(), 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_as_long_as_its_endpoint_says() {
    let server = Fixture::start().await;
    let http = json!({"path": "/kept", "methods": ["GET"], "auth": "public", "cache_seconds": 60});
    endpoint(&server, http).await;
    let http = json!({"path": "/usual", "methods": ["GET"], "auth": "public"});
    endpoint(&server, http).await;
    let response = send(&server, "GET", "/api/scripts/usual", &[]).await;
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(header(&response, "etag"), "");
    let response = send(&server, "GET", "/api/scripts/kept", &[]).await;
    assert_eq!(header(&response, "cache-control"), "public, max-age=60");
    let tag = header(&response, "etag").to_owned();
    for method in ["GET", "HEAD"] {
        let known = [("if-none-match", tag.as_str())];
        let response = send(&server, method, "/api/scripts/kept", &known).await;
        assert_eq!(response.status(), 304, "{method}");
        assert_eq!(header(&response, "etag"), tag);
        assert_eq!(header(&response, "content-type"), "");
        assert!(!header(&response, "x-scriptorium-execution").is_empty());
        assert_eq!(response.bytes().await.unwrap().len(), 0);
    }
    let failed = send(&server, "GET", "/api/scripts/kept?do=throw", &[]).await;
    assert_eq!(header(&failed, "cache-control"), "no-store");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_figure_are_refused_before_a_script_begins() {
    let server = Fixture::start().await;
    let http =
        json!({"path": "/ten", "methods": ["GET"], "auth": "public", "rate_limit_per_minute": 10});
    endpoint(&server, http).await;
    let http = json!({"path": "/each", "methods": ["GET"], "auth": "required", "caller_rate_limit_per_minute": 5});
    endpoint(&server, http).await;
    for remaining in ["1", "0"] {
        let response = send(&server, "GET", "/api/scripts/ten", &[]).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            header(&response, "ratelimit-policy"),
            "\"endpoint\";q=10;w=60"
        );
        let state = format!("\"endpoint\";r={remaining}");
        assert_eq!(header(&response, "ratelimit"), state);
    }
    let before = executions(&server).await;
    let response = send(&server, "GET", "/api/scripts/ten", &[]).await;
    assert_eq!(response.status(), 429);
    let wait: u64 = header(&response, "retry-after").parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    let state = format!("\"endpoint\";r=0;t={wait}");
    assert_eq!(header(&response, "ratelimit"), state);
    assert!(header(&response, "content-security-policy").starts_with("sandbox"));
    assert_eq!(json_of(response).await["code"], "rate_limited");
    assert_eq!(executions(&server).await, before);
    // Of callers each has its own: a stranger's refusals are no token's.
    let by = async |token: &str| {
        let request = server.request("GET", "/api/scripts/each", token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((by("").await, by("").await), (401, 429));
    let token = server.token(None, &["scripts.execute"]).await;
    assert_eq!((by(&token).await, by(&token).await), (200, 429));
    assert_eq!((by(BOOTSTRAP).await, by(BOOTSTRAP).await), (200, 429));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_shared_hosting_has_figures_without_saying_so() {
    let server = Fixture::start().await;
    server
        .call(
            "POST",
            "/api/v1/tenants",
            json!({"slug": "shop", "name": "Shop"}),
        )
        .await;
    let token = server.token(Some("shop"), &["*"]).await;
    let send = async |method: &str, path: &str, body: Value| {
        let request = server.request(method, path, &token).json(&body);
        json_of(request.send().await.unwrap()).await
    };
    let script = json!({"name": "hello", "type": "http", "source": COUNT,
        "http": {"path": "/hi", "methods": ["GET"], "auth": "public"}});
    let made = send("POST", "/api/v1/scripts", script).await;
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    send("POST", &format!("/api/v1/scripts/{id}/activate"), json!({})).await;
    let mut answered = 0;
    for _ in 0..40 {
        let request = server.request("GET", "/t/shop/api/scripts/hi", "");
        let response = request.send().await.unwrap();
        if response.status() == 429 {
            break;
        }
        let policy: Vec<_> = response
            .headers()
            .get_all("ratelimit-policy")
            .iter()
            .collect();
        assert_eq!(policy, ["\"endpoint\";q=100;w=60", "\"tenant\";q=600;w=60"]);
        answered += 1;
    }
    // Twenty at once, and what comes back while they are answered.
    assert!((20..40).contains(&answered), "{answered}");
    server.stop().await;
}

/// The vector of GitHub's documentation, over HTTP: of the three the one without a time in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_comes_in_without_a_session_and_its_secret_does_not_come_out() {
    const SECRET: &str = "It's a Secret to Everybody";
    let server = Fixture::start().await;
    let http = json!({"path": "/github", "methods": ["POST"], "auth": "signature",
        "signature": {"scheme": "github", "secret": SECRET}});
    let id = endpoint(&server, http).await;
    let hello = async |signature: &str, delivery: &str| {
        let request = server
            .request("POST", "/api/scripts/github", "")
            .header("content-type", "text/plain")
            .header("x-hub-signature-256", format!("sha256={signature}"))
            .header("x-github-delivery", delivery);
        let response = request.body("Hello, World!").send().await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            header(&response, "www-authenticate").to_owned(),
            json_of(response).await["code"].clone(),
        )
    };
    let right = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(hello(right, "1").await.0, 200);
    let (status, _, code) = hello(right, "1").await;
    assert_eq!((status, code), (409, json!("signature_replayed")));
    let (status, challenge, code) = hello(&right.replace('7', "8"), "2").await;
    assert_eq!((status, code), (401, json!("signature_wrong")));
    assert_eq!(challenge, "Signature");
    // Nothing tells the secret: not the script, its versions, the trail, the export or the secrets.
    let secrets = format!("/api/v1/scripts/{id}/signing-secrets");
    for path in [
        format!("/api/v1/scripts/{id}"),
        format!("/api/v1/scripts/{id}/versions/1"),
        "/api/v1/audit".to_owned(),
        "/api/v1/export".to_owned(),
        "/api/v1/executions".to_owned(),
        secrets.clone(),
    ] {
        let (status, body) = server.call("GET", &path, Value::Null).await;
        assert_eq!(status, 200, "{path}");
        assert!(
            !body.to_string().contains("Secret to Everybody"),
            "{path}: {body}"
        );
    }
    // One that is made up is told once.
    let (status, made) = server.call("POST", &secrets, json!({})).await;
    assert_eq!(status, 201, "{made}");
    let text = made["secret"].as_str().unwrap();
    let (_, listed) = server.call("GET", &secrets, Value::Null).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(text), "{listed}");
    let first = format!("{secrets}/{}", listed["items"][0]["id"].as_str().unwrap());
    let (status, _) = server.call("DELETE", &first, Value::Null).await;
    assert_eq!(status, 204);
    assert_eq!(hello(right, "3").await.0, 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenants_own_document_tells_of_its_endpoints_to_those_who_see_scripts() {
    let server = Fixture::start().await;
    let schema = json!({"type": "object", "required": ["id"], "$defs": {"id": {"type": "string"}},
        "properties": {"id": {"$ref": "#/$defs/id"}}});
    let order = server
        .script(json!({"name": "orders", "type": "http", "source": COUNT, "description": "Takes an order.",
            "tags": ["sales"], "input_schema": schema, "output_schema": {"type": "string"},
            "http": {"path": "/orders/{year}/{*rest}", "methods": ["GET", "POST"], "auth": "required"}}))
        .await;
    let http = json!({"path": "/hook", "methods": ["PUT"], "auth": "signature", "signature": {"scheme": "stripe"}});
    endpoint(&server, http).await;
    let draft = json!({"name": "draft", "type": "http", "source": "1", "http": {"path": "/draft", "auth": "public"}});
    server.call("POST", "/api/v1/scripts", draft).await;
    let path = "/api/v1/endpoints/openapi.json";
    let (status, api) = server.call("GET", path, Value::Null).await;
    assert_eq!((status, &api["openapi"]), (200, &json!("3.1.0")), "{api}");
    assert_eq!(api["servers"][0]["url"], "/t/default/api/scripts");
    let paths: Vec<_> = api["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/hook", "/orders/{year}/{rest}"]);
    let post = &api["paths"]["/orders/{year}/{rest}"]["post"];
    assert_eq!(
        (&post["summary"], &post["description"]),
        (&json!("orders"), &json!("Takes an order."))
    );
    assert_eq!(post["tags"], json!(["sales"]));
    assert_eq!(post["security"], json!([{"token": []}]));
    let names: Vec<_> = post["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["name"])
        .collect();
    assert_eq!(names, ["year", "rest"]);
    let body = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["properties"]["id"]["$ref"], "#/$defs/id");
    assert_eq!(body["$id"], format!("urn:uuid:{order}"));
    assert!(api["paths"]["/orders/{year}/{rest}"]["get"]["requestBody"].is_null());
    let answer = &post["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(answer["type"], "string");
    assert_ne!(answer["$id"], body["$id"]);
    let put = &api["paths"]["/hook"]["put"]["responses"];
    assert!(put["200"].is_null() && put["default"].is_object(), "{put}");
    // It is told, and a schema all the same.
    let broken = json!({"output_schema": {"type": 7}});
    let (status, body) = server
        .call("PATCH", &format!("/api/v1/scripts/{order}"), broken)
        .await;
    assert_eq!(status, 422, "{body}");
    assert_eq!(body["errors"][0]["field"], "output_schema", "{body}");
    assert_eq!(
        api["paths"]["/hook"]["put"]["security"],
        json!([{"stripe": []}])
    );
    // Those who may not see scripts, and strangers, do not see what they say.
    let nobody = server.token(None, &["scripts.execute"]).await;
    for (token, status) in [("", 401), (nobody.as_str(), 403)] {
        let response = server.request("GET", path, token).send().await.unwrap();
        assert_eq!(response.status(), status);
    }
    let page = server
        .request("GET", "/docs/endpoints", "")
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_refused_where_it_would_be_kept_or_seen() {
    let server = Fixture::start().await;
    let http = json!({"path": "/a", "methods": ["POST"], "auth": "signature", "signature": {"scheme": "stripe"}});
    let id = endpoint(&server, http).await;
    let path = format!("/api/v1/scripts/{id}");
    for (method, path, body, field) in [
        (
            "PATCH",
            path.clone(),
            json!({"http": {"signature": {"secret": "short"}}}),
            "http.signature.secret",
        ),
        (
            "PATCH",
            path.clone(),
            json!({"http": {"auth": "public", "signature": null}, "name": "kept"}),
            "",
        ),
        (
            "PATCH",
            path.clone(),
            json!({"http": {"auth": "signature", "signature": null}}),
            "http.signature",
        ),
        (
            "PUT",
            format!("{path}/draft"),
            json!({"source": "1", "base_version": 1,
                "settings": {"http": {"signature": {"scheme": "stripe", "secret": "0123456789abcdef"}}}}),
            "settings.http.signature.secret",
        ),
    ] {
        let (status, body) = server.call(method, &path, body).await;
        if field.is_empty() {
            assert_eq!(status, 200, "{body}");
        } else {
            assert_eq!(status, 422, "{body}");
            assert_eq!(body["errors"][0]["field"], field, "{body}");
        }
    }
    server.stop().await;
}
