//! Numbers that come back from JSON to the last bit.
//!
//! `serde_json` reads long decimals quickly and may be off in the last digit; a state that is stored
//! and read again must equal one that never left memory. Text is exact both ways.

use std::fmt;

use serde::Serializer;
use serde::de::{Deserializer, Error, Visitor};

/// For `#[serde(with = "exact")]` on an `f64`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{number:?}"))
}

/// For `#[serde(with = "exact")]` on an `f64`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    from.deserialize_str(NumberInText)
}

struct NumberInText;

impl Visitor<'_> for NumberInText {
    type Value = f64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number written as text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        text.parse().map_err(E::custom)
    }
}

/// For `#[serde(with = "exact::array")]` on a figure for each dimension.
pub(super) mod array {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::stage::dimension::DIMENSIONS;

    #[derive(Clone, Copy, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Number(#[serde(with = "super")] f64);

    pub(in crate::stage) fn serialize<S: Serializer>(
        numbers: &[f64; DIMENSIONS],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        numbers.map(Number).serialize(to)
    }

    pub(in crate::stage) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[f64; DIMENSIONS], D::Error> {
        Ok(<[Number; DIMENSIONS]>::deserialize(from)?.map(|Number(number)| number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Exact(#[serde(with = "super")] f64);

    proptest! {
        #[test]
        fn every_number_comes_back_as_it_was(number in any::<f64>()) {
            let text = serde_json::to_string(&Exact(number)).expect("JSON");
            let Exact(again) = serde_json::from_str(&text).expect("it reads back");

            prop_assert!(again.to_bits() == number.to_bits() || number.is_nan());
        }
    }

    #[test]
    fn a_figure_that_is_no_text_is_told_what_it_should_be() {
        let refused = serde_json::from_str::<Exact>("0.1").map(|_| ());
        let problem = refused.unwrap_err().to_string();

        assert!(
            problem.contains("expected a number written as text"),
            "{problem}"
        );
    }
}
