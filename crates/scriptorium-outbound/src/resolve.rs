//! Names become addresses here and nowhere else: by the name servers of the system's configuration, without
//! its search domains, its `hosts` file or what is told on the local link. Lookups can be dropped, which
//! those of the C library cannot.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;

/// How long one name server has for one question.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often one is asked.
const ATTEMPTS: usize = 2;
/// Questions under way at once at one name server.
const QUESTIONS: usize = 256;

/// Where names are looked up.
pub trait Resolve: Send + Sync + 'static {
    /// Looks a name up, of both families. Dropping the future ends the lookup.
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Answer, Unknown>>;
}

/// What a name leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Every address that was told, whether for this name or for another.
    pub addresses: Vec<IpAddr>,
    /// The other names that it leads over.
    pub names: Vec<String>,
}

/// Nobody knows the name, or nobody who does could be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name is not known")]
pub struct Unknown;

/// The name servers of the system.
pub struct Servers(Option<TokioResolver>);

impl Servers {
    /// Those of the system's configuration, as it is now. When there are none, no name is known.
    #[must_use]
    pub fn of_system() -> Self {
        match read_system_conf() {
            Ok((config, _)) => Self::new(config.name_servers().to_vec()),
            Err(error) => {
                tracing::warn!(%error, "there are no name servers; names cannot be looked up for scripts");
                Self(None)
            }
        }
    }

    /// These.
    #[must_use]
    pub fn new(servers: Vec<NameServerConfig>) -> Self {
        // Neither the system's domain nor its search list: a name is what it says.
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        let options = builder.options_mut();
        options.use_hosts_file = ResolveHosts::Never;
        options.timeout = PATIENCE;
        options.attempts = ATTEMPTS;
        options.max_active_requests = QUESTIONS;
        options.preserve_intermediates = true;
        options.try_tcp_on_error = true;
        // Nobody can tell by the time it takes what another tenant has looked up.
        options.cache_size = 0;
        Self(builder.build().ok())
    }
}

impl Resolve for Servers {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Answer, Unknown>> {
        Box::pin(async move {
            let resolver = self.0.as_ref().ok_or(Unknown)?;
            let mut asked = Name::from_ascii(name).map_err(|_| Unknown)?;
            asked.set_fqdn(true);
            let (v4, v6) = tokio::join!(
                resolver.lookup(asked.clone(), RecordType::A),
                resolver.lookup(asked.clone(), RecordType::AAAA),
            );
            let mut answer = Answer::default();
            for lookup in [v4, v6].into_iter().flatten() {
                answer.take(&lookup);
            }
            if answer.addresses.is_empty() {
                return Err(Unknown);
            }
            Ok(answer)
        })
    }
}

impl Answer {
    fn take(&mut self, lookup: &Lookup) {
        for record in lookup.answers() {
            match &record.data {
                RData::A(address) => self.addresses.push(IpAddr::V4(address.0)),
                RData::AAAA(address) => self.addresses.push(IpAddr::V6(address.0)),
                RData::CNAME(target) => {
                    let name = target.0.to_ascii();
                    self.names.push(name.trim_end_matches('.').to_owned());
                }
                _ => {}
            }
        }
    }
}
