//! A text as a picture that cameras read.

use qrcode::{Color, EcLevel, QrCode};

/// How much is left blank around it, in modules (ISO/IEC 18004 §5.3.8).
const QUIET: usize = 4;

/// A picture for an SVG of `size` by `size` units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    /// How wide and high it is with the blank around it.
    pub size: usize,
    /// The dark modules, as the `d` of a path.
    pub path: String,
}

/// Draws `text`; none if it is longer than a picture can hold, about 2,300 bytes.
pub fn draw(text: &str) -> Option<Qr> {
    use std::fmt::Write as _;

    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|c| **c == Color::Dark).count();
            if run > 0 {
                let (left, top) = (x + QUIET, y + QUIET);
                write!(path, "M{left} {top}h{run}v1h-{run}z").ok()?;
            }
            x += run.max(1);
        }
    }
    Some(Qr {
        size: width + 2 * QUIET,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finder_patterns_are_where_cameras_look() {
        let qr = draw("otpauth://totp/Bellmoor:anna?secret=GEZDGNBVGY3TQOJQ").unwrap();

        // The smallest version that holds 53 bytes has 33 modules.
        assert_eq!(qr.size, 33 + 8);
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", &qr.path[..40]);
        assert!(qr.path.contains("M30 4h7v1h-7z"));
        assert!(draw(&"x".repeat(4000)).is_none());
    }
}
