//! Whoever answers by https has to prove the name that was asked for, and nobody can turn that off.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use scriptorium_outbound::{Blocked, Error, Method, Outbound, Parts, Policy, Request};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::server::{Server, Table, answer, read};

pub(crate) fn pem(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates");
    std::fs::read_to_string(format!("{folder}/{name}.pem")).unwrap()
}

fn authority() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem("authority").as_bytes()).unwrap()
}

/// A server with one of the certificates, which tells by whom it was asked.
pub(crate) struct Secure {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Secure {
    pub(crate) async fn start(certificate: &str, asks_for_one: bool) -> Self {
        let text = pem(certificate);
        let chain = CertificateDer::pem_slice_iter(text.as_bytes())
            .map(Result::unwrap)
            .collect();
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks_for_one {
            let mut roots = RootCertStore::empty();
            roots.add(authority()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_single_cert(chain, key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    while let Some(asked) = read(&mut stream).await {
                        let known = stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
                        let named = stream
                            .get_ref()
                            .1
                            .server_name()
                            .unwrap_or_default()
                            .to_owned();
                        let told =
                            format!("{known} {named} {}", asked.header("x-key").unwrap_or("-"));
                        let said = match asked.target().split_once('?') {
                            Some((_, to)) => {
                                answer("302 Found", &format!("location: {to}\r\n"), b"")
                            }
                            None => answer("200 OK", "", told.as_bytes()),
                        };
                        let _ = stream.write_all(&said).await;
                    }
                });
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }
}

/// A client that trusts the authority of the tests.
pub(crate) fn trusting(addresses: &[SocketAddr]) -> Outbound {
    let names = Table::of(&[
        ("good.example.com", "127.0.0.1"),
        ("other.example.com", "127.0.0.1"),
    ]);
    Outbound::with(Parts {
        policy: Policy::closed().allow(addresses.iter().copied()),
        resolver: names,
        authorities: Some(vec![authority()]),
        first_wait: Duration::from_millis(1),
    })
    .unwrap()
}

pub(crate) async fn body(outbound: &Outbound, request: Request) -> Result<String, Error> {
    let bytes = outbound.send(request).await?.bytes().await?;
    Ok(String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn a_host_has_to_prove_its_name() {
    for (certificate, host, good) in [
        ("host", "good.example.com", true),
        ("host", "other.example.com", false),
        ("host", "127.0.0.1", false),
        ("address", "127.0.0.1", true),
        ("address", "good.example.com", false),
        ("expired", "good.example.com", false),
        ("self", "good.example.com", false),
    ] {
        let server = Secure::start(certificate, false).await;
        let outbound = trusting(&[server.address]);
        let url = format!("https://{host}:{}/", server.address.port());
        let told = body(&outbound, Request::new(Uuid::nil(), Method::GET, url)).await;
        match told {
            Ok(told) => {
                assert!(good, "{certificate} {host}");
                let named = if host.starts_with('1') { "" } else { host };
                assert_eq!(told, format!("0 {named} -"));
            }
            Err(error) => {
                assert!(!good, "{certificate} {host}: {error}");
                assert!(
                    matches!(error, Error::Untrusted { .. }),
                    "{certificate} {host}: {error:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_tls_is_not_reached_by_https() {
    // It answers whatever comes as such servers do.
    let server = Server::raw(|mut stream, _| {
        Box::pin(async move {
            let _ = stream.read(&mut [0; 64]).await;
            let _ = stream.write_all(&answer("400 Bad Request", "", b"")).await;
        })
    })
    .await;
    let outbound = trusting(&[server.address]);
    let url = format!("https://good.example.com:{}/", server.address.port());
    let error = outbound
        .send(Request::new(Uuid::nil(), Method::GET, url))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "HTTP_ERROR");
}

#[tokio::test]
async fn a_redirect_does_not_leave_tls() {
    let plain = Server::start(|_| answer("200 OK", "", b"reached")).await;
    let secure = Secure::start("host", false).await;
    let outbound = trusting(&[plain.address, secure.address]);
    let base = format!("https://good.example.com:{}", secure.address.port());
    let send = async |to: &str| {
        let url = format!("{base}/?{to}");
        let sent = outbound
            .send(Request::new(Uuid::nil(), Method::GET, url))
            .await;
        sent.map(|response| response.url)
    };
    assert_eq!(send(&format!("{base}/x")).await, Ok(format!("{base}/x")));
    assert_eq!(
        send(&plain.url("/")).await,
        Err(Error::Blocked(Blocked::Downgrade))
    );
    assert!(plain.asked().is_empty());
}
