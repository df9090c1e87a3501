//! All brands, and a new one.

use askama::Template;

use super::{BrandChoice, Shell};
use crate::view::{Colour, Field};

/// `/dashboard/brands`.
///
/// Posts `name`, `slug` and `colour` to the same address.
#[derive(Debug, Clone, Template)]
#[template(path = "dashboard/brands.html")]
pub struct BrandsPage {
    /// The frame.
    pub shell: Shell,
    /// The brands, in the order listed.
    pub brands: Vec<BrandRow>,
    /// The form of a new brand.
    pub form: BrandForm,
}

/// One brand.
#[derive(Debug, Clone)]
pub struct BrandRow {
    /// The brand's slug.
    pub slug: String,
    /// The brand's name.
    pub name: String,
    /// The brand's colour.
    pub colour: Colour,
    /// How many customers it has, as in `5,012 customers`.
    pub customers: String,
    /// The day it was made.
    pub created: String,
}

/// A new brand.
#[derive(Debug, Clone, Default)]
pub struct BrandForm {
    /// Its name.
    pub name: Field,
    /// Its slug: lower-case letters, digits and dashes.
    pub slug: Field,
    /// Its colour, as in `#b85207`; a default colour is offered where empty.
    pub colour: Field,
}

/// The colour offered for a new brand.
const COLOUR_OFFERED: &str = "#3b1f8f";

impl BrandForm {
    fn colour_value(&self) -> &str {
        if self.colour.value.is_empty() {
            COLOUR_OFFERED
        } else {
            &self.colour.value
        }
    }
}

impl BrandRow {
    fn href(&self) -> String {
        BrandChoice {
            slug: self.slug.clone(),
            name: String::new(),
        }
        .href()
    }
}

#[cfg(test)]
impl BrandsPage {
    pub(in crate::view) fn sample(words: crate::view::sample::Words) -> Self {
        let row = |slug: &str, name: &str, colour, customers: &str| BrandRow {
            slug: words.text(slug),
            name: words.text(name),
            colour,
            customers: customers.to_owned(),
            created: "14 Sep 2025".to_owned(),
        };
        Self {
            shell: Shell {
                brand: None,
                ..Shell::sample(words)
            },
            brands: vec![
                row(
                    "bellmoor",
                    "Bellmoor Bakery",
                    Colour::new(0xb8, 0x52, 0x07),
                    "5,012 customers",
                ),
                row(
                    "northlight",
                    "Northlight Books",
                    Colour::new(0x0b, 0x6a, 0x74),
                    "318 customers",
                ),
            ],
            form: BrandForm {
                name: Field::filled(words.text("Quay Cycles")),
                slug: Field::refused(
                    words.text("bellmoor"),
                    words.text("Another brand has this short name. Choose another."),
                ),
                colour: Field::empty(),
            },
        }
    }

    pub(in crate::view) fn sample_empty(words: crate::view::sample::Words) -> Self {
        Self {
            shell: Shell {
                brand: None,
                brands: Vec::new(),
                ..Shell::sample(words)
            },
            brands: Vec::new(),
            form: BrandForm::default(),
        }
    }
}
