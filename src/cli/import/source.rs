//! Files, plain or gzip, and standard input: looked through once before anything is stored, then
//! read line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use flate2::bufread::MultiGzDecoder;

use crate::kernel::secret::Sha256;

/// The longest line that is read: what the intake takes in one request.
pub(super) const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How much is read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// What standard input is called on the command line.
const STDIN: &str = "-";

/// A file that was looked through: it is whole, and it is text.
#[derive(Debug)]
pub(super) struct Source {
    /// As it was named.
    pub(super) name: String,
    content: Content,
    /// SHA-256 of what it holds, unpacked.
    pub(super) digest: [u8; 32],
    /// How much it holds, unpacked.
    pub(super) bytes: u64,
}

#[derive(Debug)]
enum Content {
    File(PathBuf),
    /// What came by standard input, in a file without a name.
    Spooled(File),
}

/// One line.
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// Without its end.
    pub(super) bytes: Vec<u8>,
    /// Whether this is all of it; false for one that is longer than is read.
    pub(super) is_whole: bool,
}

/// The lines of a source.
pub(super) struct Lines {
    content: Box<dyn BufRead + Send>,
    /// Lines read so far.
    pub(super) number: u64,
    /// Bytes read so far, unpacked.
    pub(super) position: u64,
}

/// The files that `paths` name: files themselves, the files in folders, in order of their paths, and
/// standard input for `-`.
pub(super) fn list_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            list_folder(path, &mut files)?;
            if files.len() == before {
                bail!("the folder {} holds no files", path.display());
            }
        } else {
            files.push(path.clone());
        }
    }
    if files.iter().filter(|file| is_stdin(file)).count() > 1 {
        bail!("standard input (-) can be read once only");
    }
    Ok(files)
}

/// Hidden files, and those that tools leave beside data (`_SUCCESS`), are not data.
fn list_folder(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let look = || format!("look into {}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(look)? {
        let entry = entry.with_context(look)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".")
            && !entry.file_name().as_encoded_bytes().starts_with(b"_")
        {
            paths.push(entry.path());
        }
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            list_folder(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

impl Source {
    /// Looks through a file: what cannot be read to its end, or is no text, is known before the first
    /// event is stored. `seen` is told how many bytes were looked at.
    pub(super) fn survey(path: &Path, seen: &dyn Fn(u64)) -> anyhow::Result<Self> {
        let (name, content) = if is_stdin(path) {
            (String::from("standard input"), Content::Spooled(spool()?))
        } else {
            (path.display().to_string(), Content::File(path.to_owned()))
        };
        let mut content_read = content.open().with_context(|| format!("open {name}"))?;
        let mut hash = Sha256::default();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut bytes = 0;
        loop {
            let count = match content_read.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if is_damage(&error) => bail!(
                    "{name} is not a whole gzip file ({error}, after {bytes} bytes unpacked): fetch it \
                     again; nothing was imported"
                ),
                Err(error) => return Err(error).with_context(|| format!("read {name}")),
            };
            if bytes == 0
                && let Some(what) = foreign(&buffer[..count])
            {
                bail!("{name} {what}; nothing was imported");
            }
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            bytes += count as u64;
            seen(count as u64);
        }
        Ok(Self {
            name,
            content,
            digest: hash.finish(),
            bytes,
        })
    }

    /// Its lines, from the first.
    pub(super) fn lines(&self) -> anyhow::Result<Lines> {
        let content = self
            .content
            .open()
            .with_context(|| format!("open {}", self.name))?;
        Ok(Lines {
            content,
            number: 0,
            position: 0,
        })
    }
}

impl Content {
    fn open(&self) -> io::Result<Box<dyn BufRead + Send>> {
        let file = match self {
            Self::File(path) => File::open(path)?,
            Self::Spooled(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                file
            }
        };
        let mut raw = BufReader::with_capacity(BUFFER_BYTES, file);
        let is_gzip = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        Ok(if is_gzip {
            Box::new(BufReader::with_capacity(
                BUFFER_BYTES,
                MultiGzDecoder::new(raw),
            ))
        } else {
            Box::new(raw)
        })
    }
}

/// Copies standard input to a file that nobody else can name: it has to be read twice.
fn spool() -> anyhow::Result<File> {
    let path = std::env::temp_dir().join(format!("befriend-import-{}", std::process::id()));
    let made = || format!("keep standard input in {}", path.display());
    let mut file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .with_context(made)?;
    std::fs::remove_file(&path).with_context(made)?;
    io::copy(&mut io::stdin().lock(), &mut file).with_context(made)?;
    file.flush().with_context(made)?;
    Ok(file)
}

/// Whether a read failed because of what the file holds.
fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

/// Why a file that begins so is not text that can be read.
fn foreign(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"PK\x03\x04") {
        return Some("is a ZIP archive or a workbook: unpack it, or save the sheet as CSV");
    }
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Some("is UTF-16: save it as UTF-8");
    }
    head.contains(&0)
        .then_some("holds bytes that no text has: it is neither CSV nor JSON")
}

impl Lines {
    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let length = (&mut self.content)
            .take(limit)
            .read_until(b'\n', &mut bytes)?;
        if length == 0 {
            return Ok(None);
        }
        self.position += length as u64;
        self.number += 1;
        let is_whole = bytes.ends_with(b"\n") || bytes.len() <= LINE_BYTES_MAX;
        if !is_whole {
            self.position += self.content.skip_until(b'\n')? as u64;
        }
        if self.number == 1 && bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
            bytes.drain(..3);
        }
        while bytes
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
        {
            bytes.pop();
        }
        Ok(Some(Line {
            number: self.number,
            bytes,
            is_whole,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(content: &[u8]) -> Lines {
        Lines {
            content: Box::new(BufReader::new(io::Cursor::new(content.to_vec()))),
            number: 0,
            position: 0,
        }
    }

    #[test]
    fn lines_end_as_they_do_anywhere_and_long_ones_are_cut_and_told() {
        let mut content = b"\xef\xbb\xbfone\r\ntwo\n\n".to_vec();
        content.extend(vec![b'x'; LINE_BYTES_MAX + 5]);
        content.extend(b"\nlast");
        let mut lines = lines_of(&content);

        let mut seen = Vec::new();
        while let Some(line) = lines.next().expect("memory") {
            let text = String::from_utf8_lossy(&line.bytes[..line.bytes.len().min(4)]);
            seen.push((line.number, text.into_owned(), line.is_whole));
        }

        let expected = [(1, "one", true), (2, "two", true), (3, "", true)];
        for (seen, (number, text, is_whole)) in seen.iter().zip(expected) {
            assert_eq!((seen.0, seen.1.as_str(), seen.2), (number, text, is_whole));
        }
        assert_eq!((seen[3].0, seen[3].2), (4, false));
        assert_eq!(seen[4], (5, String::from("last"), true));
        assert_eq!(lines.position, content.len() as u64);
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (head, word) in [
            (&b"PK\x03\x04rest"[..], Some("workbook")),
            (&b"\xff\xfea\0"[..], Some("UTF-16")),
            (&b"GIF89a\0\0"[..], Some("neither CSV nor JSON")),
            (&b"a,b\n"[..], None),
            (&b""[..], None),
        ] {
            assert_eq!(foreign(head).is_some(), word.is_some());
            assert!(
                foreign(head)
                    .unwrap_or_default()
                    .contains(word.unwrap_or_default())
            );
        }
    }
}
