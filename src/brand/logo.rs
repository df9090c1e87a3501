//! Logos as they may be kept: PNG, JPEG or WebP, taken apart and put together again without
//! anything that draws nothing. Pure.
//!
//! A picture is not decoded: nothing of ours ever looks at its pixels. But every part of the file is
//! read, and only the parts that draw are kept, so that neither a text nor another file travels in
//! it (A137), and what its parts say of its size is held to a limit. SVG is a document with scripts
//! and links, and is refused.

/// The largest file, in bytes.
pub const LOGO_BYTES_MAX: usize = 256 * 1024;

/// The largest width and height, in pixels.
pub const LOGO_SIDE_MAX: u32 = 2048;

/// A picture that may be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Its media type.
    pub kind: &'static str,
    /// The ending of its name.
    pub ending: &'static str,
    /// The file, cleaned.
    pub bytes: Vec<u8>,
}

/// Why a file cannot be a logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALogo {
    /// Too many bytes.
    #[error("Use a picture of at most 256 kB.")]
    TooLarge,
    /// Not one of the formats.
    #[error("Use a PNG, JPEG or WebP picture.")]
    Format,
    /// Broken, or not drawn by the parts that there are.
    #[error("This picture is damaged. Save it again and try once more.")]
    Damaged,
    /// Too many pixels, or none.
    #[error("Use a picture of at most 2,048 pixels each way.")]
    Pixels,
    /// It moves.
    #[error("Use a picture that stands still.")]
    Animated,
}

/// Takes a picture.
pub fn clean(file: &[u8]) -> Result<Logo, NotALogo> {
    if file.len() > LOGO_BYTES_MAX {
        return Err(NotALogo::TooLarge);
    }
    if file.starts_with(PNG_SIGNATURE) {
        let bytes = clean_png(file)?;
        return Ok(logo("image/png", "png", bytes));
    }
    if file.starts_with(&[0xff, 0xd8, 0xff]) {
        let bytes = clean_jpeg(file)?;
        return Ok(logo("image/jpeg", "jpg", bytes));
    }
    if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
        let bytes = clean_webp(file)?;
        return Ok(logo("image/webp", "webp", bytes));
    }
    Err(NotALogo::Format)
}

const fn logo(kind: &'static str, ending: &'static str, bytes: Vec<u8>) -> Logo {
    Logo {
        kind,
        ending,
        bytes,
    }
}

fn check_size(width: u32, height: u32) -> Result<(), NotALogo> {
    let fits = |side| (1..=LOGO_SIDE_MAX).contains(&side);
    if fits(width) && fits(height) {
        Ok(())
    } else {
        Err(NotALogo::Pixels)
    }
}

/// Takes `count` bytes off the front of `rest`.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], NotALogo> {
    let (taken, after) = rest.split_at_checked(count).ok_or(NotALogo::Damaged)?;
    *rest = after;
    Ok(taken)
}

fn number_be(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

fn number_le(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The chunks that draw (PNG specification, third edition, §11).
const PNG_KEPT: [&[u8]; 7] = [
    b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"IDAT", b"IEND",
];

fn clean_png(file: &[u8]) -> Result<Vec<u8>, NotALogo> {
    let mut rest = &file[PNG_SIGNATURE.len()..];
    let mut out = PNG_SIGNATURE.to_vec();
    let mut draws = false;
    for place in 0.. {
        let start = rest;
        let length = number_be(take(&mut rest, 4)?) as usize;
        let named = rest;
        let name = take(&mut rest, 4)?;
        let data = take(&mut rest, length)?;
        let sum = number_be(take(&mut rest, 4)?);
        let mut check = flate2::Crc::new();
        check.update(&named[..4 + length]);
        if check.sum() != sum || (place == 0) != (name == b"IHDR") {
            return Err(NotALogo::Damaged);
        }
        match name {
            b"IHDR" if length == 13 => check_size(number_be(&data[..4]), number_be(&data[4..8]))?,
            b"IHDR" => return Err(NotALogo::Damaged),
            b"acTL" => return Err(NotALogo::Animated),
            b"IDAT" => draws = true,
            _ => {}
        }
        if PNG_KEPT.contains(&name) {
            out.extend_from_slice(&start[..12 + length]);
        }
        if name == b"IEND" {
            break;
        }
    }
    if draws {
        Ok(out)
    } else {
        Err(NotALogo::Damaged)
    }
}

/// JPEG's markers that draw (ITU-T T.81, annex B), and Adobe's, which says how colours are stored.
const fn jpeg_keeps(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xc2 | 0xc4 | 0xda | 0xdb | 0xdd | 0xee)
}

fn clean_jpeg(file: &[u8]) -> Result<Vec<u8>, NotALogo> {
    let mut rest = &file[2..];
    let mut out = vec![0xff, 0xd8];
    let (mut has_size, mut draws) = (false, false);
    loop {
        if take(&mut rest, 1)? != [0xff] {
            return Err(NotALogo::Damaged);
        }
        let mut marker = take(&mut rest, 1)?[0];
        while marker == 0xff {
            marker = take(&mut rest, 1)?[0];
        }
        if marker == 0xd9 {
            break;
        }
        let length = number_be(rest.get(..2).ok_or(NotALogo::Damaged)?) as usize;
        let segment = take(&mut rest, length.max(2))?;
        if matches!(marker, 0xc0..=0xc2) {
            let size = segment.get(3..7).ok_or(NotALogo::Damaged)?;
            check_size(number_be(&size[2..]), number_be(&size[..2]))?;
            has_size = true;
        } else if matches!(marker, 0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf) {
            return Err(NotALogo::Format);
        }
        if jpeg_keeps(marker) {
            out.extend([0xff, marker]);
            out.extend_from_slice(segment);
        }
        if marker == 0xda {
            draws = has_size;
            let scan = scan_length(rest).ok_or(NotALogo::Damaged)?;
            out.extend_from_slice(take(&mut rest, scan)?);
        }
    }
    if !draws {
        return Err(NotALogo::Damaged);
    }
    out.extend([0xff, 0xd9]);
    Ok(out)
}

/// How long a scan's data is: up to a marker that is neither a stuffed byte nor a restart.
fn scan_length(data: &[u8]) -> Option<usize> {
    data.windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff | 0xd0..=0xd7))
}

/// In a WebP's extended header: an alpha channel. Every other flag speaks of what is left out.
const WEBP_ALPHA: u8 = 0x10;
const WEBP_ANIMATED: u8 = 0x02;

fn clean_webp(file: &[u8]) -> Result<Vec<u8>, NotALogo> {
    let length = number_le(&file[4..8]) as usize;
    let mut rest = file.get(12..8 + length).ok_or(NotALogo::Damaged)?;
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut draws = false;
    while !rest.is_empty() {
        let name = take(&mut rest, 4)?;
        let length = number_le(take(&mut rest, 4)?) as usize;
        let padded = length + length % 2;
        // The last chunk of some files lacks the byte that makes it even.
        let there = padded.min(rest.len());
        let data = take(&mut rest, there)?;
        let data = data.get(..length).ok_or(NotALogo::Damaged)?;
        let mut kept = data.to_vec();
        match name {
            b"VP8X" => extended_header(&mut kept)?,
            b"VP8 " => lossy_size(data)?,
            b"VP8L" => lossless_size(data)?,
            b"ALPH" => {}
            b"ANIM" | b"ANMF" => return Err(NotALogo::Animated),
            _ => continue,
        }
        draws |= matches!(name, b"VP8 " | b"VP8L");
        out.extend_from_slice(name);
        let length = u32::try_from(length).map_err(|_| NotALogo::Damaged)?;
        out.extend(length.to_le_bytes());
        out.extend_from_slice(&kept);
        out.resize(out.len() + out.len() % 2, 0);
    }
    if !draws {
        return Err(NotALogo::Damaged);
    }
    let length = u32::try_from(out.len() - 8).map_err(|_| NotALogo::Damaged)?;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(out)
}

fn extended_header(data: &mut [u8]) -> Result<(), NotALogo> {
    if data.len() != 10 {
        return Err(NotALogo::Damaged);
    }
    if data[0] & WEBP_ANIMATED != 0 {
        return Err(NotALogo::Animated);
    }
    data[0] &= WEBP_ALPHA;
    check_size(number_le(&data[4..7]) + 1, number_le(&data[7..10]) + 1)
}

/// RFC 6386 §9.1.
fn lossy_size(data: &[u8]) -> Result<(), NotALogo> {
    let header = data.get(3..10).ok_or(NotALogo::Damaged)?;
    if header[..3] != [0x9d, 0x01, 0x2a] {
        return Err(NotALogo::Damaged);
    }
    let side = |at: usize| number_le(&header[at..at + 2]) & 0x3fff;
    check_size(side(3), side(5))
}

/// RFC 9649 §3.4.
fn lossless_size(data: &[u8]) -> Result<(), NotALogo> {
    let header = data.get(..5).ok_or(NotALogo::Damaged)?;
    if header[0] != 0x2f {
        return Err(NotALogo::Damaged);
    }
    let bits = number_le(&header[1..]);
    check_size((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)
}

#[cfg(test)]
#[path = "logo_tests.rs"]
mod tests;
