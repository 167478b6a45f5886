//! What goes in and what comes out, by the table: bodies, methods, statuses, headers, and requests that
//! no honest client sends (R-HTTP-02 to R-HTTP-05, WEB-21 to WEB-24, WEB-41 to WEB-43).

use std::time::{Duration, Instant};

use scriptorium_server::Config;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use crate::fixture::{Fixture, json_of};
use crate::raw::{connect, rest, statuses, until};

const ECHO: &str = "async function handleRequest(req) {
    const file = (value) => value?.bytes ? { ...value, text: String.fromCharCode(...value.bytes) } : value;
    const body = req.body instanceof Uint8Array ? { bytes: [...req.body] }
        : Array.isArray(req.body?.f) ? { ...req.body, f: req.body.f.map(file) }
        : req.body?.f ? { ...req.body, f: file(req.body.f) } : req.body;
    return { method: req.method, raw: req.rawBody.length, body };
}";

pub(crate) async fn echo(server: &Fixture) {
    let http = json!({"path": "/echo", "methods": ["GET", "POST", "PUT", "PATCH", "DELETE"], "auth": "public"});
    let script = json!({"name": "echo", "type": "http", "source": ECHO, "http": http});
    server.script(script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_body_is_what_its_content_type_says_or_the_callers_error() {
    let server = Fixture::start().await;
    echo(&server).await;
    let form = "multipart/form-data; boundary=b";
    let parts = "--b\r\ncontent-disposition: form-data; name=\"t\"\r\n\r\nОтчёт\r\n\
        --b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a.csv\"\r\ncontent-type: text/csv\r\n\r\n1;2\r\n\
        --b--\r\n";
    let file = json!({"name": "f", "filename": "a.csv", "contentType": "text/csv", "size": 3, "text": "1;2"});
    let deep = "[".repeat(200);
    for (content_type, body, expected) in [
        (
            "application/json",
            r#"{"a":[1,"ж"]}"#.as_bytes(),
            Ok(json!({"a": [1, "ж"]})),
        ),
        (
            "application/vnd.api+json; charset=utf-8",
            b"null",
            Ok(json!(null)),
        ),
        ("application/json", b"", Ok(json!(null))),
        (
            "application/x-www-form-urlencoded",
            b"a=1&b=%D0%B6&a=2",
            Ok(json!({"a": ["1", "2"], "b": "ж"})),
        ),
        (form, parts.as_bytes(), Ok(json!({"t": "Отчёт", "f": file}))),
        ("text/plain", "ж".as_bytes(), Ok(json!("ж"))),
        ("text/plain; charset=windows-1251", b"\xe6", Ok(json!("ж"))),
        ("text/html", b"<b>", Ok(json!("<b>"))),
        (
            "application/octet-stream",
            b"\x00\xff",
            Ok(json!({"bytes": [0, 255]})),
        ),
        ("", b"\x00\xff", Ok(json!({"bytes": [0, 255]}))),
        ("application/json", b"{", Err("bad_request")),
        ("application/json", deep.as_bytes(), Err("bad_request")),
        ("application/json", b"1 2", Err("bad_request")),
        ("application/json; charset=utf-16", b"1", Err("bad_request")),
        ("text/plain; charset=utf-7", b"+ADw-", Err("bad_request")),
        ("text/plain", b"\xff", Err("bad_request")),
        (form, b"--b\r\nbroken", Err("bad_request")),
        ("multipart/form-data", b"x", Err("bad_request")),
    ] {
        for method in ["POST", "PUT", "PATCH"] {
            let name = format!("{method} {content_type} {}", String::from_utf8_lossy(body));
            let mut request = server.request(method, "/api/scripts/echo", "");
            if !content_type.is_empty() {
                request = request.header("content-type", content_type);
            }
            let response = request.body(body.to_vec()).send().await.unwrap();
            let status = response.status().as_u16();
            let answer = json_of(response).await;
            match &expected {
                Ok(seen) => {
                    assert_eq!((status, &answer["body"]), (200, seen), "{name}: {answer}");
                    assert_eq!(answer["raw"], body.len(), "{name}");
                }
                Err(code) => {
                    assert_eq!(
                        (status, &answer["code"]),
                        (400, &json!(code)),
                        "{name}: {answer}"
                    );
                }
            }
        }
    }
    // What was refused has begun no script.
    let (_, failed) = server
        .call("GET", "/api/v1/executions?status=failed", Value::Null)
        .await;
    assert_eq!(failed["items"], json!([]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_goes_out_as_its_status_and_headers_allow() {
    let server = Fixture::start().await;
    let source = "function handleRequest(req) { return (0, Function)('return ' + req.query.x)() }";
    // Without eval: the answers are a table in the script.
    let source = source.replace(
        "(0, Function)('return ' + req.query.x)()",
        "ANSWERS[req.query.x]()",
    );
    let answers = [
        (
            "object",
            "({ a: 1 })",
            200,
            "application/json",
            Some(r#"{"a":1}"#),
        ),
        (
            "text",
            "({ body: 'ж' })",
            200,
            "text/plain; charset=utf-8",
            Some("ж"),
        ),
        ("string", "'x'", 200, "text/plain; charset=utf-8", Some("x")),
        (
            "bytes",
            "({ body: new Uint8Array([104, 105]) })",
            200,
            "application/octet-stream",
            Some("hi"),
        ),
        (
            "nothing",
            "undefined",
            200,
            "application/json",
            Some("null"),
        ),
        (
            "empty",
            "({ status: 202, body: undefined })",
            202,
            "",
            Some(""),
        ),
        (
            "own type",
            "({ headers: { 'Content-Type': 'image/svg+xml' }, body: '<svg/>' })",
            200,
            "image/svg+xml",
            Some("<svg/>"),
        ),
        (
            "no content",
            "({ status: 204, body: 'x' })",
            204,
            "",
            Some(""),
        ),
        ("reset", "({ status: 205, body: 'x' })", 205, "", Some("")),
        (
            "not modified",
            "({ status: 304, body: 'x' })",
            304,
            "",
            Some(""),
        ),
        (
            "redirect",
            "({ status: 302, headers: { Location: 'javascript:alert(1)' } })",
            302,
            "",
            Some(""),
        ),
        (
            "teapot",
            "({ status: 418, body: 'x' })",
            418,
            "text/plain; charset=utf-8",
            Some("x"),
        ),
        (
            "last",
            "({ status: 599, body: 'x' })",
            599,
            "text/plain; charset=utf-8",
            Some("x"),
        ),
        (
            "early",
            "({ status: 103, body: 'x' })",
            500,
            "application/problem+json",
            None,
        ),
        (
            "switch",
            "({ status: 101, body: 'x' })",
            500,
            "application/problem+json",
            None,
        ),
        (
            "beyond",
            "({ status: 999, body: 'x' })",
            500,
            "application/problem+json",
            None,
        ),
        (
            "half",
            "({ status: 200.5, body: 'x' })",
            500,
            "application/problem+json",
            None,
        ),
        (
            "letters",
            "({ headers: { 'x-a': 'отчёт' }, body: 'x' })",
            500,
            "application/problem+json",
            None,
        ),
        (
            "line",
            "({ headers: { 'x-a': 'a\\r\\nb: c' }, body: 'x' })",
            500,
            "application/problem+json",
            None,
        ),
        (
            "name",
            "({ headers: { 'x a': 'b' }, body: 'x' })",
            500,
            "application/problem+json",
            None,
        ),
        (
            "length",
            "({ headers: { 'content-length': '1' }, body: 'hello' })",
            200,
            "text/plain; charset=utf-8",
            Some("hello"),
        ),
        (
            "coding",
            "({ headers: { 'transfer-encoding': 'gzip' }, body: 'hello' })",
            200,
            "text/plain; charset=utf-8",
            Some("hello"),
        ),
    ];
    let table: Vec<String> = answers
        .iter()
        .map(|(name, answer, ..)| format!("{}: () => ({answer})", json!(name)))
        .collect();
    let source = format!("const ANSWERS = {{ {} }};\n{source}", table.join(", "));
    let http = json!({"path": "/answer", "methods": ["GET"], "auth": "public"});
    server
        .script(json!({"name": "answers", "type": "http", "source": source, "http": http}))
        .await;
    for (name, _, status, content_type, body) in answers {
        for method in ["GET", "HEAD"] {
            let path = format!("/api/scripts/answer?x={}", name.replace(' ', "%20"));
            let response = server.request(method, &path, "").send().await.unwrap();
            let what = format!("{method} {name}");
            assert_eq!(response.status().as_u16(), status, "{what}");
            let headers = response.headers().clone();
            let found = headers
                .get("content-type")
                .map_or("", |value| value.to_str().unwrap());
            assert_eq!(found, content_type, "{what}");
            assert_eq!(
                headers["content-security-policy"], "sandbox; default-src 'none'",
                "{what}"
            );
            assert_eq!(headers["x-content-type-options"], "nosniff", "{what}");
            assert!(!headers.contains_key("transfer-encoding"), "{what}");
            let got = response.bytes().await.unwrap();
            match (method, body) {
                ("HEAD", _) => assert!(got.is_empty(), "{what}"),
                (_, Some(body)) => assert_eq!(got, body, "{what}"),
                _ => assert!(!got.is_empty(), "{what}"),
            }
            if let (Some(body), Some(length)) = (body, headers.get("content-length")) {
                assert_eq!(length.to_str().unwrap(), body.len().to_string(), "{what}");
            }
        }
    }
    server.stop().await;
}

/// Requests behind which another one stands, each with the statuses that the server answers.
pub(crate) fn with_another_behind(smuggled: &str) -> Vec<(&'static str, String, &'static [u16])> {
    let head = "POST /api/scripts/echo HTTP/1.1\r\nhost: a\r\n";
    let whole = |headers: &str, body: &str| format!("{head}{headers}\r\n{body}");
    vec![
        ("plain", whole("content-length: 2\r\n", "hi"), &[200]),
        (
            "pipelined",
            whole("content-length: 2\r\n", &format!("hi{smuggled}")),
            &[200, 200],
        ),
        (
            "chunked",
            whole("transfer-encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"),
            &[200],
        ),
        // Both lengths: the chunks decide, and nothing more is taken from the connection.
        (
            "CL.TE",
            whole(
                "content-length: 6\r\ntransfer-encoding: chunked\r\n",
                &format!("0\r\n\r\n{smuggled}"),
            ),
            &[200],
        ),
        (
            "TE.CL",
            whole(
                "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
                &format!("0\r\n\r\n{smuggled}"),
            ),
            &[200],
        ),
        (
            "two lengths",
            whole("content-length: 2\r\ncontent-length: 3\r\n", "hi!"),
            &[400],
        ),
        (
            "list of lengths",
            whole("content-length: 2, 3\r\n", "hi!"),
            &[400],
        ),
        (
            "signed length",
            whole("content-length: +2\r\n", "hi"),
            &[400],
        ),
        (
            "negative length",
            whole("content-length: -2\r\n", "hi"),
            &[400],
        ),
        (
            "hexadecimal length",
            whole("content-length: 0x2\r\n", "hi"),
            &[400],
        ),
        (
            "huge length",
            whole("content-length: 99999999999999999999\r\n", "hi"),
            &[400],
        ),
        (
            "other coding",
            whole("transfer-encoding: gzip\r\n", "hi"),
            &[400],
        ),
        (
            "chunked first",
            whole("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"),
            &[400],
        ),
        (
            "mis-spelt",
            whole("transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
            &[400],
        ),
        (
            "tab in coding",
            whole("transfer-encoding:\tchunked\r\n", "0\r\n\r\n"),
            &[200],
        ),
        (
            "space before colon",
            whole("transfer-encoding : chunked\r\n", "0\r\n\r\n"),
            &[400],
        ),
        (
            "folded",
            whole("x-a: b\r\n transfer-encoding: chunked\r\n", "0\r\n\r\n"),
            &[400],
        ),
        (
            "bad chunk size",
            whole("transfer-encoding: chunked\r\n", "zz\r\nhi\r\n0\r\n\r\n"),
            &[400],
        ),
        (
            "signed chunk size",
            whole("transfer-encoding: chunked\r\n", "+2\r\nhi\r\n0\r\n\r\n"),
            &[400],
        ),
        (
            "huge chunk size",
            whole(
                "transfer-encoding: chunked\r\n",
                "fffffffffffffffff\r\nhi\r\n0\r\n\r\n",
            ),
            &[400],
        ),
        (
            "chunk without end",
            whole("transfer-encoding: chunked\r\n", "2\r\nhiX0\r\n\r\n"),
            &[400],
        ),
        ("cut off", whole("content-length: 9\r\n", "hi"), &[408]),
        ("NUL in a header", whole("x-a: a\0b\r\n", ""), &[400]),
        (
            "no host",
            "GET /api/scripts/echo HTTP/1.1\r\n\r\n".into(),
            &[200],
        ),
        (
            "HTTP/1.0 chunked",
            format!(
                "POST /api/scripts/echo HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
            ),
            &[400],
        ),
        (
            "other version",
            "GET /api/scripts/echo HTTP/3.7\r\nhost: a\r\n\r\n".into(),
            &[400],
        ),
        (
            "nonsense first",
            format!("NONSENSE\r\n\r\n{smuggled}"),
            &[400],
        ),
        (
            "absolute form",
            "GET http://a/api/scripts/echo HTTP/1.1\r\nhost: b\r\n\r\n".into(),
            &[200],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_one_end_and_nothing_behind_it_is_taken_for_another() {
    let server = Fixture::start_with(Config {
        header_timeout: PATIENCE,
        body_timeout: PATIENCE,
        ..Config::default()
    })
    .await;
    echo(&server).await;
    let smuggled = "GET /api/scripts/echo HTTP/1.1\r\nhost: a\r\n\r\n";
    let cases = with_another_behind(smuggled);
    let all = cases
        .iter()
        .map(|(_, bytes, _)| statuses(&server, bytes.as_bytes()));
    let found = futures_util::future::join_all(all).await;
    let mut wrong = String::new();
    for ((name, _, expected), found) in cases.iter().zip(found) {
        if found != **expected {
            wrong.push_str(&format!("{name}: {found:?}, not {expected:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_expects_to_be_asked_for_the_body_is_asked_when_it_is_wanted() {
    let server = Fixture::start().await;
    echo(&server).await;
    let expecting = |path: &str| {
        format!(
            "POST /api/scripts{path} HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n"
        )
    };
    let mut stream = connect(&server).await;
    stream
        .write_all(expecting("/echo").as_bytes())
        .await
        .unwrap();
    until(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    stream.write_all(b"hi").await.unwrap();
    let said = rest(&mut stream).await;
    assert!(
        said.starts_with("HTTP/1.1 200") && said.contains("\"hi\""),
        "{said}"
    );
    // Nobody there wants it: the refusal comes instead.
    let mut stream = connect(&server).await;
    stream
        .write_all(expecting("/nowhere").as_bytes())
        .await
        .unwrap();
    let said = rest(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 404"), "{said}");
    server.stop().await;
}

const PATIENCE: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_or_takes_too_slowly_is_hung_up_on() {
    let server = Fixture::start_with(Config {
        body_timeout: PATIENCE,
        write_patience: PATIENCE,
        ..Config::default()
    })
    .await;
    echo(&server).await;
    // A body that does not come: an answer that says so, and no script.
    let mut stream = connect(&server).await;
    let began = Instant::now();
    stream
        .write_all(b"POST /api/scripts/echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nconnection: close\r\n\r\nh")
        .await
        .unwrap();
    let said = rest(&mut stream).await;
    assert!(
        said.starts_with("HTTP/1.1 408") && said.contains("body_timeout"),
        "{said}"
    );
    assert!(began.elapsed() >= PATIENCE, "{:?}", began.elapsed());
    // An answer that is not taken, with little room on the way.
    let source = "function handleRequest() { return 'x'.repeat(9000000) }";
    let http = json!({"path": "/large", "methods": ["GET"], "auth": "public"});
    let limits = json!({"output_bytes": 10 << 20});
    server
        .script(json!({"name": "large", "type": "http", "source": source, "http": http, "limits": limits}))
        .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
    stream
        .write_all(b"GET /api/scripts/large HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    until(&mut stream, "HTTP/1.1 200").await;
    tokio::time::sleep(3 * PATIENCE).await;
    let said = rest(&mut stream).await;
    assert!(said.len() < 9_000_000, "{} bytes came", said.len());
    // Others are served as before.
    let response = server
        .request("GET", "/api/scripts/large", "")
        .send()
        .await
        .unwrap();
    assert_eq!(response.bytes().await.unwrap().len(), 9_000_000);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_body_may_come_byte_by_byte() {
    let server = Fixture::start().await;
    let http = json!({"path": "/hook", "methods": ["POST"], "auth": "signature",
        "signature": {"scheme": "github", "secret": "It's a Secret to Everybody"}});
    let source = "function handleRequest(req) { return req.body }";
    server
        .script(json!({"name": "hook", "type": "http", "source": source, "http": http}))
        .await;
    let mut bytes = "POST /api/scripts/hook HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\n\
        x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n\
        transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        .to_owned();
    for letter in "Hello, World!".chars() {
        bytes.push_str(&format!("1\r\n{letter}\r\n"));
    }
    bytes.push_str("0\r\n\r\n");
    let mut stream = connect(&server).await;
    stream.set_nodelay(true).unwrap();
    for part in bytes.as_bytes().chunks(7) {
        stream.write_all(part).await.unwrap();
    }
    let said = rest(&mut stream).await;
    assert!(
        said.starts_with("HTTP/1.1 200") && said.ends_with("Hello, World!"),
        "{said}"
    );
    server.stop().await;
}
