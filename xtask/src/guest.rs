//! `cargo xtask guest`: builds the sandbox's guest, QuickJS-NG with our shim, to wasm.
//! Takes the engine's source from the registry crate that carries it, compiles with a
//! pinned zig, and compares the result with the committed hash. Runs no JavaScript.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest, Sha256};

const USAGE: &str = "usage: cargo xtask guest [--verify | --accept]
  (nothing)  build if the inputs changed, compare with the committed hash
  --verify   build twice in different directories and compare
  --accept   build and write the hash that is to be committed";

/// The crate that carries the source of QuickJS-NG; pinned by Cargo.lock.
const SOURCE_CRATE: &str = "rquickjs-sys";
/// Below this version plain scripts reach known memory errors.
const OLDEST_QUICKJS: [u32; 3] = [0, 16, 2];

const ZIG_VERSION: &str = "0.17.0";
/// The wheels of that version on PyPI.
const ZIG_WHEELS: [&str; 2] = [
    "97079827064a7492cce5541ceb438ae8003ce1e54e399676da2d62fb7a5dc08b", // Linux, x86_64
    "d2804f94f54f7fcf8169f4b212a619ad688a4e2e6592e976f0cf2e58e2cd8af3", // Linux, aarch64
];

/// In the guest's directory of the engine crate.
const OUR_SOURCES: [&str; 3] = ["shim.c", "heap.h", "numbers.h"];
/// Compiled beside the shim, which includes quickjs.c.
const UNITS: [&str; 3] = ["libregexp.c", "libunicode.c", "dtoa.c"];

/// Measured: `-O3` with these features is the fastest that needs no further tool.
const FLAGS: [&str; 11] = [
    "-target",
    "wasm32-wasi",
    "-O3",
    "-mcpu=generic+bulk_memory+sign_ext+nontrapping_fptoint+multivalue+simd128+extended_const",
    "-DNDEBUG",
    "-D_GNU_SOURCE",
    "-fno-strict-aliasing",
    "-mexec-model=reactor",
    "-Wl,-z,stack-size=524288",
    "-s",
    "-I.",
];

/// A fix that the carried source may lack, or a faster way in it. Applied where the old text stands, skipped
/// where the new one does, an error where neither is found.
struct Patch {
    why: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

const PATCHES: [Patch; 5] = [
    // Upstream issue 1661, fixed after 0.16.2 was tagged: a script can get hold of these
    // handlers and call them without an argument, whose slot they then read.
    Patch {
        why: "the reject handler of an AsyncDisposableStack step takes one argument",
        file: "quickjs.c",
        from: "JS_NewCFunctionData(ctx, js_async_dispose_step, 0, 1,",
        to: "JS_NewCFunctionData(ctx, js_async_dispose_step, 1, 1,",
    },
    Patch {
        why: "the rethrow handler of an AsyncDisposableStack takes one argument",
        file: "quickjs.c",
        from: "JS_NewCFunctionData(ctx, js_async_dispose_rethrow, 0, 1,",
        to: "JS_NewCFunctionData(ctx, js_async_dispose_rethrow, 1, 1,",
    },
    // A tenth of the reference run went into numbers (docs/decisions/0029).
    Patch {
        why: "numbers in JSON have few digits",
        file: "quickjs.c",
        from: "js_float64(strtod((const char *)p_start, NULL));",
        to: "JS_NewNumber(s->ctx, number_from_json(p_start, p));",
    },
    Patch {
        why: "what writes numbers knows of the faster way",
        file: "dtoa.c",
        from: "/* return the length */\nint js_dtoa(",
        to: "#include \"numbers.h\"\n\n/* return the length */ int js_dtoa(",
    },
    Patch {
        why: "numbers have few decimal places",
        file: "dtoa.c",
        from: "#endif\n    \n    /* this choice of E implies",
        to: "    if (fmt == JS_DTOA_FORMAT_FREE && radix == 10 && (flags & JS_DTOA_EXP_MASK) == JS_DTOA_EXP_AUTO) {\n        char *end = short_decimal(q, fabs(d));\n        if (end) {\n            q = end;\n            goto done;\n        }\n    }\n#endif\n    /* this choice of E implies",
    },
];

/// Runs the command with its arguments.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let paths = Paths::new(root);
    match args.as_slice() {
        [] => build_if_changed(&paths),
        ["--verify"] => verify(&paths),
        ["--accept"] => accept(&paths),
        _ => bail!("{USAGE}"),
    }
}

struct Paths {
    root: PathBuf,
    guest: PathBuf,
    work: PathBuf,
}

impl Paths {
    fn new(root: &Path) -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |target| root.join(target));
        Self {
            root: root.to_owned(),
            guest: root.join("crates/scriptorium-engine/guest"),
            work: target.join("guest"),
        }
    }

    fn wasm(&self) -> PathBuf {
        self.guest.join("dist/engine.wasm")
    }

    fn stamp(&self) -> PathBuf {
        self.guest.join("dist/inputs.sha256")
    }

    fn committed_hash(&self) -> PathBuf {
        self.guest.join("engine.wasm.sha256")
    }
}

fn build_if_changed(paths: &Paths) -> Result<()> {
    let expected = fs::read_to_string(paths.committed_hash())
        .context("the committed hash of the guest is missing: cargo xtask guest --accept")?;
    let stamp = inputs_hash(paths)?;
    let built = fs::read(paths.wasm()).map(|wasm| hash_of(&wasm));
    let unchanged = fs::read_to_string(paths.stamp()).is_ok_and(|old| old == stamp);
    if unchanged && built.is_ok_and(|hash| hash == expected.trim()) {
        eprintln!("guest: unchanged");
        return Ok(());
    }
    let wasm = build(paths, "build", None)?;
    ensure!(
        hash_of(&wasm) == expected.trim(),
        "the guest's hash is {}, but {} says {}; after a wanted change run `cargo xtask guest --accept`",
        hash_of(&wasm),
        paths.committed_hash().display(),
        expected.trim(),
    );
    install(paths, &wasm, &stamp)
}

fn accept(paths: &Paths) -> Result<()> {
    let wasm = build(paths, "build", None)?;
    fs::write(paths.committed_hash(), format!("{}\n", hash_of(&wasm)))?;
    install(paths, &wasm, &inputs_hash(paths)?)
}

/// Two builds that share neither a directory nor a compiler cache.
fn verify(paths: &Paths) -> Result<()> {
    let mut hashes = Vec::new();
    for name in ["verify-a", "verify-the-other-one"] {
        let cache = paths.work.join(format!("{name}.cache"));
        let wasm = build(paths, name, Some(&cache))?;
        hashes.push(hash_of(&wasm));
        fs::remove_dir_all(&cache).context("removing the compiler cache")?;
    }
    ensure!(
        hashes[0] == hashes[1],
        "two builds differ: {} and {}",
        hashes[0],
        hashes[1]
    );
    let expected = fs::read_to_string(paths.committed_hash())?;
    ensure!(
        hashes[0] == expected.trim(),
        "both builds give {}, but {} is committed",
        hashes[0],
        expected.trim()
    );
    eprintln!("guest: reproducible, {}", hashes[0]);
    Ok(())
}

fn install(paths: &Paths, wasm: &[u8], stamp: &str) -> Result<()> {
    let target = paths.wasm();
    let dist = target.parent().context("dist has a parent")?;
    fs::create_dir_all(dist)?;
    // Renamed into place: a build that runs beside this one never reads half of it.
    let partial = dist.join(format!("engine.wasm.{}", std::process::id()));
    fs::write(&partial, wasm)?;
    fs::rename(&partial, &target)?;
    fs::write(paths.stamp(), stamp)?;
    eprintln!("guest: built, {} bytes, {}", wasm.len(), hash_of(wasm));
    Ok(())
}

/// Lays the sources out in a directory of their own and compiles them there; relative
/// names only, so that the result does not depend on where that is.
fn build(paths: &Paths, name: &str, cache: Option<&Path>) -> Result<Vec<u8>> {
    let dir = paths.work.join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let source = quickjs_source(paths)?;
    check_version(&source)?;
    for file in source_files(&source)? {
        let name = file.file_name().context("a source file has a name")?;
        fs::copy(&file, dir.join(name))?;
    }
    for patch in &PATCHES {
        apply(patch, &dir)?;
    }
    for file in OUR_SOURCES {
        fs::copy(paths.guest.join(file), dir.join(file))?;
    }

    eprintln!("guest: compiling QuickJS-NG");
    let mut compiler = zig(paths)?;
    compiler
        .current_dir(&dir)
        .arg("cc")
        .args(FLAGS)
        .args(["-o", "engine.wasm", "shim.c"])
        .args(UNITS);
    if let Some(cache) = cache {
        compiler
            .env("ZIG_GLOBAL_CACHE_DIR", cache)
            .env("ZIG_LOCAL_CACHE_DIR", cache);
    }
    let status = compiler.status().context("starting zig")?;
    ensure!(status.success(), "zig could not compile the guest");
    Ok(fs::read(dir.join("engine.wasm"))?)
}

fn apply(patch: &Patch, dir: &Path) -> Result<()> {
    let path = dir.join(patch.file);
    let text = fs::read_to_string(&path)?;
    let (old, new) = (
        text.matches(patch.from).count(),
        text.matches(patch.to).count(),
    );
    match (old, new) {
        (1, 0) => Ok(fs::write(&path, text.replace(patch.from, patch.to))?),
        (0, 1) => Ok(()),
        _ => bail!(
            "{}: the text for the patch \"{}\" was found {old} times, its result {new} times",
            patch.file,
            patch.why
        ),
    }
}

/// The directory of QuickJS-NG inside the registry crate; cargo fetches it when missing.
fn quickjs_source(paths: &Paths) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(paths.root.join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("asking cargo where the source of QuickJS-NG is")?;
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == SOURCE_CRATE)
        .with_context(|| format!("{SOURCE_CRATE} is not among the dependencies"))?;
    let dir = package
        .manifest_path
        .parent()
        .context("a manifest has a directory")?;
    Ok(dir.join("quickjs").into_std_path_buf())
}

fn source_files(source: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.ends_with(".h") || name == "quickjs.c" || UNITS.contains(&name) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn check_version(source: &Path) -> Result<()> {
    let header = fs::read_to_string(source.join("quickjs.h"))?;
    let part = |name: &str| -> Result<u32> {
        let define = format!("#define QJS_VERSION_{name} ");
        let line = header
            .lines()
            .find_map(|line| line.strip_prefix(&define))
            .with_context(|| format!("quickjs.h does not define QJS_VERSION_{name}"))?;
        Ok(line.trim().parse()?)
    };
    let version = [part("MAJOR")?, part("MINOR")?, part("PATCH")?];
    ensure!(
        version >= OLDEST_QUICKJS,
        "QuickJS-NG {version:?} is older than {OLDEST_QUICKJS:?}, below which it has known memory errors"
    );
    Ok(())
}

/// Zig from `.tools/zig`, from the machine's Python, or installed from PyPI into `.tools`.
fn zig(paths: &Paths) -> Result<Command> {
    let tools = paths.root.join(".tools/zig");
    let local = || {
        let mut command = Command::new("python3");
        command
            .env("PYTHONPATH", &tools)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["-m", "ziglang"]);
        command
    };
    let is_pinned = |mut command: Command| {
        command.arg("version").output().is_ok_and(|output| {
            output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == ZIG_VERSION
        })
    };
    // PYTHONPATH goes first, so this finds the local one, or else the machine's.
    if is_pinned(local()) {
        return Ok(local());
    }
    eprintln!("guest: installing zig {ZIG_VERSION} into .tools/zig");
    fs::create_dir_all(&tools)?;
    let requirements = tools.join("requirements.txt");
    let mut line = format!("ziglang=={ZIG_VERSION}");
    for hash in ZIG_WHEELS {
        write!(line, " --hash=sha256:{hash}")?;
    }
    fs::write(&requirements, line)?;
    let status = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"])
        .args(["--only-binary", ":all:", "--require-hashes", "--target"])
        .arg(&tools)
        .arg("-r")
        .arg(&requirements)
        .status()
        .context("starting python3: it is needed to install zig")?;
    ensure!(
        status.success(),
        "zig could not be installed; Python 3 with pip and access to PyPI are needed"
    );
    ensure!(
        is_pinned(local()),
        "zig was installed, but does not answer with version {ZIG_VERSION}"
    );
    Ok(local())
}

/// Changes whenever a build could give something else.
fn inputs_hash(paths: &Paths) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(ZIG_VERSION.as_bytes());
    add(FLAGS.join(" ").as_bytes());
    for patch in &PATCHES {
        add(patch.to.as_bytes());
    }
    for file in OUR_SOURCES {
        add(&fs::read(paths.guest.join(file))?);
    }
    for file in source_files(&quickjs_source(paths)?)? {
        add(&fs::read(&file)?);
    }
    Ok(hex(&hasher.finalize()))
}

fn hash_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
