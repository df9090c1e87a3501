//! A list of leaked passwords that fits on a disk and asks nobody.
//!
//! The file is a blocked Bloom filter over SHA-1 hashes, made by `befriend breached build` from a
//! list of such hashes as Have I Been Pwned gives it out. It never misses a password of the list,
//! and takes about one other in a thousand for leaked; a look-up reads 64 bytes of the file.
//!
//! Layout: 16 bytes of magic, the number of hashes and the number of blocks as big-endian u64, then
//! the blocks of 64 bytes. A hash lies in block `first 8 bytes · blocks / 2^64`, at eight bits that
//! the nine-bit numbers from its ninth byte on tell.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;

const MAGIC: &[u8; 16] = b"befriend-leaks-1";
const HEADER_BYTES: u64 = 32;
const BLOCK_BYTES: usize = 64;

/// How many bits of the file there are for each hash: one in about a thousand others is then taken
/// for leaked.
const BITS_PER_HASH: u64 = 16;

/// The most hashes of a list; the largest that is known has 1.3 thousand million.
const HASHES_MAX: u64 = 4_000_000_000;

/// The list, open. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Breached(Option<Arc<List>>);

#[derive(Debug)]
struct List {
    path: PathBuf,
    file: Mutex<File>,
    blocks: u64,
}

/// Why a list cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// It is no list of ours, or was cut off.
    #[error("{0} is not a list of leaked passwords; make one with `befriend breached build`")]
    Foreign(PathBuf),
    /// A line of the source has no SHA-1 in front.
    #[error("line {0} does not begin with a SHA-1 in 40 hexadecimal digits")]
    Line(u64),
    /// Nothing to make a list of, or more than can be.
    #[error("the file has {0} hashes; a list has between 1 and {HASHES_MAX}")]
    Size(u64),
}

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// How many hashes are in the list.
    pub hashes: u64,
    /// How large the file is.
    pub bytes: u64,
}

impl Breached {
    /// No list: nothing is known to have leaked.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Opens the list at `path`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let fail = |error| Error::File(path.to_owned(), error);
        let mut file = File::open(path).map_err(fail)?;
        let mut header = [0; 32];
        let foreign = || Error::Foreign(path.to_owned());
        file.read_exact(&mut header).map_err(|_| foreign())?;
        let (magic, numbers) = header.split_at(MAGIC.len());
        let blocks = numbers[8..].iter().fold(0, |n, &b| n << 8 | u64::from(b));
        let bytes = file.metadata().map_err(fail)?.len();
        let expected = blocks
            .checked_mul(BLOCK_BYTES as u64)
            .and_then(|blocks| blocks.checked_add(HEADER_BYTES));
        if magic != MAGIC || blocks == 0 || expected != Some(bytes) {
            return Err(foreign());
        }
        Ok(Self(Some(Arc::new(List {
            path: path.to_owned(),
            file: Mutex::new(file),
            blocks,
        }))))
    }

    /// Whether `password` is in the list.
    pub fn contains(&self, password: &str) -> bool {
        let Some(list) = &self.0 else { return false };
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let mut sha1 = [0; 20];
        sha1.copy_from_slice(hash.as_ref());
        list.holds(&sha1).unwrap_or_else(|error| {
            let path = list.path.display();
            tracing::warn!(%path, %error, "the list of leaked passwords cannot be read");
            false
        })
    }
}

impl List {
    fn holds(&self, sha1: &[u8; 20]) -> io::Result<bool> {
        let at = HEADER_BYTES + block_of(sha1, self.blocks) * BLOCK_BYTES as u64;
        let mut block = [0; BLOCK_BYTES];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut block)?;
        }
        Ok(bits_of(sha1)
            .into_iter()
            .all(|bit| block[bit / 8] >> (bit % 8) & 1 == 1))
    }
}

fn block_of(sha1: &[u8; 20], blocks: u64) -> u64 {
    let start = sha1[..8].iter().fold(0_u64, |n, &b| n << 8 | u64::from(b));
    let product = u128::from(start) * u128::from(blocks);
    u64::try_from(product >> 64).expect("a u64 times a share of one is a u64")
}

/// Eight numbers of nine bits each, from the ninth byte on.
fn bits_of(sha1: &[u8; 20]) -> [usize; 8] {
    let number = sha1[8..17]
        .iter()
        .fold(0_u128, |n, &b| n << 8 | u128::from(b));
    std::array::from_fn(|place| {
        usize::try_from(number >> (9 * (7 - place)) & 511).expect("nine bits are small")
    })
}

/// Makes a list at `target` of the hashes in `source`: a SHA-1 in hexadecimal digits on each line,
/// anything after a colon passed over. Needs two bytes of memory for each hash. `target` is replaced
/// in one step, so a service that reads the old one goes on.
pub fn build(source: &Path, target: &Path) -> Result<Built, Error> {
    let hashes = each_hash(source, |_| ())?;
    if hashes == 0 || hashes > HASHES_MAX {
        return Err(Error::Size(hashes));
    }
    let blocks = (hashes * BITS_PER_HASH).div_ceil(BLOCK_BYTES as u64 * 8);
    let size = usize::try_from(blocks).map_err(|_| Error::Size(hashes))? * BLOCK_BYTES;
    let mut filter = vec![0_u8; size];
    each_hash(source, |sha1| {
        let block = usize::try_from(block_of(sha1, blocks)).expect("within the filter");
        for bit in bits_of(sha1) {
            filter[block * BLOCK_BYTES + bit / 8] |= 1 << (bit % 8);
        }
    })?;
    let fresh = target.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = File::create(&fresh)?;
        file.write_all(MAGIC)?;
        file.write_all(&hashes.to_be_bytes())?;
        file.write_all(&blocks.to_be_bytes())?;
        file.write_all(&filter)?;
        file.sync_all()?;
        std::fs::rename(&fresh, target)
    };
    write().map_err(|error| Error::File(target.to_owned(), error))?;
    Ok(Built {
        hashes,
        bytes: HEADER_BYTES + size as u64,
    })
}

/// Gives each hash of the file to `take`. Returns how many there were.
fn each_hash(source: &Path, mut take: impl FnMut(&[u8; 20])) -> Result<u64, Error> {
    let fail = |error| Error::File(source.to_owned(), error);
    let mut lines = BufReader::with_capacity(1 << 20, File::open(source).map_err(fail)?);
    let (mut line, mut number, mut hashes) = (String::new(), 0, 0);
    loop {
        line.clear();
        if lines
            .by_ref()
            .take(1024)
            .read_line(&mut line)
            .map_err(fail)?
            == 0
        {
            return Ok(hashes);
        }
        number += 1;
        let text = line.split(':').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        take(&parse_sha1(text).ok_or(Error::Line(number))?);
        hashes += 1;
    }
}

fn parse_sha1(text: &str) -> Option<[u8; 20]> {
    if text.len() != 40 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut sha1 = [0; 20];
    for (byte, pair) in sha1.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(sha1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(password: &str) -> String {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        crate::kernel::hex(hash.as_ref()).to_ascii_uppercase()
    }

    fn built(lines: &str) -> Result<(Breached, Built, tempfile::TempDir), Error> {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join("hashes.txt"), folder.path().join("list"));
        std::fs::write(&source, lines).unwrap();
        let built = build(&source, &target)?;
        Ok((Breached::open(&target)?, built, folder))
    }

    #[test]
    fn every_password_of_the_list_is_found_and_few_others() {
        const COUNT: usize = 20_000;
        let lines: Vec<String> = (0..COUNT)
            .map(|n| format!("{}:{n}\r\n", hex(&format!("leaked {n}"))))
            .collect();
        let (breached, built, _folder) = built(&lines.concat()).unwrap();

        assert_eq!(built.hashes, 20_000);
        assert_eq!(built.bytes, 32 + 625 * 64);
        assert!((0..COUNT).all(|n| breached.contains(&format!("leaked {n}"))));
        let wrong = (0..COUNT)
            .filter(|n| breached.contains(&format!("never seen {n}")))
            .count();
        // One in a thousand would be 20.
        assert!(wrong < 60, "{wrong}");
    }

    #[test]
    fn a_list_of_one_is_a_list() {
        let (breached, built, _folder) = built(&hex("correct horse battery staple")).unwrap();

        assert_eq!(built.hashes, 1);
        assert!(breached.contains("correct horse battery staple"));
        assert!(!breached.contains("Correct horse battery staple"));
        assert!(!Breached::none().contains("correct horse battery staple"));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert!(matches!(built(""), Err(Error::Size(0))));
        let bad = format!("{}\nhunter2\n", hex("one"));
        assert!(matches!(built(&bad), Err(Error::Line(2))));
        assert!(matches!(built(&"z".repeat(40)), Err(Error::Line(1))));

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        assert!(matches!(Breached::open(&path), Err(Error::File(..))));
        for bytes in [
            &b""[..],
            b"short",
            &[0; 96],
            &[MAGIC, &[0; 16][..]].concat(),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert!(matches!(Breached::open(&path), Err(Error::Foreign(_))));
        }
    }
}
