//! The way out. Whatever Scriptorium asks of other hosts on behalf of a tenant goes through [`Outbound`], which
//! decides where it may go: parsed once, looked up once, checked on the very address that is dialled, again
//! after every redirect. Nothing is asked of a proxy, and nothing of the environment is read.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use scriptorium_outbound::{Method, Outbound, Policy, Request};
//!
//! let outbound = Outbound::new(Policy::default())?;
//! let tenant = uuid::Uuid::nil();
//! let mut request = Request::new(tenant, Method::POST, "https://hooks.example.com/orders");
//! request.body = r#"{"id":1}"#.into();
//! let mut response = outbound.send(request).await?;
//! if response.status.is_success() {
//!     let body = response.bytes().await?;
//! #   drop(body);
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod client;
mod connections;
mod destination;
mod dial;
mod error;
mod identity;
mod policy;
mod request;
mod resolve;
mod response;
mod tenant;

pub use address::special;
pub use bytes::Bytes;
pub use client::{Outbound, Parts};
pub use destination::is_origin;
pub use error::{Blocked, Error, SetupError};
pub use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
pub use http::header::{HeaderName, HeaderValue};
pub use http::{HeaderMap, Method, StatusCode};
pub use identity::Identity;
pub use ipnet::IpNet;
pub use policy::{HostPattern, Policy, Rules};
pub use request::{Credential, Pace, REDIRECTS, RETRIES, Request, TIMEOUT, is_refused};
pub use resolve::{Answer, Resolve, Servers, Unknown};
pub use response::Response;
pub use rustls::pki_types::CertificateDer;
