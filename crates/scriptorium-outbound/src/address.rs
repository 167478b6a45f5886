//! Which addresses lie outside: everything that is routed everywhere and belongs to somebody else. What is
//! special is refused by a table; what carries another address inside is refused whatever that is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;

/// IANA's special-purpose addresses of IPv4, and one of Azure's that looks public.
const SPECIAL_V4: [(&str, &str); 20] = [
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "a private network"),
    ("100.64.0.0/10", "a provider's shared network"),
    ("127.0.0.0/8", "this machine"),
    ("168.63.129.16/32", "a cloud's own service"),
    ("169.254.0.0/16", "the local link"),
    ("172.16.0.0/12", "a private network"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT"),
    ("192.88.99.0/24", "6to4 relays"),
    ("192.168.0.0/16", "a private network"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarks"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("255.255.255.255/32", "broadcast"),
];

/// The only addresses of IPv6 that are handed out to be reached from everywhere.
const GLOBAL_V6: &str = "2000::/3";

/// What is special within [`GLOBAL_V6`].
const SPECIAL_V6: [(&str, &str); 5] = [
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
];

/// What an operator may open for scripts: networks that are private by their definition.
const PRIVATE: [&str; 5] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
];

/// Services of clouds that tell credentials to whoever asks. They stay closed in a network that was opened.
const METADATA: [&str; 4] = [
    "100.100.100.200/32",
    "fd00:ec2::23/128",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
];

struct Tables {
    special: Vec<(IpNet, &'static str)>,
    global_v6: Vec<IpNet>,
    private: Vec<IpNet>,
    metadata: Vec<IpNet>,
}

/// A row that cannot be read is left out, which a test would see.
fn networks(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let rows = SPECIAL_V4.iter().chain(&SPECIAL_V6);
    Tables {
        special: rows
            .filter_map(|(text, what)| Some((text.parse().ok()?, *what)))
            .collect(),
        global_v6: networks(&[GLOBAL_V6]),
        private: networks(&PRIVATE),
        metadata: networks(&METADATA),
    }
});

/// What makes an address one that nobody on the outside has; `None` when anybody may be asked there.
#[must_use]
pub fn special(address: IpAddr) -> Option<&'static str> {
    let tables = &*TABLES;
    if let IpAddr::V6(v6) = address {
        // Mapped, compatible and translated IPv4, NAT64, unique local, link-local, multicast: all of them.
        let mut handed_out = tables.global_v6.iter();
        if !handed_out.any(|network| network.contains(&address)) {
            return Some("no address of the outside");
        }
        if carries_v4(v6) {
            return Some("an address inside of an address");
        }
    }
    let row = tables
        .special
        .iter()
        .find(|(network, _)| network.contains(&address));
    row.map(|(_, what)| *what)
}

/// ISATAP: an interface identifier that is an IPv4 address, in whatever network.
fn carries_v4(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    // The two bits say whether the address inside is unique, and whether it is a group's.
    parts[4] & !0x0300 == 0 && parts[5] == 0x5efe
}

/// Whether an operator may open a network: it is private as a whole.
#[must_use]
pub(crate) fn may_be_opened(network: &IpNet) -> bool {
    TABLES
        .private
        .iter()
        .any(|private| private.contains(network))
}

/// Whether credentials are told there to whoever asks.
#[must_use]
pub(crate) fn is_metadata(address: IpAddr) -> bool {
    let listed = &TABLES.metadata;
    listed.iter().any(|network| network.contains(&address))
}

/// Whether an address is this machine's own, whatever it looks like: only those can be bound to. No packet
/// is sent.
#[must_use]
pub(crate) fn is_own(address: IpAddr) -> bool {
    // Where the system lets everything be bound to (`ip_nonlocal_bind`), that tells nothing; then the
    // kernel is asked from which address it would write to this one. To one of its own it writes from that.
    static TELLS: LazyLock<bool> =
        LazyLock::new(|| !binds(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
    if *TELLS {
        return binds(address);
    }
    let from: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((from, 0));
    socket.is_ok_and(|socket| {
        socket.connect((address, 9)).is_ok()
            && socket.local_addr().is_ok_and(|own| own.ip() == address)
    })
}

fn binds(address: IpAddr) -> bool {
    std::net::UdpSocket::bind((address, 0)).is_ok()
}
