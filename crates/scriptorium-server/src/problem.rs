//! What the API answers when it does not do what was asked: an RFC 9457 problem document with a
//! stable code. Not the rule which error becomes which problem; that is [`crate::refusal`].

use std::collections::BTreeMap;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

/// The content type of every problem document.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal on its way out; boxed, because every handler may return one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Problem(Box<Document>);

/// A problem document (RFC 9457) with our members `code`, `errors`, `execution_id`, `current`,
/// `request_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// Names the kind of problem; `urn:scriptorium:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem in English.
    title: String,
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16, example = 422)]
    status: StatusCode,
    /// The stable code, such as `validation_failed`.
    code: String,
    /// What happened this time, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The refused fields, when the input was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    /// The execution that failed, when a script did.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_id: Option<String>,
    /// The present version, when somebody else saved it meanwhile (`stale_version`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::api::versions::VersionBody>)]
    current: Option<serde_json::Value>,
    /// Id of the request, as in the header `x-request-id` and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    headers: HeaderMap,
}

/// One refused field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Its path, such as `schedule.cron`.
    pub(crate) field: String,
    /// The broken rule, such as `required`.
    pub(crate) code: String,
    /// The rule in English.
    pub(crate) message: String,
    /// The figures of the message by name, for translation.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) params: BTreeMap<&'static str, String>,
}

impl FieldProblem {
    /// A refused field without figures.
    pub(crate) fn new(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            code: code.to_owned(),
            message: message.into(),
            params: BTreeMap::new(),
        }
    }
}

impl Problem {
    /// A problem whose title is the status's own phrase.
    pub(crate) fn new(status: StatusCode, code: &str) -> Self {
        Self(Box::new(Document {
            kind: format!("urn:scriptorium:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status,
            code: code.to_owned(),
            detail: None,
            errors: Vec::new(),
            execution_id: None,
            current: None,
            request_id: None,
            headers: HeaderMap::new(),
        }))
    }

    /// The problem of a status that the framework answered without a document.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::NOT_ACCEPTABLE => "not_acceptable",
            StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
            status if status.is_server_error() => "internal",
            _ => "bad_request",
        };
        Self::new(status, code)
    }

    /// Nothing there, or nothing that the caller may know of.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found").detail("There is no such thing here.")
    }

    /// The platform failed; the log has the reason under the request id.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
            .detail("The platform failed. The operator finds the reason under the request id.")
    }

    /// No credential, or one that is not or no longer valid.
    pub(crate) fn unauthenticated(challenge: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated")
            .detail("Sign in, or send a valid token.")
            .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// An unsafe request of another origin with a browser's credentials.
    pub(crate) fn cross_origin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "cross_origin")
            .detail("A page of another origin may not do this with your session.")
    }

    /// The input breaks a rule.
    pub(crate) fn invalid(errors: Vec<FieldProblem>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            many => format!("{} fields were refused.", many.len()),
        };
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed").detail(detail);
        problem.0.errors = errors;
        problem
    }

    /// One refused field.
    pub(crate) fn field(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldProblem::new(field, code, message)])
    }

    /// The same problem, said more exactly.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The same problem with a field named.
    #[must_use]
    pub(crate) fn with_error(mut self, error: FieldProblem) -> Self {
        self.0.errors.push(error);
        self
    }

    /// The same problem with the execution that failed.
    #[must_use]
    pub(crate) fn execution(mut self, id: impl ToString) -> Self {
        self.0.execution_id = Some(id.to_string());
        self
    }

    /// The failed execution as the value of a header.
    pub(crate) fn execution_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(self.0.execution_id.as_deref()?).ok()
    }

    /// The same problem with the time after which to try again.
    #[must_use]
    pub(crate) fn retry_after(self, after: Duration) -> Self {
        let seconds = after.as_millis().div_ceil(1_000).max(1);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The same problem with the methods that would have been accepted.
    #[must_use]
    pub(crate) fn allow(self, methods: &str) -> Self {
        match HeaderValue::from_str(methods) {
            Ok(value) => self.header(ALLOW, value),
            Err(_) => self,
        }
    }

    /// The same problem, as the answer to a request that was answered so before.
    #[must_use]
    pub(crate) fn repeated(self) -> Self {
        let name = http::HeaderName::from_static("idempotent-replayed");
        self.header(name, HeaderValue::from_static("true"))
    }

    /// The same problem with a header of the response.
    #[must_use]
    pub(crate) fn header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The same problem, with what is there instead.
    #[must_use]
    pub(crate) fn current(mut self, current: serde_json::Value) -> Self {
        self.0.current = Some(current);
        self
    }

    /// Whether it is about a newer version.
    pub(crate) fn is_stale_version(&self) -> bool {
        self.0.code == "stale_version"
    }

    /// The same problem, naming the request.
    #[must_use]
    pub(crate) fn request(mut self, id: &str) -> Self {
        self.0.request_id = Some(id.to_owned());
        self
    }
}

impl IntoResponse for Problem {
    /// The response also carries the problem as an extension, from which the outermost layer
    /// writes the document again with the request id.
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.0.status, body).into_response();
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        for (name, value) in &self.0.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

fn status_number<S: serde::Serializer>(
    status: &StatusCode,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_holds_its_members_and_no_others() {
        let problem = Problem::field("name", "required", "is required").request("r1");
        let expected = serde_json::json!({
            "type": "urn:scriptorium:problem:validation_failed",
            "title": "Unprocessable Entity",
            "status": 422,
            "code": "validation_failed",
            "detail": "name: is required",
            "errors": [{"field": "name", "code": "required", "message": "is required"}],
            "request_id": "r1",
        });
        assert_eq!(serde_json::to_value(&problem).unwrap(), expected);
    }

    #[test]
    fn retry_after_is_at_least_one_whole_second() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2")] {
            let problem = Problem::not_found().retry_after(Duration::from_millis(millis));
            assert_eq!(problem.0.headers[RETRY_AFTER], seconds, "{millis}");
        }
    }
}
