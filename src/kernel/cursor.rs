//! Opaque list cursors: a position, encoded. They carry no authority: every query that uses one is
//! still bound to its brand, so a forged cursor can only move within what its bearer may see.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest cursor that is read, in characters.
const CURSOR_LENGTH_MAX: usize = 512;

/// The text is not a cursor that Befriend gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor from an earlier answer: leave it out to start from the beginning")]
pub struct ParseCursorError;

/// Encodes a position.
pub fn encode<P: Serialize>(position: &P) -> String {
    let json = serde_json::to_vec(position).expect("a position is plain data");
    URL_SAFE_NO_PAD.encode(json)
}

/// Decodes a position.
pub fn decode<P: DeserializeOwned>(text: &str) -> Result<P, ParseCursorError> {
    if text.len() > CURSOR_LENGTH_MAX {
        return Err(ParseCursorError);
    }
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| ParseCursorError)?;
    serde_json::from_slice(&json).map_err(|_| ParseCursorError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_and_anything_else_is_refused() {
        let position = (7_i64, "x".to_owned());

        assert_eq!(decode::<(i64, String)>(&encode(&position)), Ok(position));
        for text in ["", "!", "AAAA", "'; drop table", &"A".repeat(2_000)] {
            assert_eq!(
                decode::<(i64, String)>(text),
                Err(ParseCursorError),
                "{text}"
            );
        }
    }
}
