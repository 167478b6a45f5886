//! The operating system's wall around the server process: landlock for files, seccomp for system
//! calls. It is the second one, behind the sandbox, for the day when a script gets out of that.
//! It holds no policy of the product's own: the caller says what the process needs.

mod calls;
mod files;

use std::fmt;
use std::path::PathBuf;

/// What the process may reach once the wall is up; everything else of the file system is closed.
///
/// The system's own files that any server needs (certificates, name resolution, time zones,
/// shared libraries) are readable without being named.
#[derive(Clone, Debug, Default)]
pub struct Wall {
    reads: Vec<PathBuf>,
    writes: Vec<PathBuf>,
}

/// What stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How far files are closed.
    pub files: Strength,
    /// How far system calls are.
    pub calls: Strength,
}

/// How much of a wall the kernel was able to put up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// All that was asked.
    Full,
    /// What this kernel knows of it; a newer one knows more.
    Partial,
    /// Nothing: the kernel does not have it, or it is switched off.
    Nothing,
}

/// Why no wall stands.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory that the process was to keep cannot be opened.
    #[error("{path} cannot be opened")]
    Path {
        /// As the caller gave it.
        path: PathBuf,
        /// What the operating system said.
        source: landlock::PathFdError,
    },
    /// The kernel has landlock and refused the rules.
    #[error("the kernel refused the rules for files")]
    Files(#[source] landlock::RulesetError),
    /// The filter of system calls cannot be built on this processor, or the kernel that has
    /// seccomp refused it.
    #[error("the kernel refused the filter of system calls")]
    Calls(#[source] seccompiler::Error),
}

impl Wall {
    /// A wall that leaves the system's own files readable, and nothing else.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves a file, or a directory and all below it, readable. One that does not exist when the
    /// wall is put up stays closed.
    #[must_use]
    pub fn read(mut self, path: impl Into<PathBuf>) -> Self {
        self.reads.push(path.into());
        self
    }

    /// Leaves a directory and all below it readable and writable: files and directories can be
    /// made, changed, moved and removed. It has to exist.
    #[must_use]
    pub fn write(mut self, path: impl Into<PathBuf>) -> Self {
        self.writes.push(path.into());
        self
    }

    /// Puts the wall up, for good: around the calling thread and every thread and process that
    /// comes of it. A thread that runs already stays outside, so call it before the first.
    ///
    /// Up from now on: no program is started, no process is forked, traced or signalled, no file
    /// is reached but those named, and of the kernel's system calls those exist that a server
    /// needs. Sockets and executable memory stay possible.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] when a directory given to [`Wall::write`] cannot be opened, the others when
    /// the kernel refuses. A kernel that lacks a part is not an error: see [`Standing`].
    pub fn put_up(&self) -> Result<Standing, Error> {
        // Files first: the filter closes the system calls that would be needed for them.
        let files = files::close(&self.reads, &self.writes)?;
        let calls = calls::close()?;
        Ok(Standing { files, calls })
    }
}

impl Standing {
    /// Nothing was put up, because nobody asked for it.
    pub const OFF: Self = Self {
        files: Strength::Nothing,
        calls: Strength::Nothing,
    };

    /// Whether neither part is missing.
    pub fn is_whole(self) -> bool {
        self.files != Strength::Nothing && self.calls != Strength::Nothing
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "files {}, system calls {}", self.files, self.calls)
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "closed",
            Self::Partial => "closed as far as this kernel can",
            Self::Nothing => "open",
        })
    }
}
