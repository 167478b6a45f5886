//! The table of addresses against a second implementation: `data/addresses.py` has written what Python and
//! IANA's registries say.

use std::fmt::Write as _;
use std::net::IpAddr;

use scriptorium_outbound::special;

#[test]
fn another_implementation_agrees_about_every_address() {
    let table = include_str!("../data/addresses.txt");
    let mut wrong = String::new();
    let mut open = 0;
    for line in table.lines() {
        let (address, verdict) = line.split_once(' ').unwrap();
        let ours = match special(address.parse::<IpAddr>().unwrap()) {
            Some(_) => "refused",
            None => "open",
        };
        open += usize::from(ours == "open");
        if ours != verdict {
            writeln!(wrong, "{address} is {ours}, and should be {verdict}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Neither everything nor nothing.
    let all = table.lines().count();
    assert!(all > 5_000 && open > 1_000, "{open} of {all}");
}
