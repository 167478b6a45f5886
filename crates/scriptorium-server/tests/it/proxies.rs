//! Requests that end in two ways, behind real proxies (WEB-43): nginx and HAProxy as Debian has them, in front
//! of the server, with connections to it that requests of several clients share. What a proxy lets nobody
//! ask for is not asked for by what stands behind another request, and nobody is given another's answer.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::conformance::{echo, with_another_behind};
use crate::fixture::Fixture;
use crate::raw::answer;

/// How long an answer may take that has to come, and one that a proxy waits for in vain.
const PATIENCE: Duration = Duration::from_millis(300);

struct Proxy {
    child: Child,
    address: String,
    _dir: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody listens at.
fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn start(
    program: &str,
    arguments: &[&str],
    configuration: impl FnOnce(&Path, &str) -> String,
) -> Proxy {
    let (dir, address) = (tempfile::tempdir().unwrap(), free());
    let file = dir.path().join("proxy.conf");
    std::fs::write(&file, configuration(dir.path(), &address)).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).arg(&file);
    command.stdout(Stdio::null()).stderr(Stdio::inherit());
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; `make test` installs it"));
    let mut proxy = Proxy {
        child,
        address,
        _dir: dir,
    };
    while tokio::net::TcpStream::connect(&proxy.address)
        .await
        .is_err()
    {
        assert!(proxy.child.try_wait().unwrap().is_none(), "{program} ended");
        tokio::task::yield_now().await;
    }
    proxy
}

async fn nginx(upstream: &str) -> Proxy {
    start("nginx", &["-e", "stderr", "-c"], |dir, address| {
        let dir = dir.display();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {dir}/{name};"))
            .collect();
        format!(
            "daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log stderr crit;
             events {{ worker_connections 256; }}
             http {{ access_log off; {temp} client_body_timeout 1s; client_header_timeout 1s;
               upstream app {{ server {upstream}; keepalive 4; }}
               server {{ listen {address};
                 location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header connection '';
                   proxy_request_buffering off; }}
                 location /api/scripts/closed {{ return 403; }} }} }}"
        )
    })
    .await
}

async fn haproxy(upstream: &str) -> Proxy {
    start("haproxy", &["-db", "-f"], |_, address| {
        format!(
            "defaults\n mode http\n timeout connect 2s\n timeout client 1s\n timeout server 2s\n \
             option http-keep-alive\n http-reuse always\n\
             frontend in\n bind {address}\n http-request deny if {{ path -m beg /api/scripts/closed }}\n \
             default_backend app\n\
             backend app\n server app {upstream}\n"
        )
    })
    .await
}

async fn check(proxy: Proxy, server: &Fixture, closed: &str) {
    let smuggled = "GET /api/scripts/closed HTTP/1.1\r\nhost: a\r\n\r\n";
    let honest = "GET /api/scripts/echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    // The proxy works, and keeps closed what it shall.
    let said = answer(&proxy.address, honest.as_bytes(), PATIENCE).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    let said = answer(&proxy.address, smuggled.as_bytes(), PATIENCE).await;
    assert!(said.starts_with("HTTP/1.1 403"), "{said}");
    let mut wrong = String::new();
    for (name, bytes, _) in with_another_behind(smuggled) {
        answer(&proxy.address, bytes.as_bytes(), PATIENCE).await;
        // Whoever comes next, over the same connection to the server.
        for _ in 0..3 {
            let said = answer(&proxy.address, honest.as_bytes(), PATIENCE).await;
            if !(said.starts_with("HTTP/1.1 200") && said.contains(r#""method":"GET""#)) {
                wrong.push_str(&format!("{name}: {said}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let path = format!("/api/v1/executions?script_id={closed}");
    let (_, ran) = server.call("GET", &path, Value::Null).await;
    assert_eq!(
        ran["items"],
        json!([]),
        "what the proxy keeps closed was run"
    );
}

async fn server() -> (Fixture, String, String) {
    let server = Fixture::start().await;
    echo(&server).await;
    let closed = server.endpoint("/closed", "public", "return 1").await;
    let upstream = server.url.strip_prefix("http://").unwrap().to_owned();
    (server, closed, upstream)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_through_nginx_behind_another_request() {
    let (server, closed, upstream) = server().await;
    check(nginx(&upstream).await, &server, &closed).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_through_haproxy_behind_another_request() {
    let (server, closed, upstream) = server().await;
    check(haproxy(&upstream).await, &server, &closed).await;
    server.stop().await;
}
