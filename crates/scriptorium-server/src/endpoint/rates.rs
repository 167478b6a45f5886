//! How often an endpoint may be called, as answers tell it: `RateLimit` and `RateLimit-Policy` of the
//! IETF's draft, for each bucket that a call was counted in.

use http::{HeaderMap, HeaderName, HeaderValue};
use scriptorium::{Rate, RateExceeded};

use crate::problem::Problem;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Tells how the buckets stand.
pub(super) fn tell(headers: &mut HeaderMap, rates: &[Rate]) {
    for rate in rates {
        let [policy, state] = written(rate, None);
        append(headers, RATELIMIT_POLICY, &policy);
        append(headers, RATELIMIT, &state);
    }
}

/// The refusal of a call that came too soon.
pub(super) fn refused(exceeded: &RateExceeded) -> Problem {
    let wait = exceeded.retry_after.as_millis().div_ceil(1_000).max(1);
    let [policy, state] = written(&exceeded.rate, Some(wait));
    let whose = match exceeded.rate.scope {
        scriptorium::RateScope::Endpoint => "The endpoint is called",
        scriptorium::RateScope::Caller => "You call the endpoint",
        scriptorium::RateScope::Tenant => "The endpoints of this tenant are called",
    };
    let problem = Problem::new(http::StatusCode::TOO_MANY_REQUESTS, "rate_limited")
        .detail(format!("{whose} too often. Nothing was begun; try again."))
        .retry_after(exceeded.retry_after);
    let header = |problem: Problem, name, text: &str| match HeaderValue::from_str(text) {
        Ok(value) => problem.header(name, value),
        Err(_) => problem,
    };
    let problem = header(problem, RATELIMIT_POLICY, &policy);
    header(problem, RATELIMIT, &state)
}

fn written(rate: &Rate, wait: Option<u128>) -> [String; 2] {
    let name = rate.scope.as_str();
    let wait = wait.map(|seconds| format!(";t={seconds}"));
    [
        format!("\"{name}\";q={};w=60", rate.per_minute),
        format!(
            "\"{name}\";r={}{}",
            rate.remaining,
            wait.unwrap_or_default()
        ),
    ]
}

fn append(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.append(name, value);
    }
}
