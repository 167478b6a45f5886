//! Large payloads of executions, compressed. A payload of more than 256 KiB is not in the column of
//! its name but in one beside it, so that the few large ones make neither backups nor the cache
//! large. What is searched is taken from the text before.

use scriptorium_model::Json;
use scriptorium_model::execution::Execution;

use crate::db::Value;
use crate::error::{Error, Result};

/// Largest payload that is stored as it is, in bytes.
pub(crate) const PLAIN_BYTES: usize = 256 << 10;
/// Largest payload that is unpacked, in bytes: more than any limit lets in. We wrote what we unpack,
/// but a database file can come from elsewhere.
const LARGEST_BYTES: usize = 64 << 20;
/// zstd's own default: about a third of JSON's size is left, at hundreds of megabytes a second.
const LEVEL: i32 = 3;

/// The payloads of one execution that are too large to be stored as they are.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    pub(super) trigger_data: Option<Vec<u8>>,
    pub(super) input: Option<Vec<u8>>,
    pub(super) output: Option<Vec<u8>>,
}

impl Packed {
    /// Packs what is large. That takes milliseconds, so it is done on a thread for such work.
    pub(crate) async fn of(execution: &Execution) -> Result<Self> {
        let payloads = [
            execution.trigger_data.clone(),
            Some(execution.input.clone()),
            execution.output.clone(),
        ];
        let payloads = payloads.map(|payload| payload.filter(|json| json.len() > PLAIN_BYTES));
        if payloads.iter().all(Option::is_none) {
            return Ok(Self::default());
        }
        let packing = tokio::task::spawn_blocking(move || {
            let [trigger_data, input, output] =
                payloads.map(|payload| payload.map(pack).transpose());
            Ok(Self {
                trigger_data: trigger_data?,
                input: input?,
                output: output?,
            })
        });
        packing
            .await
            .map_err(|error| Error::caused("a payload could not be packed", error))?
    }

    /// What the columns of input and trigger data hold: each as text and packed, one of them empty.
    pub(crate) fn given(&self, execution: &Execution) -> [Value; 4] {
        let input = self.input.as_ref().map_or(execution.input.as_str(), |_| "");
        let data = execution.trigger_data.as_ref();
        let data = data.filter(|_| self.trigger_data.is_none());
        [
            input.into(),
            self.input.clone().into(),
            data.map(|json| json.as_str().to_owned()).into(),
            self.trigger_data.clone().into(),
        ]
    }
}

fn pack(payload: Json) -> Result<Vec<u8>> {
    zstd::bulk::compress(payload.as_str().as_bytes(), LEVEL)
        .map_err(|error| Error::caused("a payload could not be packed", error))
}

/// The text of a packed payload.
pub(super) fn unpack(packed: &[u8]) -> Result<String> {
    let bytes = zstd::bulk::decompress(packed, capacity(packed))
        .map_err(|error| Error::caused("a packed payload is unreadable", error))?;
    String::from_utf8(bytes).map_err(|error| Error::caused("a packed payload is no text", error))
}

/// How much room unpacking is given: what the frame says of itself, up to the largest.
fn capacity(packed: &[u8]) -> usize {
    let said = zstd::zstd_safe::get_frame_content_size(packed);
    let said = said.ok().flatten().unwrap_or(u64::MAX);
    usize::try_from(said)
        .unwrap_or(usize::MAX)
        .min(LARGEST_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_reads_back() {
        let text = format!("[{}1]", "\"слово\",".repeat(100_000));
        let packed = pack(Json::from_written(text.as_str())).unwrap();
        assert!(packed.len() * 100 < text.len());
        assert_eq!(unpack(&packed).unwrap(), text);
    }

    #[test]
    fn a_bomb_is_refused() {
        let zeros = vec![b'0'; LARGEST_BYTES + 1];
        let bomb = zstd::bulk::compress(&zeros, LEVEL).unwrap();
        assert!(bomb.len() < 10_000);
        assert!(unpack(&bomb).is_err());
        assert!(unpack(b"no frame at all").is_err());
    }
}
