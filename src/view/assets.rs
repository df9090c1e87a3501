//! The style sheets, scripts and images that pages refer to, under names that change with their
//! content, so that browsers may keep them for ever.

use std::io::Write as _;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use flate2::{Compression, write::GzEncoder};

/// Where the files are served.
pub const PREFIX: &str = "/assets/";

/// How many bytes of the content's hash are part of the name.
const HASH_BYTES: usize = 8;

/// A file to serve.
#[derive(Debug)]
pub struct Asset {
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// The file compressed with gzip, to be sent with `Content-Encoding: gzip`.
    pub gzip: Vec<u8>,
    /// Its name as templates know it, such as `befriend.css`.
    name: &'static str,
    /// Its name as served, such as `befriend-0123456789abcdef.css`.
    served: String,
}

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        asset(
            "befriend.css",
            CSS,
            include_bytes!("../../assets/befriend.css"),
        ),
        asset(
            "dashboard.js",
            JAVASCRIPT,
            include_bytes!("../../assets/dashboard.js"),
        ),
        asset(
            "live.js",
            JAVASCRIPT,
            include_bytes!("../../assets/live.js"),
        ),
        asset(
            "close.js",
            JAVASCRIPT,
            include_bytes!("../../assets/close.js"),
        ),
        asset(
            "configure.js",
            JAVASCRIPT,
            include_bytes!("../../assets/configure.js"),
        ),
        asset(
            "passkey.js",
            JAVASCRIPT,
            include_bytes!("../../assets/passkey.js"),
        ),
        asset("icon.svg", SVG, include_bytes!("../../assets/icon.svg")),
    ]
});

fn asset(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    Asset {
        content_type,
        bytes,
        gzip: compressed(bytes),
        name,
        served: served_name(name, bytes),
    }
}

/// `bytes` compressed with gzip, as small as it gets.
pub fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory cannot fail")
}

fn served_name(name: &str, bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let digest = digest::digest(&digest::SHA256, bytes);
    let mut hash = String::with_capacity(HASH_BYTES * 2);
    for byte in &digest.as_ref()[..HASH_BYTES] {
        write!(hash, "{byte:02x}").expect("writing to memory cannot fail");
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

/// The address of a file, such as `/assets/befriend-0123456789abcdef.css` for `befriend.css`.
///
/// A name that is not in the list leads to an address that is not found; a test looks up every
/// address that the pages contain.
pub fn asset_url(name: &str) -> String {
    let served = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .map_or(name, |asset| &asset.served);
    format!("{PREFIX}{served}")
}

/// The file served at an address, given with or without [`PREFIX`].
pub fn lookup(path: &str) -> Option<&'static Asset> {
    let served = path.strip_prefix(PREFIX).unwrap_or(path);
    ASSETS.iter().find(|asset| asset.served == served)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn an_address_leads_to_its_file() {
        let url = asset_url("befriend.css");

        let found = lookup(&url).unwrap();

        assert!(url.starts_with("/assets/befriend-"), "{url}");
        assert_eq!(found.content_type, CSS);
        assert!(found.bytes.starts_with(b"/*"));
        assert!(lookup("befriend.css").is_none());
        assert!(lookup("/assets/../Cargo.toml").is_none());
    }

    #[test]
    fn names_change_with_the_content() {
        assert_eq!(served_name("a.css", b"x"), "a-2d711642b726b044.css");
        assert_ne!(served_name("a.css", b"y"), served_name("a.css", b"x"));
    }

    #[test]
    fn compressed_files_are_the_same_files() {
        for asset in ASSETS.iter() {
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(asset.gzip.as_slice())
                .read_to_end(&mut bytes)
                .unwrap();

            assert_eq!(bytes, asset.bytes, "{}", asset.name);
        }
    }
}
