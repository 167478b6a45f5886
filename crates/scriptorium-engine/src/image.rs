//! Images: what a program leaves in the guest's memory once it is loaded. Executions of the same
//! program all begin there, so the second of them notes which bytes that are, and those that come
//! after have them laid in, instead of loading bytecode and evaluating a module anew.
//!
//! Nothing of one execution must be in an image, whatever the guest does: until it is taken, the
//! guest is refused the input, has a seed of its own, and is watched for what it asks the host.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use wasmtime::{AsContextMut, Memory};

/// Bytes are compared and kept in blocks of this many: what a program changes lies scattered.
const BLOCK: usize = 256;
/// A program that leaves more is loaded each time.
const LARGEST: usize = 8 << 20;
/// All images together, of one engine.
const ROOM: usize = 128 << 20;
/// The unit in which memory grows.
const WASM_PAGE: usize = 64 << 10;

/// How far a program is taken before its image is; the numbers of `shim.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// No image is taken.
    ItWaits = 0,
    Loaded = 1,
    Evaluated = 2,
}

/// What images are compared with, and how much room they take.
pub(crate) struct Gallery {
    /// The guest's memory before anything is loaded.
    base: Box<[u8]>,
    taken: AtomicUsize,
    laid: AtomicU64,
}

impl Gallery {
    pub(crate) fn new(base: &[u8]) -> Arc<Self> {
        Arc::new(Self {
            base: base.into(),
            taken: AtomicUsize::new(0),
            laid: AtomicU64::new(0),
        })
    }

    /// Bytes that images hold.
    pub(crate) fn bytes(&self) -> u64 {
        self.taken.load(Ordering::Relaxed) as u64
    }

    /// How often one was laid into an instance.
    pub(crate) fn laid(&self) -> u64 {
        self.laid.load(Ordering::Relaxed)
    }

    /// What is different in this memory; `None` when it is too much.
    fn image(self: &Arc<Self>, memory: &[u8]) -> Option<Image> {
        let zeros = [0; BLOCK];
        let mut pieces: Vec<(usize, Vec<u8>)> = Vec::new();
        let mut bytes = 0;
        for (index, block) in memory.chunks(BLOCK).enumerate() {
            let at = index * BLOCK;
            let before = self.base.get(at..at + block.len()).unwrap_or(&zeros);
            if block == before {
                continue;
            }
            bytes += BLOCK;
            match pieces.last_mut() {
                Some((from, piece)) if *from + piece.len() == at => piece.extend(block),
                _ => pieces.push((at, block.to_vec())),
            }
        }
        let room = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let image = Image {
            gallery: Arc::clone(self),
            bytes,
            memory: memory.len(),
            pieces,
        };
        (bytes <= LARGEST && room <= ROOM).then_some(image)
    }
}

/// What one program leaves.
pub(crate) struct Image {
    gallery: Arc<Gallery>,
    bytes: usize,
    /// Size of the memory it was taken from.
    memory: usize,
    pieces: Vec<(usize, Vec<u8>)>,
}

impl Drop for Image {
    fn drop(&mut self) {
        self.gallery.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Image {
    /// Lays it into a fresh instance.
    pub(crate) fn lay(&self, mut store: impl AsContextMut, memory: Memory) -> wasmtime::Result<()> {
        self.gallery.laid.fetch_add(1, Ordering::Relaxed);
        let missing = self.memory.saturating_sub(memory.data_size(&store));
        if missing > 0 {
            memory.grow(&mut store, missing.div_ceil(WASM_PAGE) as u64)?;
        }
        let memory = memory.data_mut(&mut store);
        for (at, piece) in &self.pieces {
            match memory.get_mut(*at..*at + piece.len()) {
                Some(target) => target.copy_from_slice(piece),
                None => wasmtime::bail!("an image is larger than the memory"),
            }
        }
        Ok(())
    }
}

/// A program's image, or the way to it.
#[derive(Default)]
pub(crate) struct Print {
    image: OnceLock<Image>,
    stage: AtomicU8,
}

/// Has never run: most programs that are tried out never run again.
const NEW: u8 = 0;
const RAN: u8 = 1;
/// Asks the host for something while it is evaluated: only what was loaded is alike.
const ASKS: u8 = 2;
/// An execution takes the image now, or none can be taken.
const CLOSED: u8 = 3;

/// How an execution begins.
pub(crate) enum Begin<'a> {
    /// There is an image.
    Laid(&'a Image),
    /// The program is loaded, and perhaps its image is taken.
    Load(Taking<'a>),
}

impl Print {
    pub(crate) fn begin(&self) -> Begin<'_> {
        if let Some(image) = self.image.get() {
            return Begin::Laid(image);
        }
        let step = |stage| match stage {
            NEW => Some(RAN),
            RAN | ASKS => Some(CLOSED),
            _ => None,
        };
        let stage = self
            .stage
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, step);
        let (until, back) = match stage {
            Ok(RAN) => (Until::Evaluated, RAN),
            Ok(ASKS) => (Until::Loaded, ASKS),
            Ok(_) | Err(_) => (Until::ItWaits, CLOSED),
        };
        Begin::Load(Taking {
            print: self,
            until,
            back,
        })
    }
}

/// The right to take a program's image; given back when it is dropped.
pub(crate) struct Taking<'a> {
    print: &'a Print,
    pub(crate) until: Until,
    /// The stage that is gone back to, when the execution ends before.
    back: u8,
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        if self.until != Until::ItWaits {
            self.print.stage.store(self.back, Ordering::Release);
        }
    }
}

impl Taking<'_> {
    /// The guest has gone as far as it was to go.
    pub(crate) fn take(mut self, gallery: &Arc<Gallery>, memory: &[u8]) {
        self.back = CLOSED;
        if let Some(image) = gallery.image(memory) {
            // Only one execution at a time has this right.
            let _ = self.print.image.set(image);
        }
    }

    /// It went further, or asked for something on the way.
    pub(crate) fn miss(mut self) {
        self.back = match self.until {
            Until::Evaluated => ASKS,
            Until::Loaded | Until::ItWaits => CLOSED,
        };
    }
}
