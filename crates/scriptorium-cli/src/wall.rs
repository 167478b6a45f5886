//! The second wall around `scriptorium serve`: what of the machine the server keeps, according to
//! its settings. How the kernel is told is the business of `scriptorium-wall`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use scriptorium_wall::{Standing, Wall};

use crate::exit::Refusal;
use crate::settings::Settings;

/// When the wall is put up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As much of it as the kernel has.
    Auto,
    /// Whole, or the server does not start.
    Require,
    /// Never.
    Off,
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "require" => Ok(Self::Require),
            "off" => Ok(Self::Off),
            _ => Err(()),
        }
    }
}

/// Puts the wall up as the settings ask. Only what this thread starts from now on is inside, so
/// nothing may have started a thread.
pub(crate) fn put_up(settings: &Settings) -> anyhow::Result<Standing> {
    if settings.wall == Mode::Off {
        return Ok(Standing::OFF);
    }
    let standing = wall(settings)?
        .put_up()
        .context("cannot put up the second wall; SCRIPTORIUM_WALL=off starts without it")?;
    if settings.wall == Mode::Require && !standing.is_whole() {
        let message = format!("wall is `require`, and this kernel leaves {standing}");
        return Err(Refusal::usage(message).into());
    }
    Ok(standing)
}

/// What the server needs besides what every server does. The configuration is read by now.
fn wall(settings: &Settings) -> anyhow::Result<Wall> {
    let mut wall = Wall::new();
    let folders = [&settings.cache_dir, &settings.backup_dir];
    let elsewhere = folders.into_iter().flatten();
    for folder in std::iter::once(&settings.data_dir).chain(elsewhere) {
        make_private_dir(folder)?;
        wall = wall.write(folder);
    }
    for path in settings
        .wall_read
        .iter()
        .chain(&settings.audit_key_file)
        .chain(&settings.secrets_key_file)
    {
        wall = wall.read(path);
    }
    // Its own program, for the names of functions in the trace of a panic.
    if let Ok(program) = std::env::current_exe() {
        wall = wall.read(program);
    }
    Ok(wall)
}

/// A wall has to know its directories; the store and the engine would make them later.
fn make_private_dir(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make {}", path.display()))
}

/// Says in the log what stands.
pub(crate) fn announce(mode: Mode, standing: Standing) {
    match (mode, standing.is_whole()) {
        (Mode::Off, _) => tracing::warn!("the second wall is off: wall = off"),
        (_, true) => tracing::info!("the second wall is up: {standing}"),
        (_, false) => tracing::warn!("this kernel leaves gaps in the second wall: {standing}"),
    }
}
