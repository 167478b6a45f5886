//! Paths and methods of HTTP endpoint scripts: the syntax, and when two of them collide.

use crate::Invalid;
use crate::definition::at_most;

/// The longest path in characters (R-VAL-09, X-32).
const PATH_CHARS: usize = 500;

/// A method an endpoint may accept (R-VAL-10); HEAD and OPTIONS are the platform's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
    /// PATCH
    Patch,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Delete, Self::Patch];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
        }
    }

    /// The method of a name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// Checks a path: `/`, then segments that are text, `{name}`, or a last `{*name}`; at most 500
/// characters; no `.` or `..` segments (R-VAL-09).
///
/// # Errors
/// The broken rule, as field `http.path`.
pub fn validate_path(path: &str) -> Result<(), Invalid> {
    let refuse = |code, message: &str| Err(Invalid::field("http.path", code, message));
    if path.is_empty() {
        return refuse("required", "is required");
    }
    if !path.starts_with('/') {
        return refuse("bad_path", "must start with a slash");
    }
    at_most("http.path", path, PATH_CHARS)?;
    if path == "/" {
        return refuse("bad_path", "must name at least one segment");
    }
    let segments: Vec<&str> = path[1..].split('/').collect();
    let mut names = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        if segment.is_empty() {
            return refuse(
                "bad_path",
                "must not have empty segments or a trailing slash",
            );
        }
        if matches!(*segment, "." | "..") {
            return refuse("bad_path", "must not have . or .. segments");
        }
        let Some(parameter) = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) else {
            if !segment
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c))
            {
                return refuse(
                    "bad_path",
                    "segments may hold letters, digits and - _ . ~, or be {name}",
                );
            }
            continue;
        };
        let name = match parameter.strip_prefix('*') {
            Some(name) if index + 1 == segments.len() => name,
            Some(_) => return refuse("bad_path", "a {*name} must be the last segment"),
            None => parameter,
        };
        let mut chars = name.chars();
        let named = chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !named || name.len() > 50 {
            return refuse(
                "bad_path",
                "a parameter is a name of letters, digits and _ in braces",
            );
        }
        if names.contains(&name) {
            return refuse("bad_path", "each parameter may appear once");
        }
        names.push(name);
    }
    Ok(())
}

/// The routing key of a valid path: parameters lose their names, so that `/a/{x}` and `/a/{y}`
/// are the same place.
pub fn normalized(path: &str) -> String {
    let mut key = String::with_capacity(path.len());
    for segment in path.split('/').skip(1) {
        key.push('/');
        if segment.starts_with("{*") {
            key.push_str("{*}");
        } else if segment.starts_with('{') {
            key.push_str("{}");
        } else {
            key.push_str(segment);
        }
    }
    key
}
