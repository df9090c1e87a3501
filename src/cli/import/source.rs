//! A file, plain or gzip, read line by line; how far it is read shows in compressed bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;

/// No line of any known format is longer.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// Lines of a file.
pub(super) struct Source {
    lines: Box<dyn BufRead + Send>,
    read: Arc<AtomicU64>,
    number: u64,
    /// The file's size in bytes, as it lies on disk.
    pub(super) size: u64,
}

impl Source {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
        let size = file
            .metadata()
            .with_context(|| format!("look at {}", path.display()))?
            .len();
        let read = Arc::new(AtomicU64::new(0));
        let mut raw = BufReader::new(Counted {
            file,
            read: Arc::clone(&read),
        });
        let is_gzip = raw
            .fill_buf()
            .with_context(|| format!("read {}", path.display()))?
            .starts_with(&[0x1f, 0x8b]);
        let lines: Box<dyn BufRead + Send> = if is_gzip {
            Box::new(BufReader::new(MultiGzDecoder::new(raw)))
        } else {
            Box::new(raw)
        };
        Ok(Self {
            lines,
            read,
            number: 0,
            size,
        })
    }

    /// The next line and its number, counted from 1; `None` at the end.
    pub(super) fn next_line(&mut self) -> anyhow::Result<Option<(u64, String)>> {
        let mut bytes = Vec::new();
        let length = (&mut self.lines)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut bytes)
            .with_context(|| format!("read line {}", self.number + 1))?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        while bytes
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
        {
            bytes.pop();
        }
        // Some lines of Online Retail are Latin-1; a replaced letter in a product's name loses
        // nothing that anything is decided by.
        Ok(Some((
            self.number,
            String::from_utf8_lossy(&bytes).into_owned(),
        )))
    }

    /// Bytes read from disk so far.
    pub(super) fn position(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read
            .fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(count)
    }
}
