//! Everything that can be known before the first event is stored: what the files are, that they can
//! be read to their end, and that the mapping fits their columns.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::Format;
use super::mapping::plan::Plan;
use super::mapping::{Guess, Mapping, MappingFault, Written, guess};
use super::reader::{first_line, head};
use super::records::Encoding;
use super::source::{Source, list_files};
use crate::kernel::secret::Sha256;

/// Rows that a guess looks at.
const GUESS_ROWS: usize = 200;

/// A file that can be imported.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) source: Source,
    pub(super) plan: Option<Plan>,
    pub(super) delimiter: u8,
    pub(super) encoding: Encoding,
}

/// An import that can begin.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) format: Format,
    pub(super) inputs: Vec<Input>,
    /// The same files, read the same way, are the same import.
    pub(super) fingerprint: [u8; 32],
}

/// What preparing came to.
#[derive(Debug)]
pub(super) enum Ready {
    /// The import can begin.
    Import(Prepared),
    /// A mapping is needed; this one is suggested.
    Suggestion(Guess),
}

/// What the command line says of the files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    pub(super) files: &'a [PathBuf],
    pub(super) format: Option<Format>,
    pub(super) mapping: Option<&'a Path>,
    /// Whether a guessed mapping may be used as it is.
    pub(super) trusts_guess: bool,
}

impl Input {
    /// A file that needs no mapping.
    pub(super) const fn bare(source: Source) -> Self {
        Self {
            source,
            plan: None,
            delimiter: b',',
            encoding: Encoding::Utf8,
        }
    }
}

impl Prepared {
    /// How much there is to read, unpacked.
    pub(super) fn bytes(&self) -> u64 {
        self.inputs.iter().map(|input| input.source.bytes).sum()
    }

    /// The files, for people.
    pub(super) fn names(&self) -> String {
        match self.inputs.as_slice() {
            [] => String::new(),
            [one] => one.source.name.clone(),
            [first, rest @ ..] => format!("{} and {} more", first.source.name, rest.len()),
        }
    }
}

/// Looks at everything. `seen` is told how many bytes were looked at.
pub(super) fn prepare(wish: Wish<'_>, seen: &dyn Fn(u64)) -> anyhow::Result<Ready> {
    let mapping_text = match wish.mapping {
        None => None,
        Some(path) => Some(
            std::fs::read_to_string(path)
                .with_context(|| format!("read the mapping {}", path.display()))?,
        ),
    };
    let mapping = mapping_text
        .as_deref()
        .map(Mapping::read)
        .transpose()
        .map_err(|fault| in_words(wish.mapping, &[fault]))?;
    let sources = list_files(wish.files)?
        .iter()
        .map(|path| Source::survey(path, seen))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let Some(format) = format_of(wish.format, mapping.as_ref(), &sources)? else {
        return Ok(Ready::Import(Prepared {
            format: Format::Ndjson,
            fingerprint: fingerprint(Format::Ndjson, None, &sources),
            inputs: sources.into_iter().map(Input::bare).collect(),
        }));
    };
    if mapping.is_some()
        && !matches!(
            format,
            Format::Csv | Format::Ndjson | Format::SegmentArchive
        )
    {
        bail!(
            "{} files are read as they are: leave out --mapping",
            format.name()
        );
    }
    let (mapping, text) = match (mapping, format) {
        (None, Format::Csv) => {
            let guessed = guess_from(&sources)?;
            if !wish.trusts_guess || !guessed.lacks.is_empty() {
                return Ok(Ready::Suggestion(guessed));
            }
            let mapping = Mapping::read(&guessed.text).map_err(|fault| in_words(None, &[fault]))?;
            (Some(mapping), Some(guessed.text))
        }
        (mapping, _) => (mapping, mapping_text),
    };
    let fingerprint = fingerprint(format, text.as_deref(), &sources);
    let inputs = sources
        .into_iter()
        .map(|source| match &mapping {
            None => Ok(Input::bare(source)),
            Some(mapping) => with_mapping(source, mapping, format, wish.mapping),
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Ready::Import(Prepared {
        format,
        inputs,
        fingerprint,
    }))
}

/// What the files are; `None` if all are empty.
fn format_of(
    wished: Option<Format>,
    mapping: Option<&Mapping>,
    sources: &[Source],
) -> anyhow::Result<Option<Format>> {
    let of_mapping = mapping.map(|mapping| match mapping.format {
        Written::Csv => Format::Csv,
        Written::Ndjson => Format::Ndjson,
    });
    if let Some(format) = wished.or(of_mapping) {
        let differ = of_mapping == Some(Format::Csv) && format != Format::Csv
            || of_mapping == Some(Format::Ndjson) && format == Format::Csv;
        if differ {
            bail!(
                "--format says {} and the mapping another: set its `format`",
                format.name()
            );
        }
        return Ok(Some(format));
    }
    for source in sources {
        let line = first_line(source)?;
        if line.is_empty() {
            continue;
        }
        if line.trim_start().starts_with('[') {
            bail!(
                "{} is one JSON array: write each event on a line of its own, as `jq -c '.[]'` does",
                source.name
            );
        }
        let format = Format::guess(&line).with_context(|| {
            format!(
                "the first line of {} does not tell what it is: name it with --format, or see \
                 `befriend import --help` for what is understood",
                source.name
            )
        })?;
        return Ok(Some(format));
    }
    Ok(None)
}

fn with_mapping(
    source: Source,
    mapping: &Mapping,
    format: Format,
    path: Option<&Path>,
) -> anyhow::Result<Input> {
    let delimiter = mapping
        .delimiter()
        .map_err(|fault| in_words(path, &[fault]))?;
    let columns = if format == Format::Csv {
        head(&source, Some(delimiter), mapping.encoding, 0)?.1
    } else {
        mapping.fields()
    };
    let is_empty = columns.is_empty();
    let plan = match Plan::new(mapping, columns) {
        Ok(plan) => Some(plan),
        // A file without a header row holds no rows.
        Err(_) if is_empty && source.bytes == 0 => None,
        Err(faults) => {
            return Err(
                in_words(path, &faults).context(format!("{} cannot be read so", source.name))
            );
        }
    };
    Ok(Input {
        source,
        plan,
        delimiter,
        encoding: mapping.encoding,
    })
}

fn guess_from(sources: &[Source]) -> anyhow::Result<Guess> {
    let source = sources
        .iter()
        .find(|source| source.bytes > 0)
        .context("there is nothing to import")?;
    let (delimiter, columns, rows) = match head(source, None, Encoding::Utf8, GUESS_ROWS) {
        Ok((delimiter, columns, rows)) => (delimiter, columns, rows),
        Err(_) => head(source, None, Encoding::Windows1252, GUESS_ROWS)?,
    };
    let encoding = if is_utf8(source)? {
        Encoding::Utf8
    } else {
        Encoding::Windows1252
    };
    Ok(guess(&columns, &rows, delimiter, encoding))
}

/// Whether the first lines are UTF-8.
fn is_utf8(source: &Source) -> anyhow::Result<bool> {
    let mut lines = source.lines()?;
    for _ in 0..GUESS_ROWS {
        match lines.next()? {
            None => break,
            Some(line) if std::str::from_utf8(&line.bytes).is_err() => return Ok(false),
            Some(_) => {}
        }
    }
    Ok(true)
}

/// The delimiter that a header row has most of.
pub(super) fn delimiter_of(line: &str) -> Option<u8> {
    [b',', b';', b'\t', b'|']
        .into_iter()
        .map(|delimiter| (line.bytes().filter(|byte| *byte == delimiter).count(), delimiter))
        .filter(|(count, _)| *count > 0)
        // The first of those that are as frequent.
        .max_by_key(|(count, delimiter)| (*count, u8::MAX - delimiter))
        .map(|(_, delimiter)| delimiter)
}

fn in_words(path: Option<&Path>, faults: &[MappingFault]) -> anyhow::Error {
    let name = path.map_or_else(
        || String::from("the guessed mapping"),
        |path| path.display().to_string(),
    );
    let faults: Vec<String> = faults
        .iter()
        .map(|fault| format!("{name}: {fault}"))
        .collect();
    anyhow::anyhow!("{}", faults.join("\n"))
}

fn fingerprint(format: Format, mapping: Option<&str>, sources: &[Source]) -> [u8; 32] {
    let mut hash = Sha256::default();
    for part in [format.name(), mapping.unwrap_or_default()] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    for source in sources {
        hash.update(&source.digest);
    }
    hash.finish()
}
