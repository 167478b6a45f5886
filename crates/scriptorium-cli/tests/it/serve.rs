//! `scriptorium serve`, and the commands that speak to it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{binary, cache, command, json, sample, script, stderr, stdout};

const TOKEN: &str = "a-bootstrap-token-of-more-than-32-characters";

/// A server with the sample business; killed when the test ends early.
pub(crate) struct Server {
    child: Child,
    url: String,
    folder: Option<TempDir>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    /// Starts it with the folder `data` in this one.
    pub(crate) fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, |command| {
            command.arg("--demo");
        })
    }

    /// The same without the sample business, and with whatever else is said.
    pub(crate) fn start_with(folder: TempDir, say: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(binary());
        command
            .env_clear()
            .env("SCRIPTORIUM_CACHE_DIR", cache())
            .env("SCRIPTORIUM_BOOTSTRAP_TOKEN", TOKEN)
            .env("SCRIPTORIUM_ADMIN_PASSWORD", "a password of these tests")
            .current_dir(folder.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"])
            .stdout(Stdio::piped());
        say(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .map(Result::unwrap)
            .find_map(|line| Some(line.strip_prefix("listening on ")?.to_owned()))
            .unwrap();
        Self {
            child,
            url,
            folder: Some(folder),
        }
    }

    pub(crate) fn command(&self) -> assert_cmd::Command {
        let mut command = command();
        command
            .env("SCRIPTORIUM_URL", &self.url)
            .env("SCRIPTORIUM_TOKEN", TOKEN);
        command
    }

    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self
            .command()
            .args(arguments)
            .arg("--json")
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            stderr(&output)
        );
        json(&output)
    }

    /// Sends a document to the API, for what has no command.
    #[track_caller]
    pub(crate) fn api(&self, method: &str, path: &str, body: &Value) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .request(
                method.parse().unwrap(),
                format!("{}/api/v1/{path}", self.url),
            )
            .bearer_auth(TOKEN)
            .json(body);
        let answer = runtime.block_on(request.send()).unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// Where its databases are.
    pub(crate) fn data_dir(&self) -> PathBuf {
        // It is taken only when the server ends.
        self.folder.as_ref().unwrap().path().join("data")
    }

    /// Asks the server to stop; gives its exit status, and the folder with its data.
    pub(crate) fn end(mut self) -> (Option<i32>, TempDir) {
        let status = self.terminate();
        (status, self.folder.take().unwrap())
    }

    /// Asks the server to stop; gives its exit status.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.terminate()
    }

    fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ends what `stop` has not; one that has ended cannot be killed, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn scripts_are_listed_shown_and_pushed() {
    let server = Server::start();
    let listed = server.json(&["script", "list", "--type", "embedded"]);
    let mut names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|script| script["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["price-rule", "validate-order"]);

    let shown = server
        .command()
        .args(["script", "show", "hello"])
        .output()
        .unwrap();
    let text = stdout(&shown);
    assert!(
        text.contains("name: hello\n") && text.contains("export default"),
        "{text}"
    );

    // The same file again makes no version.
    let hello = sample("hello.ts");
    let hello = hello.to_str().unwrap();
    let pushed = server.json(&["script", "push", hello]);
    assert_eq!(
        (&pushed["name"], &pushed["version"]),
        (&json!("hello"), &json!(1))
    );

    let file = script("entries.js");
    let push = [
        "script",
        "push",
        file.to_str().unwrap(),
        "--name",
        "pushed",
        "--activate",
    ];
    let created = server.command().args(push).output().unwrap();
    assert!(
        !created.status.success(),
        "a script without entry was activated"
    );
    let throws = script("throws.ts");
    let push = [
        "script",
        "push",
        throws.to_str().unwrap(),
        "--name",
        "pushed",
        "--activate",
    ];
    let updated = server.json(&push);
    assert_eq!(
        (&updated["version"], &updated["status"]),
        (&json!(2), &json!("active"))
    );
    assert_eq!(updated["language"], "typescript");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_pushed_script_has_the_date_of_its_manifest_and_is_in_the_report() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("old.js");
    std::fs::write(&file, "return 1").unwrap();
    let push = |date: &str| {
        let manifest = format!("[[script]]\nfile = \"old.js\"\ncompatibility = \"{date}\"\n");
        std::fs::write(dir.path().join("scripts.toml"), manifest).unwrap();
        let mut command = server.command();
        command.args(["script", "push", file.to_str().unwrap()]);
        command.output().unwrap()
    };
    for word in ["created", "unchanged"] {
        let pushed = push("2026-01-01");
        assert!(stdout(&pushed).starts_with(word), "{}", stderr(&pushed));
    }
    let refused = push("2026-1-1");
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("compatibility: must be a date"));

    let report = ["script", "compatibility"];
    let told = server.json(&report);
    let found: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["name"], &item["compatibility"]))
        .collect();
    assert_eq!(found, [(&json!("old"), &json!("2026-01-01"))]);
    let shown = server.command().args(report).output().unwrap();
    let row = stdout(&shown);
    let row = row.lines().find(|line| line.starts_with("old")).unwrap();
    for change in told[0]["changes"].as_array().unwrap() {
        assert!(row.contains(change.as_str().unwrap()), "{row}");
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn scripts_are_run_and_followed() {
    let server = Server::start();
    let run = |arguments: &[&str]| {
        let mut command = server.command();
        command.args(["script", "run"]).args(arguments);
        command.output().unwrap()
    };
    let done = run(&["merge-duplicate-clients", "--follow"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(json(&done)["dryRun"], true);
    let told = stderr(&done);
    assert!(
        told.contains("progress ") && told.contains(" of "),
        "{told}"
    );
    assert!(told.contains("info     "), "{told}");

    let quiet = run(&["hello", "--input", r#"{"name": "Ada"}"#]);
    assert_eq!(quiet.status.code(), Some(0), "{}", stderr(&quiet));
    assert!(stdout(&quiet).contains("Ada") && stderr(&quiet).is_empty());
    let slow = run(&["price-rule", "--timeout-ms", "1"]);
    assert_eq!(slow.status.code(), Some(1), "{}", stderr(&slow));
    assert!(stderr(&slow).contains("timeout_ms"), "{}", stderr(&slow));
    // All of that once more, and none of it is left to stop.
    let all = ["execution", "replay", "--all", "--script", "hello"];
    let counted = server
        .command()
        .args(all)
        .arg("--preview")
        .output()
        .unwrap();
    assert_eq!(stdout(&counted).trim(), "1 match");
    let begun = server.json(&all);
    assert_eq!(begun["total"], 1);
    let id = begun["id"].as_str().unwrap();
    let ended = (0..1_000).find_map(|_| {
        let found = server.json(&["operation", "show", id]);
        (found["state"] != "running").then_some(found)
    });
    assert_eq!(ended.unwrap()["done"], 1);
    let listed = server
        .command()
        .args(["operation", "list"])
        .output()
        .unwrap();
    assert!(
        stdout(&listed).contains("done, 1 of 1"),
        "{}",
        stdout(&listed)
    );
    let none = server
        .command()
        .args(["execution", "cancel"])
        .output()
        .unwrap();
    assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));

    let missing = run(&["nothing"]);
    assert_eq!(missing.status.code(), Some(1), "{}", stderr(&missing));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn executions_and_tokens_and_refusals() {
    let server = Server::start();
    let created = server
        .command()
        .args([
            "token",
            "create",
            "--name",
            "ci",
            "--permission",
            "scripts.read",
        ])
        .output()
        .unwrap();
    assert_eq!(created.status.code(), Some(0), "{}", stderr(&created));
    let token = stdout(&created).trim().to_owned();
    assert_eq!(token.lines().count(), 1);

    let list = |token: &str| {
        let mut command = server.command();
        command.env("SCRIPTORIUM_TOKEN", token).args([
            "execution",
            "list",
            "--script",
            "hello",
            "--json",
        ]);
        command.output().unwrap()
    };
    assert_eq!(json(&list(&token)), json!([]));
    for (arguments, exit, complaint) in [
        (
            &["execution", "show", "0190f3e0-0000-7000-8000-000000000000"][..],
            1,
            "not_found",
        ),
        (
            &["script", "show", "nothing"],
            1,
            "there is no script nothing",
        ),
        (&["script", "list", "--status", "asleep"], 1, "status"),
        (
            &["script", "list", "--token", "wrong"],
            1,
            "unauthenticated",
        ),
        (
            &["script", "list", "--server", "http://127.0.0.1:1"],
            4,
            "cannot reach",
        ),
        (
            &["script", "list", "--server", "not an address"],
            2,
            "no address",
        ),
    ] {
        let output = server.command().args(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(complaint),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    let output = server
        .command()
        .env_remove("SCRIPTORIUM_TOKEN")
        .args(["script", "list"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn signing_secrets_are_given_and_taken_away() {
    let server = Server::start();
    let http = json!({"name": "signed", "type": "http", "source": "return 1",
        "http": {"path": "/signed", "auth": "signature", "signature": {"scheme": "github"}}});
    server.api("POST", "scripts", &http);
    let secrets = |words: &[&str]| server.json(&[&["signing-secret"], words].concat());
    assert_eq!(secrets(&["list", "signed"]), json!([]));
    // One that is made up is shown once, one that is given never.
    let made = secrets(&["add", "signed"]);
    assert!(made["secret"].as_str().unwrap().len() >= 16, "{made}");
    let given = server
        .command()
        .args(["signing-secret", "add", "signed", "--value"])
        .write_stdin("0123456789abcdef0123\n")
        .output()
        .unwrap();
    assert_eq!(given.status.code(), Some(0), "{}", stderr(&given));
    assert!(!stdout(&given).contains("0123456789"), "{}", stdout(&given));
    let listed = secrets(&["list", "signed"]);
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    assert!(listed[0]["secret"].is_null(), "{listed}");
    secrets(&["remove", "signed", made["id"].as_str().unwrap()]);
    assert_eq!(secrets(&["list", "signed"]).as_array().unwrap().len(), 1);
    let gone = server
        .command()
        .args(["signing-secret", "remove", "signed"])
        .arg(made["id"].as_str().unwrap())
        .output()
        .unwrap();
    assert_eq!(gone.status.code(), Some(1));
}

#[test]
fn remote_services_are_registered_and_removed() {
    let server = Server::start();
    let service = |words: &[&str]| server.json(&[&["service"], words].concat());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("billing.json");
    let path = file.to_str().unwrap();
    let mut manifest = json!({"name": "billing", "url": "https://erp.example.com/services",
        "methods": [{"name": "charge"}]});
    std::fs::write(&file, manifest.to_string()).unwrap();
    assert_eq!(service(&["list"]), json!([]));
    let made = service(&["add", path]);
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"), "{made}");
    manifest["description"] = json!("Bills.");
    std::fs::write(&file, manifest.to_string()).unwrap();
    let changed = server
        .command()
        .args(["service", "change", path, "--secret"])
        .write_stdin(format!("{secret}\n"))
        .output()
        .unwrap();
    assert_eq!(changed.status.code(), Some(0), "{}", stderr(&changed));
    let listed = service(&["list"]);
    assert_eq!(listed[0]["description"], "Bills.");
    assert_eq!(listed[0]["revision"], 2);
    assert!(!listed.to_string().contains("whsec_"), "{listed}");
    let again = server
        .command()
        .args(["service", "add", path])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    service(&["delete", "billing"]);
    assert_eq!(service(&["list"]), json!([]));
}
