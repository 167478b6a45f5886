//! What a tenant's requests carry to one origin: headers and certificates, and to that origin only.

use http::{HeaderMap, HeaderName, HeaderValue};
use scriptorium_outbound::{Credential, Identity, Method, Request};
use uuid::Uuid;

use crate::server::{Server, answer, open_to};
use crate::tls::{Secure, body, pem, trusting};

fn key(origin: &str, value: &'static str) -> Credential {
    Credential {
        origin: origin.to_owned(),
        headers: HeaderMap::from_iter([(
            HeaderName::from_static("x-key"),
            HeaderValue::from_static(value),
        )]),
        identity: None,
    }
}

#[tokio::test]
async fn a_credential_goes_to_its_origin_only() {
    let other = Server::start(|_| answer("200 OK", "", b"")).await;
    let to = format!("location: {}\r\n", other.url("/there"));
    let own = Server::start(move |asked| match asked.target() {
        "/on" => answer("302 Found", &to, b""),
        "/stay" => answer("302 Found", "location: /home\r\n", b""),
        _ => answer("200 OK", "", b""),
    })
    .await;
    let outbound = open_to(&[own.address, other.address]);
    for path in ["/on", "/stay"] {
        let mut request = Request::new(Uuid::nil(), Method::GET, own.url(path));
        request
            .headers
            .insert("x-key", HeaderValue::from_static("the script's own"));
        request.credentials = vec![key(&format!("http://{}", own.address), "secret")];
        outbound.send(request).await.unwrap();
    }
    let keys = |server: &Server| -> Vec<Option<String>> {
        server
            .asked()
            .iter()
            .map(|asked| asked.header("x-key").map(str::to_owned))
            .collect()
    };
    let secret = Some("secret".to_owned());
    assert_eq!(keys(&own), [secret.clone(), secret.clone(), secret]);
    assert_eq!(keys(&other), [None]);
}

#[tokio::test]
async fn a_certificate_is_shown_to_its_origin_only() {
    let server = Secure::start("host", true).await;
    let port = server.address.port();
    let outbound = trusting(&[server.address]);
    let identity = Identity::from_pem(&pem("client")).unwrap();
    let send = async |tenant: u128, origin: Option<&str>| {
        let url = format!("https://good.example.com:{port}/");
        let mut request = Request::new(Uuid::from_u128(tenant), Method::GET, url);
        request.credentials = origin
            .map(|origin| Credential {
                identity: Some(identity.clone()),
                ..key(origin, "secret")
            })
            .into_iter()
            .collect();
        body(&outbound, request).await.map_err(|error| error.code())
    };
    let own = format!("https://good.example.com:{port}");
    assert_eq!(
        send(1, Some(&own)).await.as_deref(),
        Ok("1 good.example.com secret")
    );
    // A connection that the certificate has opened is not used without it, nor by another tenant.
    assert_eq!(send(1, None).await, Err("HTTP_ERROR"));
    assert_eq!(send(2, None).await, Err("HTTP_ERROR"));
    assert_eq!(
        send(1, Some("https://good.example.com")).await,
        Err("HTTP_ERROR")
    );
    assert_eq!(
        send(1, Some(&own)).await.as_deref(),
        Ok("1 good.example.com secret")
    );
}

#[test]
fn a_certificate_comes_with_its_key() {
    let (client, host) = (pem("client"), pem("host"));
    let split = |text: &str| text.find("-----BEGIN PRIVATE").unwrap();
    let (certificate, own_key) = client.split_at(split(&client));
    let other_key = &host[split(&host)..];
    assert!(Identity::from_pem(&client).is_ok());
    assert!(Identity::from_pem(&format!("{own_key}{certificate}")).is_ok());
    for (text, expectation) in [
        (String::new(), "must hold a certificate"),
        ("nonsense".to_owned(), "must hold a certificate"),
        (own_key.to_owned(), "must hold a certificate"),
        (
            certificate.to_owned(),
            "must hold the certificate's private key",
        ),
        (
            format!("{certificate}{other_key}"),
            "must hold the private key of its first certificate",
        ),
        ("x".repeat(65_537), "must have at most 65536 bytes"),
    ] {
        let error = Identity::from_pem(&text).unwrap_err();
        assert_eq!(error.code(), "VALIDATION_ERROR");
        assert!(error.to_string().contains(expectation), "{error}");
    }
    assert_eq!(
        format!("{:?}", Identity::from_pem(&client).unwrap()),
        "Identity(…)"
    );
}
