//! A running server with its platform, and short ways to speak to it. Not a mock of anything.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use scriptorium::{Builder, Platform};
use scriptorium_server::{Config, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The token that sets tests up; may do everything.
pub(crate) const BOOTSTRAP: &str = "bootstrap-token-of-the-tests-0123456789";
/// Password of `admin@localhost`.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Fixture {
    pub(crate) url: String,
    pub(crate) platform: Platform,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
    _dir: TempDir,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        Self::start_as(config, |builder| builder).await
    }

    /// A fixture of a platform that is set up in its own way.
    pub(crate) async fn start_as(config: Config, set_up: impl FnOnce(Builder) -> Builder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The compiled engine is the same for all tests.
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine");
        let builder = Platform::builder()
            .data_dir(dir.path())
            .cache_dir(cache)
            .slots(4, 8)
            .bootstrap_token(BOOTSTRAP)
            .admin_password(PASSWORD);
        let platform = set_up(builder).start().await.unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = Config { listen, ..config };
        let server = Server::bind(config, platform.clone()).await.unwrap();
        let url = format!("http://{}", server.local_addr());
        let (stop, stopped) = oneshot::channel::<()>();
        #[expect(clippy::disallowed_methods, reason = "the fixture joins it in `stop`")]
        let serving = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            url,
            platform,
            client: CLIENT.clone(),
            stop: Some(stop),
            serving: Some(serving),
            _dir: dir,
        }
    }

    /// A request with a token, or without any credential when it is empty.
    pub(crate) fn request(&self, method: &str, path: &str, token: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        let request = self.client.request(method, format!("{}{path}", self.url));
        if token.is_empty() {
            request
        } else {
            request.bearer_auth(token)
        }
    }

    /// A request of the bootstrap token with a JSON body; gives status and body.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, path, BOOTSTRAP);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), json_of(response).await)
    }

    /// Makes a script and switches it on.
    pub(crate) async fn script(&self, body: Value) -> String {
        let (status, script) = self.call("POST", "/api/v1/scripts", body).await;
        assert_eq!(status, 201, "{script}");
        let id = script["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/scripts/{id}/activate");
        let (status, script) = self.call("POST", &path, Value::Null).await;
        assert_eq!(status, 200, "{script}");
        id
    }

    /// Makes an HTTP script and switches it on.
    pub(crate) async fn endpoint(&self, path: &str, auth: &str, source: &str) -> String {
        let name: String = path.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        self.script(json!({
            "name": format!("endpoint {name}"),
            "type": "http",
            "source": source,
            "http": {"path": path, "methods": ["GET", "POST"], "auth": auth},
            "limits": {"wall_ms": 2000, "cpu_ms": 200},
        }))
        .await
    }

    /// Publishes an event that its script cannot deal with; the id of the dead letter.
    pub(crate) async fn dead_letter(&self) -> String {
        self.script(json!({
            "name": "failing",
            "type": "event",
            "source": "throw new Error('no such client')",
            "event": {"types": ["order.lost"], "max_attempts": 1},
        }))
        .await;
        let event = json!({"type": "order.lost", "payload": {"total": 5}});
        self.call("POST", "/api/v1/events", event).await;
        let letters = async {
            loop {
                let (_, found) = self.call("GET", "/api/v1/dead-letters", Value::Null).await;
                if let Some(id) = found["items"][0]["id"].as_str() {
                    return id.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let patience = Duration::from_secs(30);
        tokio::time::timeout(patience, letters)
            .await
            .expect("it fails")
    }

    /// Runs a script that sends a message, in a tenant that records them; the id of what was recorded.
    pub(crate) async fn notification(&self) -> String {
        let mode = json!({"mode": "record"});
        let (status, mode) = self.call("PUT", "/api/v1/notification-mode", mode).await;
        assert_eq!(status, 200, "{mode}");
        let source = "return services.notifications.sendEmail({
            to: 'ada@example.com', subject: 'Your receipt', body: 'Thank you' })";
        let body = json!({"name": "telling", "type": "oneoff", "source": source});
        let script = self.script(body).await;
        let path = format!("/api/v1/scripts/{script}/execute");
        let (_, execution) = self.call("POST", &path, json!({})).await;
        let id = execution["output"]["id"].as_str();
        id.unwrap_or_else(|| panic!("{execution}")).to_owned()
    }

    /// Makes a token with the named permissions, of another tenant if one is given.
    pub(crate) async fn token(&self, tenant: Option<&str>, permissions: &[&str]) -> String {
        let body = json!({"name": "test", "tenant": tenant, "permissions": permissions});
        let (status, token) = self.call("POST", "/api/v1/tokens", body).await;
        assert_eq!(status, 201, "{token}");
        token["secret"].as_str().unwrap().to_owned()
    }

    /// Signs `admin@localhost` in; gives the cookie as a `Cookie` header has it.
    pub(crate) async fn sign_in(&self) -> String {
        let body = json!({"email": "admin@localhost", "password": PASSWORD});
        let request = self.request("POST", "/api/v1/session", "").json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 204);
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Stops the server and the platform, as a signal would.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.serving.take().unwrap().await.unwrap();
        self.platform.shutdown(Duration::from_secs(5)).await;
    }
}

/// The body as JSON; `null` when it is none.
pub(crate) async fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default()
}

static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    // Another test of the same process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
});
