//! A brand's colour, and what must be written on it to stay readable.

use std::fmt;
use std::str::FromStr;

/// The least contrast between text and what is behind it (WCAG 2.2 AA, normal text).
pub const CONTRAST_MIN: f64 = 4.5;

/// How many steps lie between a colour and black or white when it is moved.
const MOVE_STEPS: u16 = 256;

/// The page surfaces the brand's colour is drawn on, as `assets/befriend.css` defines them.
const SURFACE_LIGHT: Colour = Colour::new(0xff, 0xff, 0xff);
const SURFACE_DARK: Colour = Colour::new(0x1c, 0x1e, 0x23);

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// Why a text is not a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written as # and six hexadecimal digits, such as #b85207")]
pub struct NotAColour;

impl Colour {
    /// Black.
    pub const BLACK: Self = Self::new(0, 0, 0);
    /// White.
    pub const WHITE: Self = Self::new(0xff, 0xff, 0xff);

    /// A colour from its three channels.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// The relative luminance, 0 for black to 1 for white.
    pub fn luminance(self) -> f64 {
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// The contrast ratio with another colour, 1 for the same to 21 for black and white.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// This colour moved `step` of [`MOVE_STEPS`] towards black: all light dimmed alike, so that the
    /// hue stays.
    fn dimmed(self, step: u16) -> Self {
        let share = 1.0 - f64::from(step) / f64::from(MOVE_STEPS);
        self.map_light(|light| light * share)
    }

    /// This colour moved `step` of [`MOVE_STEPS`] towards white: for the first half all light is
    /// raised alike until a channel is full, so that the hue stays; then white is mixed in.
    fn lit(self, step: u16) -> Self {
        let most = linear(self.red.max(self.green).max(self.blue));
        let half = f64::from(MOVE_STEPS) / 2.0;
        let share = f64::from(step) / half;
        if share <= 1.0 && most > 0.0 {
            let factor = 1.0 + (1.0 / most - 1.0) * share;
            self.map_light(|light| light * factor)
        } else {
            let full = if most > 0.0 { 1.0 / most } else { 0.0 };
            let white = (share - 1.0).max(0.0);
            self.map_light(|light| light * full * (1.0 - white) + white)
        }
    }

    fn map_light(self, change: impl Fn(f64) -> f64) -> Self {
        let channel = |value: u8| encoded(change(linear(value)));
        Self::new(channel(self.red), channel(self.green), channel(self.blue))
    }
}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.trim().strip_prefix('#').ok_or(NotAColour)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        let channel = |start: usize| {
            u8::from_str_radix(&digits[start..start + 2], 16).map_err(|_| NotAColour)
        };
        Ok(Self::new(channel(0)?, channel(2)?, channel(4)?))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

fn linear(channel: u8) -> f64 {
    let share = f64::from(channel) / 255.0;
    if share <= 0.040_45 {
        share / 12.92
    } else {
        ((share + 0.055) / 1.055).powf(2.4)
    }
}

fn encoded(light: f64) -> u8 {
    let share = if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a byte's range just before"
    )]
    let channel = (share * 255.0).round().clamp(0.0, 255.0) as u8;
    channel
}

/// White where it reads on `colour`, else black; whichever is returned reaches 4.5:1.
pub fn readable_on(colour: Colour) -> Colour {
    if colour.contrast(Colour::WHITE) >= CONTRAST_MIN {
        Colour::WHITE
    } else {
        Colour::BLACK
    }
}

/// The colour nearest to `colour`, away from `surface`, that reaches the contrast `least` with it.
///
/// Equal to `colour` where that already does. Where even black or white does not reach `least`,
/// the better of them is returned.
pub fn move_until_contrast(colour: Colour, surface: Colour, least: f64) -> Colour {
    let on_dark = surface.contrast(Colour::WHITE) >= surface.contrast(Colour::BLACK);
    let moved = |step| {
        if on_dark {
            colour.lit(step)
        } else {
            colour.dimmed(step)
        }
    };
    (0..=MOVE_STEPS)
        .map(moved)
        .find(|moved| moved.contrast(surface) >= least)
        .unwrap_or_else(|| moved(MOVE_STEPS))
}

/// The style sheet that gives a brand's pages their colour, served at `/brand/{slug}.css`.
///
/// The brand's colour is moved until it reads on the light and on the dark surface, so that it can
/// be used for text and edges as well as for fills.
pub fn brand_css(colour: Colour) -> String {
    let light = move_until_contrast(colour, SURFACE_LIGHT, CONTRAST_MIN);
    let dark = move_until_contrast(colour, SURFACE_DARK, CONTRAST_MIN);
    format!(
        ":root{{--brand:light-dark({light},{dark});--on-brand:light-dark({},{})}}\n",
        readable_on(light),
        readable_on(dark),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_are_read_and_written_as_six_digits() {
        let colour: Colour = " #B85207 ".parse().unwrap();

        assert_eq!(colour, Colour::new(0xb8, 0x52, 0x07));
        assert_eq!(colour.to_string(), "#b85207");
        for text in ["b85207", "#b8520", "#b852070", "#g85207", "#", "", "#é5207"] {
            assert_eq!(text.parse::<Colour>(), Err(NotAColour), "{text:?}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
        assert!((Colour::new(0x76, 0x76, 0x76).contrast(Colour::WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_colour_that_reads_is_left_alone() {
        let colour = Colour::new(0xb8, 0x52, 0x07);

        assert_eq!(move_until_contrast(colour, Colour::WHITE, 4.5), colour);
    }

    #[test]
    fn the_style_sheet_names_both_themes() {
        assert_eq!(
            brand_css(Colour::new(0xff, 0xd4, 0x00)),
            ":root{--brand:light-dark(#8d7400,#ffd400);--on-brand:light-dark(#ffffff,#000000)}\n"
        );
    }

    #[test]
    fn a_dark_colour_is_lit_without_losing_its_hue() {
        let moved = move_until_contrast(Colour::new(0xb8, 0x52, 0x07), SURFACE_DARK, CONTRAST_MIN);

        assert_eq!(moved.to_string(), "#d8620a");
    }

    proptest! {
        #[test]
        fn every_colour_can_be_made_readable(red: u8, green: u8, blue: u8) {
            let colour = Colour::new(red, green, blue);

            for surface in [SURFACE_LIGHT, SURFACE_DARK] {
                let moved = move_until_contrast(colour, surface, CONTRAST_MIN);
                prop_assert!(moved.contrast(surface) >= CONTRAST_MIN);
                prop_assert!(readable_on(moved).contrast(moved) >= CONTRAST_MIN);
            }
        }
    }
}
