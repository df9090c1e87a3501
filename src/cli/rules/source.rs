//! Where a command finds the rules it is about.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

use crate::app::SharedApp;
use crate::cli::replay::find_brand;
use crate::kernel::id::BrandId;
use crate::projection::ruleset_store;
use crate::stage::RuleSet;
use crate::stage::ruleset::{LoadError, Preset};

/// More than any document that is read; the reader says that it is too long.
const DOCUMENT_BYTES_MAX: u64 = 1024 * 1024;

/// The text of a file, or of standard input for `-`.
pub(super) fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin()
            .take(DOCUMENT_BYTES_MAX)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(DOCUMENT_BYTES_MAX).read_to_string(&mut text))
    };
    read.with_context(|| format!("read the rules from {}", path.display()))?;
    Ok(text)
}

/// The rules in a file, or the preset of that name where there is no such file.
pub(super) fn read_set(file_or_preset: &str) -> anyhow::Result<RuleSet> {
    let path = Path::new(file_or_preset);
    if let (false, Some(preset)) = (path.exists(), Preset::from_slug(file_or_preset)) {
        return Ok(preset.set());
    }
    RuleSet::from_yaml(&read_text(path)?)
        .map_err(told)
        .with_context(|| format!("the rules in {file_or_preset} cannot be used"))
}

fn told(error: LoadError) -> anyhow::Error {
    match error {
        LoadError::Invalid(faults) => {
            let first = faults
                .first()
                .map(|fault| format!("{}: {}; {}", fault.path, fault.problem, fault.mend));
            anyhow::anyhow!(
                "{} (`befriend rules lint` tells all {})",
                first.unwrap_or_default(),
                faults.len()
            )
        }
        other => anyhow::Error::new(other),
    }
}

/// A brand's id, the number of a version and its rules: the latest, or the one asked for.
pub(super) async fn published(
    app: &SharedApp,
    slug: &str,
    version: Option<i32>,
) -> anyhow::Result<(BrandId, i32, RuleSet)> {
    let brand = find_brand(app, slug).await?;
    let mut conn = app.pool.acquire().await?;
    let found = match version {
        Some(version) => ruleset_store::find_version(&mut conn, brand.brand_id, version).await?,
        None => ruleset_store::find_published(&mut conn, brand.brand_id).await?,
    };
    let found = found.with_context(|| match version {
        Some(version) => format!("{slug} has no version {version} of its rules"),
        None => format!("{slug} has no rules"),
    })?;
    let set = serde_json::from_value(found.document)
        .with_context(|| format!("version {} is no rule set", found.version))?;
    Ok((brand.brand_id, found.version, set))
}
