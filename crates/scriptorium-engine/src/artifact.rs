//! From the guest's wasm to native code: the snapshot with engine and prelude, compiled
//! for this processor, and kept between starts.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module, OptLevel, Store};
use wasmtime_wizer::Wizer;

use crate::state::{Arg, State};
use crate::{Config, Error, Host, HostError, Level, Limits, Reply, imports, lane};

/// The guest as `cargo xtask guest` built it.
const GUEST: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/guest/dist/engine.wasm"
));

/// The compiled guest, ready to be loaded into any engine of the same settings.
pub(crate) struct Artifact {
    /// Identifies guest, prelude, compiler and processor.
    pub(crate) hash: [u8; 32],
    code: Code,
}

enum Code {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Artifact {
    /// Takes the artifact from the cache directory, or makes it.
    pub(crate) fn obtain(config: &Config) -> Result<Self, Error> {
        let engine = Engine::new(&lane::settings()).map_err(Error::Setup)?;
        let hash = hash(config, &engine);
        let Some(dir) = &config.cache_dir else {
            let code = Code::Bytes(make(config, &engine)?);
            return Ok(Self { hash, code });
        };
        prepare_directory(dir)?;
        let path = dir.join(format!("{}.cwasm", hex(&hash[..16])));
        let artifact = Self {
            hash,
            code: Code::File(path.clone()),
        };
        if !path.exists() || artifact.load(&engine).is_err() {
            write_whole(&path, &make(config, &engine)?)?;
        }
        Ok(artifact)
    }

    /// Another guest than ours.
    #[cfg(test)]
    pub(crate) fn of(wasm: &[u8]) -> Self {
        let engine = Engine::new(&lane::settings()).unwrap();
        Self {
            hash: [0; 32],
            code: Code::Bytes(engine.precompile_module(wasm).unwrap()),
        }
    }

    /// Loads the code into an engine made with [`lane::settings`].
    #[expect(
        unsafe_code,
        reason = "loading native code cannot be checked by the compiler"
    )]
    pub(crate) fn load(&self, engine: &Engine) -> Result<Module, Error> {
        let module = match &self.code {
            // SAFETY: the bytes come from `make` in this process.
            Code::Bytes(bytes) => unsafe { Module::deserialize(engine, bytes) },
            // SAFETY: the file was written whole by `make` of this or an earlier process,
            // into a directory that no one but the service's user may write to, which
            // `prepare_directory` has checked; the name covers compiler and settings.
            Code::File(path) => unsafe { Module::deserialize_file(engine, path) },
        };
        module.map_err(Error::Setup)
    }
}

/// Snapshot, then native code.
fn make(config: &Config, engine: &Engine) -> Result<Vec<u8>, Error> {
    let snapshot = snapshot(config)?;
    engine.precompile_module(&snapshot).map_err(Error::Setup)
}

/// Runs the guest's initialisation with the prelude and keeps the memory it leaves.
fn snapshot(config: &Config) -> Result<Vec<u8>, Error> {
    // This code runs once, so it is compiled fast and not for speed.
    let mut settings = wasmtime::Config::new();
    settings.cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&settings).map_err(Error::Setup)?;
    let linker = imports::linker(&engine).map_err(Error::Setup)?;

    let limits = Limits {
        output_bytes: 0,
        ..Limits::default()
    };
    let mut state = State::new(Box::new(NoHost), limits, Arc::default());
    state.args[0] = Arg::Bytes(config.prelude.clone().into_bytes(), None);
    if config.allow_eval {
        state.args[1] = Arg::Bytes(b"eval".to_vec(), None);
    }
    let mut store = Store::new(&engine, state);
    let wizer = Wizer::new();
    let done = wizer
        .run(&mut store, GUEST, async |store, module| {
            let instance = linker.instantiate_async(&mut *store, module).await?;
            let memory = instance.get_memory(&mut *store, "memory");
            store.data_mut().memory = memory;
            Ok(instance)
        })
        .now_or_never();
    if let Some(failure) = store.data_mut().failed.take() {
        return Err(Error::Prelude(failure.message));
    }
    match done {
        Some(result) => result.map_err(Error::Setup),
        None => Err(Error::Prelude("the prelude waited".to_owned())),
    }
}

/// While the snapshot is made there is no host, and time stands still: the snapshot is
/// the same on every machine.
struct NoHost;

impl Host for NoHost {
    fn class(&self, _name: &str) -> crate::CallClass {
        crate::CallClass::Free
    }
    fn call(&mut self, _name: &str, _args: &str) -> Reply {
        Reply::Unknown
    }
    fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
        let message = format!("{name:?} cannot be called while the prelude is evaluated");
        Err(HostError::new("UNKNOWN_CALL", message))
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
    fn now(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
    fn seed(&mut self) -> u64 {
        0
    }
}

fn hash(config: &Config, engine: &Engine) -> [u8; 32] {
    let mut hasher = Sha256Hasher(Sha256::new());
    env!("SCRIPTORIUM_GUEST_SHA256").hash(&mut hasher);
    config.prelude.hash(&mut hasher);
    config.allow_eval.hash(&mut hasher);
    // The version of wasmtime, its settings, and the features of this processor.
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    fn finish(&self) -> u64 {
        0
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the directory for this user alone; refuses one that others may write to.
fn prepare_directory(dir: &Path) -> Result<(), Error> {
    let fault = |source| Error::Cache {
        path: dir.to_owned(),
        source,
    };
    let refuse = |message| {
        Err(fault(io::Error::new(
            io::ErrorKind::PermissionDenied,
            message,
        )))
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(fault)?;
    let found = fs::metadata(dir).map_err(fault)?;
    if found.mode() & 0o022 != 0 {
        return refuse("others may write to it; remove their permission (chmod go-w)");
    }
    // The process's own directory there belongs to the user it runs as.
    let user = fs::metadata("/proc/self").map_err(fault)?.uid();
    if found.uid() != user {
        return refuse("it belongs to another user, who may write to it");
    }
    Ok(())
}

/// Writes beside the target and renames, so that no process ever loads half a file.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fault = |source| Error::Cache {
        path: path.to_owned(),
        source,
    };
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    fs::rename(&partial, path).map_err(fault)
}
