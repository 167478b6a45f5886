//! A platform in a temporary directory with the pages before it, and no socket.

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::{Extension, Router};
use http_body_util::BodyExt as _;
use scriptorium::model::execution::TriggerKind;
use scriptorium::model::limits::Limits;
use scriptorium::model::permission::Role;
use scriptorium::model::script::{Definition, Language, Script};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Ctx, ExecutionId, Json, ScriptId};
use scriptorium::{Caller, Execute, Mode, NewUser, Platform};
use scriptorium_ui::UiSettings;
use tempfile::TempDir;
use tower::ServiceExt as _;

const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Site {
    pub platform: Platform,
    _dir: TempDir,
}

/// What a browser was answered.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub html: String,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let builder = Platform::builder()
            .data_dir(dir.path())
            // The compiled engine is the same for every test.
            .cache_dir(Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine"))
            .admin_password(PASSWORD)
            .triggers(false);
        let platform = builder.start().await.unwrap();
        Self {
            platform,
            _dir: dir,
        }
    }

    pub(crate) async fn admin(&self) -> Caller {
        let signed = self
            .platform
            .sign_in("admin@localhost", PASSWORD, None, None)
            .await;
        signed.unwrap().caller
    }

    pub(crate) async fn user(&self, role: Role, locale: &str) -> Caller {
        let email = format!("{}-{locale}@example.com", role.as_str());
        let admin = self.admin().await;
        let user = NewUser {
            email: email.clone(),
            name: role.as_str().to_owned(),
            role,
            extra_permissions: Vec::new(),
            password: Some(PASSWORD.to_owned()),
            locale: locale.to_owned(),
        };
        self.platform
            .users()
            .create(&admin.ctx, user)
            .await
            .unwrap();
        let signed = self.platform.sign_in(&email, PASSWORD, None, None).await;
        signed.unwrap().caller
    }

    pub(crate) async fn script(&self, name: &str, description: &str) -> Script {
        let definition = Definition {
            name: name.to_owned(),
            description: description.to_owned(),
            source: format!("// {description}\nreturn 1;"),
            language: Language::JavaScript,
            entry: None,
            trigger: Trigger::OneOff,
            limits: Limits::default(),
            concurrency: None,
            input_schema: None,
            output_schema: None,
            compatibility: None,
            database: Default::default(),
            allowed_services: None,
            library: false,
            run_as: None,
            tags: Vec::new(),
            metadata: Default::default(),
        };
        let admin = self.admin().await;
        let scripts = self.platform.scripts();
        scripts
            .create(&admin.ctx, definition, description)
            .await
            .unwrap()
    }

    /// Runs a script to its end; the execution.
    pub(crate) async fn run(&self, ctx: &Ctx, script: ScriptId) -> ExecutionId {
        let executions = self.platform.executions();
        executions
            .execute(ctx, Self::by_hand(script))
            .await
            .unwrap()
            .id
    }

    /// A run that is waited for.
    pub(crate) fn by_hand(script: ScriptId) -> Execute {
        Execute {
            trigger: TriggerKind::Manual,
            ..Execute::new(script, Json::null(), Mode::Sync)
        }
    }

    pub(crate) async fn get(&self, caller: Option<&Caller>, path: &str) -> Answer {
        self.ask(caller, path, &[]).await
    }

    pub(crate) async fn ask(
        &self,
        caller: Option<&Caller>,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let settings = UiSettings {
            ambient: self.platform.ambient().clone(),
        };
        let router: Router = scriptorium_ui::router(self.platform.clone(), settings)
            .layer(Extension::<Option<Caller>>(caller.cloned()));
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            html: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}
