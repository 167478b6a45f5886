//! An endpoint under the load of `wrk`, a program of its own: every execution is in the history, and on
//! disk, before it is answered.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::endpoint::CONNECTIONS;
use crate::figures::micros;
use crate::site::{Site, endpoint};

/// What `wrk` saw.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Served {
    pub(crate) per_second: f64,
    #[serde(rename = "p50_us", serialize_with = "micros")]
    pub(crate) p50: Duration,
    #[serde(rename = "p99_us", serialize_with = "micros")]
    pub(crate) p99: Duration,
}

pub(super) fn measure(site: &Site, time: Duration) -> Result<Served> {
    let source = "export default (request) => ({ method: request.method })";
    let active = site.world.activate("trivial", endpoint("/trivial"), source);
    site.runtime.block_on(active)?;
    let url = format!("http://{}/api/scripts/trivial", site.address);
    load(&url, time.div_f64(5.0))?;
    load(&url, time)
}

fn load(url: &str, time: Duration) -> Result<Served> {
    let seconds = time.as_secs().max(1);
    let output = Command::new("wrk")
        .args(["--threads", "1", "--latency"])
        .args(["--connections", &CONNECTIONS.to_string()])
        .args(["--duration", &format!("{seconds}s"), url])
        .output()
        .context("wrk cannot be started; Debian has it as `wrk`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {text}");
    ensure!(
        !text.contains("Non-2xx") && !text.contains("Socket errors"),
        "not all answers were good: {text}"
    );
    read(&text).with_context(|| format!("wrk said something else: {text}"))
}

/// Reads `50%  2.31ms` and `Requests/sec:  6012.55`.
fn read(text: &str) -> Option<Served> {
    let after = |name: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(name).map(str::trim))
    };
    Some(Served {
        per_second: after("Requests/sec:")?.parse().ok()?,
        p50: duration(after("50%")?)?,
        p99: duration(after("99%")?)?,
    })
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Some(Duration::from_secs_f64(
        number.parse::<f64>().ok()? * seconds,
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Served, read};

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "  Latency Distribution\n     50%    2.31ms\n     75%    3.00ms\n     90%    4.10ms\n     \
                    99%  812.00us\n  1234 requests in 5.00s, 1.10MB read\nRequests/sec:   6012.55\n";
        let served = Served {
            per_second: 6012.55,
            p50: Duration::from_micros(2_310),
            p99: Duration::from_micros(812),
        };
        assert_eq!(read(text), Some(served));
        assert_eq!(read("unable to connect"), None);
    }
}
