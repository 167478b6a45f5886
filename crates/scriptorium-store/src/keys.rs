//! Keys that are kept outside the database, one file each, for the owner's eyes only. A file that
//! the operator named is never made: it is shared, and a second one would be worse than none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use scriptorium_model::Ambient;

use crate::error::{Error, Result};
use crate::files;

/// The key of a name: from the operator's file, or from `keys/<name>.key` in the data directory,
/// where there may be none yet. A file has 64 hexadecimal digits.
pub(crate) fn find(
    data_dir: &Path,
    name: &str,
    given: Option<&PathBuf>,
) -> Result<Option<[u8; 32]>> {
    let path = given.map_or_else(|| path_of(data_dir, name), PathBuf::clone);
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text).map(Some).ok_or_else(|| {
            let shown = path.display();
            Error::platform(format!("{shown} must hold a key of 64 hexadecimal digits"))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && given.is_none() => Ok(None),
        Err(error) => Err(Error::caused(
            format!("cannot read {}", path.display()),
            error,
        )),
    }
}

/// Makes the key of a name in the data directory.
pub(crate) fn make(data_dir: &Path, name: &str, ambient: &Ambient) -> Result<[u8; 32]> {
    files::make_private_dir(&data_dir.join("keys"))?;
    let path = path_of(data_dir, name);
    let key = ambient.random::<32>();
    let failed = |error| Error::caused(format!("cannot write {}", path.display()), error);
    // Under another name first: a crash must not leave half a key.
    let begun = path.with_extension("new");
    files::make_private(&begun)?;
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = fs::OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(&begun)
        .map_err(failed)?;
    writeln!(file, "{digits}").map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&begun, &path).map_err(failed)?;
    Ok(key)
}

fn path_of(data_dir: &Path, name: &str) -> PathBuf {
    data_dir.join("keys").join(name).with_extension("key")
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim().as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let value = digit(pair[0])? << 4 | digit(pair[1])?;
        *byte = u8::try_from(value).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_digits_and_nothing_else() {
        let text = format!("{}\n", "0f".repeat(32));
        assert_eq!(parse(&text), Some([0x0f; 32]));
        for bad in ["", "00", &"0g".repeat(32), &"00".repeat(33)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
