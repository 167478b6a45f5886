//! Which endpoint answers a request: pure matching over the active endpoints of one tenant.
//! Paths are matched as they came over the wire and only parameter values are decoded, once, so
//! that no encoding of a slash or a dot can reach a route it does not spell (WEB-26).

use percent_encoding::percent_decode_str;
use scriptorium_model::ScriptId;
use scriptorium_model::endpoint::Method;

/// The endpoints of one tenant, ready to be searched.
#[derive(Debug, Default)]
pub struct Routes {
    by_method: Vec<(Method, matchit::Router<ScriptId>)>,
}

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// To this script, with the decoded parameters in path order.
    Script {
        /// The script.
        id: ScriptId,
        /// Its parameters by name.
        params: Vec<(String, String)>,
    },
    /// The path exists, but only for these methods.
    OtherMethods(Vec<Method>),
    /// Nowhere.
    Nothing,
}

impl Routes {
    /// Builds the search structure. An endpoint that collides with an earlier one is left out; the
    /// store refuses such endpoints, so that none gets here.
    pub fn new(endpoints: impl IntoIterator<Item = (ScriptId, Method, String)>) -> Self {
        let mut routes = Self::default();
        for (id, method, path) in endpoints {
            if let Err(error) = routes.router(method).insert(path, id) {
                tracing::error!(script = %id, %error, "endpoint left out of routing");
            }
        }
        routes
    }

    /// Finds the endpoint for a method and a raw path. The most specific path wins: text before a
    /// parameter before a wildcard. HEAD is looked up as GET.
    pub fn find(&self, method: &str, path: &str) -> Match {
        let wanted = if method == "HEAD" { "GET" } else { method };
        let mut others = Vec::new();
        for (candidate, router) in &self.by_method {
            let Some((id, params)) = at(router, path) else {
                continue;
            };
            if candidate.as_str() == wanted {
                return Match::Script { id, params };
            }
            others.push(*candidate);
        }
        if others.is_empty() {
            Match::Nothing
        } else {
            Match::OtherMethods(others)
        }
    }

    /// The methods a raw path answers to, for OPTIONS and `Allow`.
    pub fn methods(&self, path: &str) -> Vec<Method> {
        let answers = |(method, router): &(Method, matchit::Router<ScriptId>)| {
            at(router, path).map(|_| *method)
        };
        self.by_method.iter().filter_map(answers).collect()
    }

    fn router(&mut self, method: Method) -> &mut matchit::Router<ScriptId> {
        let place = self
            .by_method
            .iter()
            .position(|(known, _)| *known == method);
        let place = place.unwrap_or_else(|| {
            self.by_method.push((method, matchit::Router::new()));
            self.by_method.len() - 1
        });
        &mut self.by_method[place].1
    }
}

type Found = (ScriptId, Vec<(String, String)>);

fn at(router: &matchit::Router<ScriptId>, path: &str) -> Option<Found> {
    let found = router.at(path).ok()?;
    let params = found
        .params
        .iter()
        .map(|(name, raw)| Some((name.to_owned(), decode(raw)?)));
    Some((*found.value, params.collect::<Option<_>>()?))
}

/// Decodes a parameter. `None` for values that no honest link has: empty or dot segments, and
/// encoded slashes, backslashes and control characters.
fn decode(raw: &str) -> Option<String> {
    let decode_segment = |segment: &str| {
        let text = percent_decode_str(segment).decode_utf8().ok()?;
        let hostile = matches!(&*text, "" | "." | "..")
            || text.contains(|c: char| matches!(c, '/' | '\\') || c.is_control());
        (!hostile).then(|| text.into_owned())
    };
    let segments: Option<Vec<String>> = raw.split('/').map(decode_segment).collect();
    Some(segments?.join("/"))
}

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;

    use super::*;

    fn routes(list: &[(u128, &str, &[Method])]) -> Routes {
        Routes::new(list.iter().flat_map(|(id, path, methods)| {
            let id = ScriptId(Uuid::from_u128(*id));
            methods
                .iter()
                .map(move |method| (id, *method, (*path).to_owned()))
        }))
    }

    #[track_caller]
    fn check(routes: &Routes, method: &str, path: &str, expected: &str) {
        let found = match routes.find(method, path) {
            Match::Script { id, params } => {
                let params: Vec<String> = params.iter().map(|(k, v)| format!(" {k}={v}")).collect();
                format!("{}{}", id.0.as_u128(), params.concat())
            }
            Match::OtherMethods(methods) => {
                let names: Vec<&str> = methods.into_iter().map(Method::as_str).collect();
                format!("only {}", names.join(","))
            }
            Match::Nothing => "nothing".into(),
        };
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn the_most_specific_path_wins() {
        use Method::{Get, Post};
        let routes = routes(&[
            (1, "/reports/orders", &[Get]),
            (2, "/reports/{kind}", &[Get]),
            (3, "/{*rest}", &[Get]),
            (4, "/reports/{name}", &[Post]),
        ]);
        check(&routes, "GET", "/reports/orders", "1");
        check(&routes, "HEAD", "/reports/orders", "1");
        check(&routes, "GET", "/reports/stock", "2 kind=stock");
        check(&routes, "POST", "/reports/stock", "4 name=stock");
        check(&routes, "GET", "/a/b/c", "3 rest=a/b/c");
        check(&routes, "DELETE", "/reports/stock", "only GET,POST");
        check(&routes, "PATCH", "/else", "only GET");
    }

    #[test]
    fn parameters_are_decoded_once() {
        let routes = routes(&[(1, "/a/{x}", &[Method::Get])]);
        check(&routes, "GET", "/a/caf%C3%A9%20%31", "1 x=café 1");
        check(&routes, "GET", "/a/100%2525", "1 x=100%25");
    }

    #[test]
    fn no_spelling_of_a_path_reaches_another_route() {
        let routes = routes(&[
            (1, "/a/{x}", &[Method::Get]),
            (2, "/f/{*rest}", &[Method::Get]),
        ]);
        for path in [
            "/",
            "",
            "/a",
            "/a/",
            "//a/x",
            "/a//x",
            "/A/x",
            "/%61/x",
            "/a/..",
            "/a/%2e%2e",
            "/a/.",
            "/a/x%2fy",
            "/a/x%5cy",
            "/a/%00",
            "/a/x\\y",
            "/a/%ff",
            "/f/../a",
            "/f/%2e%2e/x",
            "/f/",
            "/f//x",
        ] {
            check(&routes, "GET", path, "nothing");
        }
    }
}
