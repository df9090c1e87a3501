//! What the shop sells, and what an order comes to. Pure: a page may name goods and quantities, but
//! what they cost is known here.

use serde::{Deserialize, Serialize};

/// The most lines of an order.
const LINES_MAX: usize = 20;

/// The most of one thing.
const QUANTITY_MAX: u32 = 20;

/// The longest order number, in characters.
const ORDER_ID_CHARS_MAX: usize = 20;

/// Id, name, kind, price in cents. A test holds these and `assets/shop/goods.js` together.
const GOODS: [(&str, &str, &str, u32); 8] = [
    ("bread", "Night-shift sourdough", "Bread", 620),
    ("baguette", "Sunday baguette", "Bread", 280),
    ("croissant", "Butter croissant", "Morning", 240),
    ("roll", "Cinnamon roll", "Morning", 310),
    ("pretzel", "Salted pretzel", "Morning", 220),
    ("tart", "Raspberry tart", "Sweet", 460),
    ("cake", "Carrot cake, whole", "Sweet", 2800),
    ("cookie", "Oat and dark chocolate cookie", "Sweet", 190),
];

/// A line as a page sends it; whatever else it says is not read.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    product_id: String,
    quantity: u32,
}

/// A line as events carry it.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Line {
    product_id: &'static str,
    name: &'static str,
    category: &'static str,
    price: f64,
    quantity: u32,
}

/// An order that can be baked.
#[derive(Debug, PartialEq)]
pub(super) struct Order {
    pub(super) lines: Vec<Line>,
    pub(super) total: f64,
}

/// Whether `text` is an order number of this shop.
pub(super) fn is_order_id(text: &str) -> bool {
    text.len() <= ORDER_ID_CHARS_MAX
        && text.strip_prefix("CR-").is_some_and(|number| {
            !number.is_empty()
                && number
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        })
}

/// Adds an order up; `None` if it asks for what is not on the shelf.
pub(super) fn add_up(wanted: &[Wanted]) -> Option<Order> {
    if wanted.is_empty() || wanted.len() > LINES_MAX {
        return None;
    }
    let mut cents_total = 0;
    let mut lines = Vec::with_capacity(wanted.len());
    for want in wanted {
        let (product_id, name, category, cents) =
            *GOODS.iter().find(|good| good.0 == want.product_id)?;
        if !(1..=QUANTITY_MAX).contains(&want.quantity) {
            return None;
        }
        cents_total += cents * want.quantity;
        lines.push(Line {
            product_id,
            name,
            category,
            price: money(cents),
            quantity: want.quantity,
        });
    }
    Some(Order {
        lines,
        total: money(cents_total),
    })
}

fn money(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(product_id: &str, quantity: u32) -> Wanted {
        Wanted {
            product_id: product_id.to_owned(),
            quantity,
        }
    }

    #[test]
    fn the_shelf_and_the_price_list_agree() {
        let shelf = include_str!("../../../assets/shop/goods.js");
        for (id, name, kind, cents) in GOODS {
            let good = shelf
                .split(&format!("id: '{id}'"))
                .nth(1)
                .unwrap_or_else(|| panic!("{id} is not on the shelf"));
            let good = good.split("note:").next().unwrap();
            assert!(good.contains(&format!("name: '{name}'")), "{name}");
            assert!(good.contains(&format!("kind: '{kind}'")), "{name}");
            assert!(
                good.contains(&format!("price: {},", money(cents))),
                "{name}"
            );
        }
        assert_eq!(shelf.matches("id: '").count(), GOODS.len());
    }

    #[test]
    fn an_order_costs_what_the_shop_says() {
        let order = add_up(&[want("bread", 2), want("cookie", 1)]).expect("an order");

        assert!((order.total - 14.3).abs() < 1e-9);
        assert_eq!(order.lines.len(), 2);
        assert_eq!(add_up(&[]), None);
        assert_eq!(add_up(&[want("gold", 1)]), None);
        assert_eq!(add_up(&[want("bread", 0)]), None);
        assert_eq!(add_up(&[want("bread", 21)]), None);
        let many: Vec<Wanted> = (0..21).map(|_| want("bread", 1)).collect();
        assert_eq!(add_up(&many), None);
    }

    #[test]
    fn order_numbers_have_one_form() {
        assert!(is_order_id("CR-1Z9K3QA"));
        for wrong in [
            "",
            "CR-",
            "CR-abc",
            "XX-1",
            "CR-1 2",
            "CR-111111111111111111111",
        ] {
            assert!(!is_order_id(wrong), "{wrong}");
        }
    }
}
