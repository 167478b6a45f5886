//! The browser assets: embedded files under hashed names, which never change and may be kept for
//! ever. The bundler has compressed them; nothing is compressed here.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
struct Files;

/// Hashed names by plain names, as the bundler wrote them.
static MANIFEST: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let file = Files::get("manifest.json");
    file.and_then(|file| serde_json::from_slice(&file.data).ok())
        .unwrap_or_default()
});

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The address of an asset by its plain name, such as `app.js`.
pub(crate) fn address(plain: &str) -> String {
    let name = MANIFEST.get(plain).map_or(plain, String::as_str);
    format!("/assets/{name}")
}

/// `GET /assets/{name}`
pub(crate) async fn serve(Path(name): Path<String>, request: HeaderMap) -> Response {
    let Some(file) = find(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // The name holds the content's hash, so it identifies the content.
    let tag = format!("\"{name}\"");
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, FOR_EVER);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, value);
    }
    if matches(&request, &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if let Ok(value) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(CONTENT_TYPE, value);
    }
    let (encoding, file) = smallest(&name, file, &request);
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    (headers, file.data).into_response()
}

/// A file that pages may ask for by this name; the manifest and compressed twins are not.
fn find(name: &str) -> Option<EmbeddedFile> {
    let plain = [".js", ".css", ".ttf"]
        .iter()
        .any(|end| name.ends_with(end));
    if plain { Files::get(name) } else { None }
}

fn matches(request: &HeaderMap, tag: &str) -> bool {
    let asked = request.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    asked.is_some_and(|list| list.split(',').any(|one| one.trim().ends_with(tag)))
}

/// The smallest form of the file that the browser can read.
fn smallest(
    name: &str,
    file: EmbeddedFile,
    request: &HeaderMap,
) -> (Option<&'static str>, EmbeddedFile) {
    let accepted = request
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let accepts = |wanted: &str| {
        accepted.split(',').any(|entry| {
            let mut parts = entry.trim().split(';');
            parts.next().is_some_and(|one| one.trim() == wanted)
                && parts.all(|weight| weight.trim() != "q=0")
        })
    };
    for (encoding, ending) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(encoding)
            && let Some(compressed) = Files::get(&format!("{name}{ending}"))
        {
            return (Some(encoding), compressed);
        }
    }
    (None, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(name: &str, header: Option<(&'static str, &str)>) -> Response {
        let mut request = HeaderMap::new();
        if let Some((key, value)) = header {
            request.insert(key, value.parse().unwrap());
        }
        serve(Path(name.to_owned()), request).await
    }

    fn app() -> String {
        address("app.js").trim_start_matches("/assets/").to_owned()
    }

    #[tokio::test]
    async fn an_asset_is_sent_compressed_as_the_browser_accepts() {
        for (accepted, expected) in [
            ("gzip, br", Some("br")),
            ("gzip, br;q=0", Some("gzip")),
            ("identity", None),
        ] {
            let response = get(&app(), Some(("accept-encoding", accepted))).await;
            assert_eq!(response.status(), StatusCode::OK, "{accepted}");
            let encoding = response.headers().get(CONTENT_ENCODING);
            let encoding = encoding.map(|value| value.to_str().unwrap());
            assert_eq!(encoding, expected, "{accepted}");
        }
    }

    #[tokio::test]
    async fn a_known_asset_is_not_sent_again() {
        let tag = format!("\"{}\"", app());
        let response = get(&app(), Some(("if-none-match", &tag))).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn only_assets_are_served() {
        for name in ["manifest.json", "../Cargo.toml", "app.js", "x.js.br"] {
            let response = get(name, None).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
