//! Services: what scripts call as `services.<name>.<method>()`. The host application registers them, or they
//! are a tenant's own and somewhere else (`remote`); who may call which is decided here for every call
//! (R-JSVC).

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use scriptorium_engine::{Held, Reply};
use scriptorium_model::remote_service::is_name;
use scriptorium_model::script::ScriptType;
use scriptorium_model::{Ambient, Ctx, ExecutionId, Invalid};
use scriptorium_store::tenant_data::TenantData;
use serde_json::Value;

use crate::host::Run;
use crate::remote::Target;

/// A named group of methods that scripts can call.
///
/// ```
/// use scriptorium_runtime::{Service, ServiceError};
///
/// let clients = Service::new("clients", "Customers of the tenant.")
///     .types("interface Client { id: string; name: string }")
///     .method("get", "id: string", "Promise<Client>", "One client.", |call| async move {
///         let id = call.text(0, "id")?;
///         Err(ServiceError::not_found(format!("no client {id}")))
///     })
///     .requires("clients.read");
/// assert_eq!(clients.name(), "clients");
/// ```
#[derive(Clone)]
pub struct Service {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) types: Vec<String>,
    /// Types of the scripts that may call it; all when `None`.
    pub(crate) script_types: Option<Vec<ScriptType>>,
    pub(crate) methods: Vec<Method>,
}

#[derive(Clone)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) params: String,
    pub(crate) returns: String,
    pub(crate) doc: String,
    pub(crate) permission: Option<String>,
    pub(crate) does: Does,
    /// Whether it changes nothing, so that dry runs call it.
    pub(crate) reads_only: bool,
    /// What answers in a dry run.
    pub(crate) dry_run: Option<Handler>,
}

/// Who does what a method promises.
#[derive(Clone)]
pub(crate) enum Does {
    /// The host application.
    Host(Handler),
    /// The platform, which sees the run and looks to dry runs itself.
    Platform(Own),
    /// Somebody else, over HTTP.
    Remote(Arc<Target>),
}

/// What the platform does for a method of its own.
pub(crate) type Own = fn(&Arc<Run>, Vec<Value>, Held) -> Reply;

pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<Value, ServiceError>> + Send>>;
pub(crate) type Handler = Arc<dyn Fn(ServiceCall) -> Answer + Send + Sync>;

/// One call of a service method by a script.
#[derive(Clone, Debug)]
pub struct ServiceCall {
    /// Tenant and effective rights of the run.
    pub ctx: Ctx,
    /// The arguments, as JSON. A script chose them: check each like a stranger's request.
    pub args: Vec<Value>,
    /// The tenant's business tables.
    pub data: TenantData,
    /// The execution that calls.
    pub execution: ExecutionId,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Whether the execution is a dry run: then only methods that read are called, and those that were
    /// given to answer in one.
    pub dry_run: bool,
}

/// Why a service refused; the script sees an `Error` with these properties.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
    pub(crate) details: Option<Box<Value>>,
}

impl Service {
    /// A service without methods yet. The name is a JavaScript identifier.
    pub fn new(name: impl Into<String>, doc: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            doc: doc.into(),
            types: Vec::new(),
            script_types: None,
            methods: Vec::new(),
        }
    }

    /// Adds a method: its name, its TypeScript parameters and return type, a sentence about it,
    /// and what it does. A panic inside reaches the script as `SERVICE_ERROR` without its text. It is
    /// dropped when the execution ends before it. It is worked on by the threads
    /// that run scripts and those of the platform's other work: what blocks belongs into
    /// `tokio::task::spawn_blocking`.
    #[must_use]
    pub fn method<F, A>(
        mut self,
        name: impl Into<String>,
        params: impl Into<String>,
        returns: impl Into<String>,
        doc: impl Into<String>,
        handler: F,
    ) -> Self
    where
        F: Fn(ServiceCall) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Value, ServiceError>> + Send + 'static,
    {
        self.methods.push(Method {
            name: name.into(),
            params: params.into(),
            returns: returns.into(),
            doc: doc.into(),
            permission: None,
            does: Does::Host(Arc::new(move |call| Box::pin(handler(call)))),
            reads_only: false,
            dry_run: None,
        });
        self
    }

    /// Adds a method that somebody else does.
    pub(crate) fn remote(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Adds a method that the platform does itself.
    pub(crate) fn own(
        mut self,
        name: &str,
        params: &str,
        returns: &str,
        doc: &str,
        does: Own,
    ) -> Self {
        self.methods.push(Method {
            name: name.to_owned(),
            params: params.to_owned(),
            returns: returns.to_owned(),
            doc: doc.to_owned(),
            permission: None,
            does: Does::Platform(does),
            reads_only: false,
            dry_run: None,
        });
        self
    }

    /// Asks for a permission at every call of the last method added.
    #[must_use]
    pub fn requires(mut self, permission: impl Into<String>) -> Self {
        if let Some(method) = self.methods.last_mut() {
            method.permission = Some(permission.into());
        }
        self
    }

    /// Declares that the last method added changes nothing anywhere. In a dry run only such methods are called;
    /// of the others is noted that they would have been.
    #[must_use]
    pub fn reads_only(mut self) -> Self {
        if let Some(method) = self.methods.last_mut() {
            method.reads_only = true;
        }
        self
    }

    /// Gives the last method added an answer for dry runs, in which it is not called: what it would return,
    /// made without changing anything. Without one the answer is `null`.
    #[must_use]
    pub fn dry_run<F, A>(mut self, handler: F) -> Self
    where
        F: Fn(ServiceCall) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Value, ServiceError>> + Send + 'static,
    {
        if let Some(method) = self.methods.last_mut() {
            method.dry_run = Some(Arc::new(move |call| Box::pin(handler(call))));
        }
        self
    }

    /// Offers it to scripts of these types only; by default all may call it (R-JSVC-02). In the others it is
    /// not there.
    #[must_use]
    pub fn only_for(mut self, types: impl IntoIterator<Item = ScriptType>) -> Self {
        self.script_types = Some(types.into_iter().collect());
        self
    }

    /// Whether scripts of a type may call it.
    pub(crate) fn is_for(&self, kind: ScriptType) -> bool {
        let types = self.script_types.as_ref();
        types.is_none_or(|types| types.contains(&kind))
    }

    /// Adds TypeScript declarations that the signatures use.
    #[must_use]
    pub fn types(mut self, declarations: impl Into<String>) -> Self {
        self.types.push(declarations.into());
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<&str> = self.methods.iter().map(|m| m.name.as_str()).collect();
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("methods", &methods)
            .finish_non_exhaustive()
    }
}

impl ServiceCall {
    /// The argument at `index`; `null` when it was left out.
    pub fn arg(&self, index: usize) -> &Value {
        self.args.get(index).unwrap_or(&Value::Null)
    }

    /// The argument at `index` as text.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming `field`.
    pub fn text(&self, index: usize, field: &str) -> Result<&str, ServiceError> {
        self.arg(index)
            .as_str()
            .ok_or_else(|| ServiceError::invalid(field, "must be a string"))
    }
}

impl ServiceError {
    /// An error with a stable code in capitals and a sentence for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            field: None,
            details: None,
        }
    }

    /// `VALIDATION_ERROR` of one argument or field.
    pub fn invalid(field: impl Into<String>, expectation: impl fmt::Display) -> Self {
        let field = field.into();
        Self::new("VALIDATION_ERROR", format!("{field} {expectation}")).field(field)
    }

    /// `NOT_FOUND`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("NOT_FOUND", message)
    }

    /// Names the argument or field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds data about the error.
    #[must_use]
    pub fn details(mut self, details: impl Into<Value>) -> Self {
        self.details = Some(Box::new(details.into()));
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }
}

/// The registered services by name. The map's order is the order of the declarations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry(BTreeMap<String, Service>);

impl Registry {
    /// Checks that every name can be written in a script and appears once.
    pub(crate) fn new(services: Vec<Service>) -> Result<Self, Invalid> {
        let mut registry = BTreeMap::new();
        let mut invalid = Invalid::default();
        for service in services {
            check_name(&service.name, "services", &mut invalid);
            let field = format!("services.{}", service.name);
            let mut seen = Vec::new();
            for method in &service.methods {
                check_name(&method.name, &field, &mut invalid);
                if seen.contains(&&method.name) {
                    let message = format!("has two methods named {}", method.name);
                    invalid.push(&field, "not_unique", message);
                }
                seen.push(&method.name);
            }
            if let Some(old) = registry.insert(service.name.clone(), service) {
                let message = format!("{} is registered twice", old.name);
                invalid.push("services", "not_unique", message);
            }
        }
        invalid.or(Self(registry))
    }

    /// Those that were checked when they were registered.
    pub(crate) fn of_checked(services: impl IntoIterator<Item = Service>) -> Self {
        let named = services.into_iter().map(|one| (one.name.clone(), one));
        Self(named.collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Service> {
        self.0.values()
    }

    /// The method of a call name such as `clients.get`, with its service.
    pub(crate) fn find(&self, path: &str) -> Option<(&Service, &Method)> {
        let (service, method) = path.split_once('.')?;
        let service = self.0.get(service)?;
        let method = service.methods.iter().find(|m| m.name == method)?;
        Some((service, method))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Service> {
        self.0.get(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Names become properties of objects in the script's world.
fn check_name(name: &str, field: &str, invalid: &mut Invalid) {
    if !is_name(name) {
        let message = format!("{name:?} cannot be the name of a service or method");
        invalid.push(field, "bad_identifier", message);
    }
}
