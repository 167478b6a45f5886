//! Speaking to the server as no client library would: bytes over a socket.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fixture::Fixture;

/// Longest that a test waits for what has to come.
const LONG: Duration = Duration::from_secs(20);

/// A connection to the server.
pub(crate) async fn connect(server: &Fixture) -> TcpStream {
    let address = server.url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Sends bytes to an address and hangs up when the answer is there, or when none comes for that long.
pub(crate) async fn answer(address: &str, bytes: &[u8], patience: Duration) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    let mut part = [0; 4096];
    while let Ok(Ok(read)) = timeout(patience, stream.read(&mut part)).await
        && read > 0
    {
        said.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Everything the server says until it hangs up.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    // A reset is an end, too: what was said before it counts.
    let end = timeout(LONG, stream.read_to_end(&mut said)).await;
    assert!(end.is_ok(), "the server did not hang up");
    String::from_utf8_lossy(&said).into_owned()
}

/// What the server says until a text has come.
pub(crate) async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut said = Vec::new();
    let mut part = [0; 4096];
    let reading = async {
        while !String::from_utf8_lossy(&said).contains(text) {
            let read = stream.read(&mut part).await.unwrap();
            assert!(read > 0, "hung up: {}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&part[..read]);
        }
    };
    let end = timeout(LONG, reading).await;
    assert!(end.is_ok(), "{text} did not come");
    String::from_utf8_lossy(&said).into_owned()
}

/// Sends bytes and gives the statuses of all answers until the server hangs up, as it does when nothing
/// more comes.
pub(crate) async fn statuses(server: &Fixture, bytes: &[u8]) -> Vec<u16> {
    let mut stream = connect(server).await;
    // A server that refuses the beginning need not take the rest.
    let _ = stream.write_all(bytes).await;
    let said = rest(&mut stream).await;
    let lines = said.split("HTTP/1.").skip(1);
    lines
        .filter_map(|answer| answer.split(' ').nth(1)?.get(..3)?.parse().ok())
        .collect()
}
