//! What passes the wall in headers, both ways: our credentials never reach a script, and a script
//! never speaks to the browser with our origin's power (D13, WEB-20 to WEB-24).

use axum_extra::extract::cookie::Cookie;
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::is_own_cookie;

/// Headers about one connection, not about the message (RFC 9110 7.6.1).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Headers a script may not answer with: they steer the browser beyond this one response, steer
/// a proxy in front of us, or are the platform's own.
const REFUSED: [&str; 32] = [
    "accept-ch",
    "alt-svc",
    "authentication-info",
    "clear-site-data",
    "content-length",
    "content-security-policy",
    "content-security-policy-report-only",
    "critical-ch",
    "date",
    "document-policy",
    "expect-ct",
    "idempotent-replayed",
    "link",
    "nel",
    "origin-agent-cluster",
    "origin-trial",
    "public-key-pins",
    "public-key-pins-report-only",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "server",
    "server-timing",
    "service-worker-allowed",
    "set-cookie2",
    "set-login",
    "sourcemap",
    "strict-transport-security",
    "use-as-dictionary",
    "www-authenticate",
    "x-content-type-options",
    "x-request-id",
];

/// Families of headers a script may not answer with.
const REFUSED_PREFIXES: [&str; 9] = [
    "access-control-",
    "attribution-reporting-",
    "proxy-",
    "sec-",
    "speculation-",
    "x-accel-",
    "x-lighttpd-",
    "x-scriptorium-",
    "x-sendfile",
];

/// Where a script's cookies may live: below the endpoints.
const COOKIE_PATHS: [&str; 2] = ["/api/scripts", "/t/"];

/// Headers of a request as a script may see them: without our session cookie, without a bearer
/// that we took for ours, without those about the connection.
pub(crate) fn for_script(headers: &HeaderMap, bearer_consumed: bool) -> Vec<(String, String)> {
    let mut seen = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let is_hidden = HOP_BY_HOP.contains(&name.as_str())
            || name == "proxy-authorization"
            || (bearer_consumed && name == AUTHORIZATION);
        if is_hidden {
            continue;
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        if name != COOKIE {
            seen.push((name.as_str().to_owned(), text.into_owned()));
        } else if let Some(rest) = without_own_cookies(&text) {
            seen.push((name.as_str().to_owned(), rest));
        }
    }
    seen
}

/// Headers of a script's answer that may go out.
pub(crate) fn from_script(headers: &[(String, String)]) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        // Both constructors refuse CR, LF and NUL.
        let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) else {
            continue;
        };
        if may_answer_with(&name, &value) {
            kept.append(name, value);
        }
    }
    kept
}

fn may_answer_with(name: &HeaderName, value: &HeaderValue) -> bool {
    if name == SET_COOKIE {
        return value.to_str().is_ok_and(may_set_cookie);
    }
    let name = name.as_str();
    !HOP_BY_HOP.contains(&name)
        && !REFUSED.contains(&name)
        && !REFUSED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// A cookie of a script must not be taken for ours, nor reach past the endpoints.
fn may_set_cookie(text: &str) -> bool {
    // A cookie without a name is sent back as its bare value, which can spell another's name.
    let Ok(cookie) = Cookie::parse(text) else {
        return false;
    };
    let name = cookie.name().trim().to_ascii_lowercase();
    let is_privileged = name.starts_with("__host-") || name.starts_with("__secure-");
    let is_scoped = cookie.path().is_none_or(|path| {
        COOKIE_PATHS.iter().any(|below| path.starts_with(below)) && !path.contains("..")
    });
    !name.is_empty()
        && !is_privileged
        && !is_own_cookie(&name)
        && cookie.domain().is_none()
        && is_scoped
}

fn without_own_cookies(text: &str) -> Option<String> {
    let is_foreign = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !is_own_cookie(name.trim())
    };
    let rest: Vec<&str> = text.split(';').map(str::trim).filter(is_foreign).collect();
    (!rest.is_empty()).then(|| rest.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = list
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    #[track_caller]
    fn check_request(list: &[(&'static str, &str)], consumed: bool, expected: &[(&str, &str)]) {
        let seen = for_script(&headers(list), consumed);
        let seen: Vec<_> = seen.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn our_credentials_are_taken_out_of_the_request_and_nothing_else_is() {
        check_request(
            &[("cookie", "a=1; scriptorium=secret; b=2")],
            false,
            &[("cookie", "a=1; b=2")],
        );
        check_request(&[("cookie", "__Host-scriptorium=secret")], false, &[]);
        check_request(&[("cookie", "__hOsT-scriptorium=secret;;")], false, &[]);
        check_request(
            &[("cookie", "scriptorium2=x; myscriptorium=y")],
            false,
            &[("cookie", "scriptorium2=x; myscriptorium=y")],
        );
        check_request(&[("authorization", "Bearer scr_x")], true, &[]);
        check_request(
            &[("authorization", "Bearer other"), ("x-a", "1")],
            false,
            &[("authorization", "Bearer other"), ("x-a", "1")],
        );
        check_request(&[("connection", "close"), ("te", "trailers")], false, &[]);
    }

    #[track_caller]
    fn check_answer(name: &str, value: &str, passes: bool) {
        let kept = from_script(&[(name.to_owned(), value.to_owned())]);
        assert_eq!(!kept.is_empty(), passes, "{name}: {value}");
    }

    #[test]
    fn an_answer_speaks_for_itself_only() {
        for (name, value) in [
            ("Content-Type", "text/html"),
            ("X-Cache", "HIT"),
            ("Location", "https://example.com/"),
            ("Cache-Control", "max-age=60"),
            ("ETag", "\"1\""),
            ("Content-Disposition", "attachment; filename=\"a.csv\""),
            ("Retry-After", "3"),
            ("Set-Cookie", "cart=1; Path=/api/scripts/shop"),
            ("Set-Cookie", "cart=1; HttpOnly"),
        ] {
            check_answer(name, value, true);
        }
        for name in REFUSED.into_iter().chain(HOP_BY_HOP) {
            check_answer(name, "1", false);
            check_answer(&name.to_uppercase(), "1", false);
        }
        for (name, value) in [
            ("Access-Control-Allow-Origin", "*"),
            ("X-Accel-Redirect", "/internal"),
            ("X-Sendfile", "/etc/passwd"),
            ("X-Scriptorium-Execution", "forged"),
            ("Set-Cookie", "scriptorium=forged"),
            ("Set-Cookie", "Scriptorium=forged; Path=/api/scripts"),
            ("Set-Cookie", "__Host-other=1; Path=/; Secure"),
            ("Set-Cookie", "__sEcure-other=1"),
            ("Set-Cookie", "=__Host-scriptorium=forged"),
            ("Set-Cookie", "__Host-scriptorium"),
            ("Set-Cookie", "a=1; Domain=example.com"),
            ("Set-Cookie", "a=1; Path=/"),
            ("Set-Cookie", "a=1; Path=/api/scripts/../v1"),
            ("X-A", "1\r\nX-B: 2"),
            ("X-A", "1\0"),
            ("X A", "1"),
            ("", "1"),
        ] {
            check_answer(name, value, false);
        }
    }
}
