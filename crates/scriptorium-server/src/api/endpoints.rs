//! The endpoints of a tenant as an OpenAPI document, made of what their scripts say (R-HTTP-16). It is
//! for those who may see the scripts.

use axum::Json;
use axum::extract::State;
use scriptorium::ScriptFilter;
use scriptorium::model::Ctx;
use scriptorium::model::endpoint::Method;
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::{Script, ScriptStatus, ScriptType};
use scriptorium::model::trigger::{Endpoint, EndpointAuth, SignatureScheme};
use serde_json::{Map, Value, json};

use super::Refused;
use crate::auth::Authenticated;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::state::App;

/// The active endpoints of the tenant as an OpenAPI document.
#[utoipa::path(get, path = "/endpoints/openapi.json", tag = "reference", operation_id = "endpoints",
    responses((status = 200, body = crate::raw_json::RawJson), Refused))]
pub(crate) async fn document(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<Value>, Problem> {
    let scripts = active(&app, caller.ctx()).await?;
    let tenant = &caller.0.tenant;
    Ok(Json(document_of(&tenant.slug, &tenant.name, &scripts)))
}

async fn active(app: &App, ctx: &Ctx) -> Result<Vec<Script>, Problem> {
    let filter = ScriptFilter {
        kind: Some(ScriptType::Http),
        status: Some(ScriptStatus::Active),
        ..ScriptFilter::default()
    };
    let mut scripts = Vec::new();
    let mut page = PageRequest::new(Some(PageRequest::MAX_LIMIT), None)?;
    loop {
        let found = app.platform.scripts().list(ctx, &filter, &page).await?;
        scripts.extend(found.items.into_iter().map(|summary| summary.script));
        match found.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => return Ok(scripts),
        }
    }
}

fn document_of(slug: &str, tenant: &str, scripts: &[Script]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for script in scripts {
        let Some(endpoint) = script.trigger.endpoint() else {
            continue;
        };
        let path = endpoint.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        for method in &endpoint.methods {
            item[method.as_str().to_ascii_lowercase()] = operation(script, endpoint, *method);
        }
    }
    let schemes = json!({
        "token": { "type": "http", "scheme": "bearer", "description": "An API token of the tenant." },
        "standard": signed("webhook-signature", "Standard Webhooks"),
        "stripe": signed("stripe-signature", "Stripe"),
        "github": signed("x-hub-signature-256", "GitHub"),
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("Endpoints of {tenant}"),
            "version": "1",
            "description": "What the active endpoint scripts of the tenant answer. Refusals are RFC 9457 \
                problem documents with a stable `code`.",
        },
        "servers": [{ "url": format!("/t/{slug}/api/scripts") }],
        "paths": paths,
        "components": { "schemas": { "Problem": problem() }, "securitySchemes": schemes },
    })
}

fn signed(header: &str, form: &str) -> Value {
    json!({
        "type": "apiKey",
        "in": "header",
        "name": header,
        "description": format!("A signature of the body in the form of {form}."),
    })
}

fn problem() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": text,
            "title": text,
            "status": { "type": "integer" },
            "code": { "type": "string", "description": "The stable code." },
            "detail": text,
            "execution_id": { "type": "string", "description": "The execution that failed." },
            "request_id": text,
        },
    })
}

fn operation(script: &Script, endpoint: &Endpoint, method: Method) -> Value {
    let mut operation = json!({
        "operationId": format!("{}_{}", method.as_str().to_ascii_lowercase(), script.id),
        "summary": script.name,
        "parameters": parameters(&endpoint.path),
        "security": security(endpoint),
        "responses": responses(script, endpoint, method),
    });
    if !script.description.is_empty() {
        operation["description"] = script.description.as_str().into();
    }
    if !script.tags.is_empty() {
        operation["tags"] = script.tags.clone().into();
    }
    if takes_body(method) {
        operation["requestBody"] = body(script);
    }
    operation
}

fn takes_body(method: Method) -> bool {
    matches!(method, Method::Post | Method::Put | Method::Patch)
}

fn parameters(path: &str) -> Value {
    let parameter = |segment: &str| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let (name, about) = match name.strip_prefix('*') {
            Some(rest) => (rest, "The rest of the path, slashes included."),
            None => (name, ""),
        };
        Some(json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": about,
            "schema": { "type": "string" },
        }))
    };
    path.split('/').filter_map(parameter).collect()
}

fn security(endpoint: &Endpoint) -> Value {
    match (endpoint.auth, endpoint.signature) {
        (EndpointAuth::Public, _) => json!([]),
        (EndpointAuth::Signature, scheme) => {
            let scheme = scheme.map_or("standard", SignatureScheme::as_str);
            json!([{ scheme: [] }])
        }
        (EndpointAuth::Required, _) => json!([{ "token": [] }]),
    }
}

/// A schema of a script; what refers to its own parts does so from where it stands.
fn placed(schema: &scriptorium::model::Json, id: String) -> Value {
    let mut schema = schema.to_value();
    if let Value::Object(members) = &mut schema {
        members.entry("$id").or_insert_with(|| id.into());
    }
    schema
}

/// The body as the input schema has it.
fn body(script: &Script) -> Value {
    let Some(schema) = &script.input_schema else {
        return json!({ "content": { "*/*": { "schema": {} } } });
    };
    let schema = placed(schema, format!("urn:uuid:{}", script.id));
    json!({
        "required": true,
        "content": { "application/json": { "schema": schema } },
    })
}

fn responses(script: &Script, endpoint: &Endpoint, method: Method) -> Value {
    let mut all = Map::new();
    if let Some(schema) = &script.output_schema {
        let schema = placed(schema, format!("urn:scriptorium:output:{}", script.id));
        let content = json!({ "application/json": { "schema": schema } });
        let answer = json!({ "description": "What the script returns.", "content": content });
        all.insert("200".to_owned(), answer);
    }
    let answer = json!({ "description": "What the script answers.", "content": { "*/*": { "schema": {} } } });
    all.insert("default".to_owned(), answer);
    let mut refusals = vec![
        (
            400,
            "The request cannot be read, or does not suit the input schema.",
        ),
        (
            429,
            "Called too often, or too much runs at once; nothing was begun.",
        ),
        (500, "The script failed."),
        (
            503,
            "There is no room, or the script is held back; nothing was begun.",
        ),
        (504, "The script did not answer in time."),
    ];
    match endpoint.auth {
        EndpointAuth::Required => {
            refusals.push((401, "No valid session or token."));
            refusals.push((403, "A permission is missing."));
        }
        EndpointAuth::Signature => {
            refusals.push((401, "The signature is missing, wrong or too old."));
            refusals.push((409, "This request was accepted before."));
        }
        EndpointAuth::Public => {}
    }
    if takes_body(method) {
        refusals.push((413, "The body is too large."));
    }
    refusals.sort_unstable();
    for (status, about) in refusals {
        let content =
            json!({ PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } });
        let refusal = json!({ "description": about, "content": content });
        all.insert(status.to_string(), refusal);
    }
    all.into()
}
