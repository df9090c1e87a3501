//! UCI Online Retail as CSV: one line per product of an invoice; an invoice whose number begins with
//! `C` cancels products of an earlier one, without naming it.
//!
//! An invoice becomes one `Order Completed`. A cancelled line is matched to the newest earlier line
//! of the same customer, product and quantity. When every line of an order has been cancelled it is
//! refunded: `Order Refunded` under the order's number. A part of it is an `Order Updated`, which
//! moves nobody. A cancellation that matches none (another quantity, or a purchase from before the
//! file begins) is counted and left out.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{LineError, Step};

#[derive(Deserialize)]
struct Line {
    /// Where it stands in the file.
    #[serde(skip)]
    number: u64,
    #[serde(rename = "InvoiceNo")]
    invoice: String,
    #[serde(rename = "StockCode")]
    stock_code: String,
    #[serde(rename = "Description")]
    description: String,
    #[serde(rename = "Quantity")]
    quantity: f64,
    #[serde(rename = "InvoiceDate")]
    date: String,
    #[serde(rename = "UnitPrice")]
    unit_price: f64,
    #[serde(rename = "CustomerID")]
    customer: String,
}

/// An order's lines that stand.
#[derive(Default)]
struct Order {
    lines_standing: usize,
}

/// One product of one order, to be matched by a cancellation.
#[derive(PartialEq, Eq, Hash)]
struct Bought {
    customer: String,
    stock_code: String,
    /// In thousandths, so that it can be a key.
    quantity_milli: i64,
}

/// Reads lines in file order.
#[derive(Default)]
pub(super) struct Reader {
    headings: Option<csv::StringRecord>,
    open: Vec<Line>,
    orders: HashMap<String, Order>,
    bought: HashMap<Bought, Vec<String>>,
}

impl Reader {
    /// Takes the next line; gives what the lines before it make complete.
    pub(super) fn read_line(&mut self, number: u64, text: &str) -> Result<Vec<Step>, LineError> {
        let fault = |fault: String| LineError {
            line: number,
            fault,
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // One line each: the usual buffer of 8 KiB would be cleared half a million times.
            .buffer_capacity(text.len().max(1))
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        if !reader
            .read_record(&mut record)
            .map_err(|error| fault(error.to_string()))?
        {
            return Ok(Vec::new());
        }
        let Some(headings) = &self.headings else {
            self.headings = Some(record);
            return Ok(Vec::new());
        };
        let mut line: Line = record
            .deserialize(Some(headings))
            .map_err(|error| fault(error.to_string()))?;
        line.number = number;
        if line.customer.is_empty() {
            return Ok(vec![Step::Skipped("no customer")]);
        }
        let mut steps = Vec::new();
        if self
            .open
            .first()
            .is_some_and(|first| first.invoice != line.invoice)
        {
            steps.extend(self.close());
        }
        self.open.push(line);
        Ok(steps)
    }

    /// Gives what the last lines make.
    pub(super) fn close(&mut self) -> Vec<Step> {
        let lines = std::mem::take(&mut self.open);
        let Some(first) = lines.first() else {
            return Vec::new();
        };
        if first.invoice.starts_with('C') {
            return self.cancel(&lines);
        }
        let invoice = first.invoice.clone();
        for line in &lines {
            self.bought
                .entry(bought(line, 1.0))
                .or_default()
                .push(invoice.clone());
        }
        let order = self.orders.entry(invoice.clone()).or_default();
        order.lines_standing += lines.len();
        let products: Vec<Value> = lines.iter().map(product).collect();
        vec![event(
            first,
            "Order Completed",
            &invoice,
            total(&lines),
            Some(products),
        )]
    }

    fn cancel(&mut self, lines: &[Line]) -> Vec<Step> {
        let mut touched: Vec<String> = Vec::new();
        for line in lines {
            let order = self.bought.get_mut(&bought(line, -1.0)).and_then(Vec::pop);
            let Some(order) = order else { continue };
            if let Some(order) = self.orders.get_mut(&order) {
                order.lines_standing = order.lines_standing.saturating_sub(1);
            }
            if !touched.contains(&order) {
                touched.push(order);
            }
        }
        let Some(first) = lines.first() else {
            return Vec::new();
        };
        if touched.is_empty() {
            return vec![Step::Skipped("a cancellation that matches no earlier line")];
        }
        touched
            .iter()
            .map(|order| {
                let is_whole = self
                    .orders
                    .get(order)
                    .is_none_or(|order| order.lines_standing == 0);
                let name = if is_whole {
                    "Order Refunded"
                } else {
                    "Order Updated"
                };
                event(first, name, order, total(lines), None)
            })
            .collect()
    }
}

fn bought(line: &Line, sign: f64) -> Bought {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "quantities are far below 2^53 thousandths"
    )]
    let quantity_milli = (line.quantity * sign * 1_000.0).round() as i64;
    Bought {
        customer: line.customer.clone(),
        stock_code: line.stock_code.clone(),
        quantity_milli,
    }
}

fn total(lines: &[Line]) -> f64 {
    let pence: f64 = lines
        .iter()
        .map(|line| line.quantity * line.unit_price * 100.0)
        .sum();
    pence.round() / 100.0
}

fn product(line: &Line) -> Value {
    json!({
        "product_id": line.stock_code,
        "name": line.description,
        "quantity": line.quantity,
        "price": line.unit_price,
    })
}

fn event(line: &Line, name: &str, order: &str, total: f64, products: Option<Vec<Value>>) -> Step {
    let mut properties = json!({ "order_id": order, "total": total, "currency": "GBP" });
    if let Some(products) = products {
        properties["products"] = Value::Array(products);
    }
    Step::Event(json!({
        "type": "track",
        "event": name,
        // By line: an invoice may be interrupted by another and go on, which is a second event of
        // the same order; and one cancellation may touch several orders.
        "messageId": format!("online-retail-{}-{order}", line.number),
        "userId": format!("online-retail-{}", line.customer),
        "timestamp": line.date,
        "properties": properties,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: &str =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

    /// Names and order numbers of what the lines make; skipped lines by their reason.
    fn read(lines: &[&str]) -> Vec<(String, String)> {
        let mut reader = Reader::default();
        let mut steps = Vec::new();
        for (number, text) in std::iter::once(&HEADINGS).chain(lines).enumerate() {
            let number = u64::try_from(number).expect("small") + 1;
            steps.extend(reader.read_line(number, text).expect("a good line"));
        }
        steps.extend(reader.close());
        steps
            .into_iter()
            .map(|step| match step {
                Step::Event(event) => (
                    event["event"].as_str().unwrap_or_default().to_owned(),
                    event["properties"]["order_id"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                ),
                Step::Skipped(reason) => ("skipped".to_owned(), reason.to_owned()),
            })
            .collect()
    }

    fn pair(name: &str, order: &str) -> (String, String) {
        (name.to_owned(), order.to_owned())
    }

    #[test]
    fn an_invoice_is_one_order() {
        let made = read(&[
            "1,A,Lantern,6.0,2010-12-01T08:26:00Z,2.55,17850,United Kingdom",
            "1,B,\"Heart, white\",2.0,2010-12-01T08:26:00Z,1.00,17850,United Kingdom",
            "2,A,Lantern,1.0,2010-12-02T08:26:00Z,2.55,17850,United Kingdom",
        ]);

        assert_eq!(
            made,
            [pair("Order Completed", "1"), pair("Order Completed", "2")]
        );
    }

    #[test]
    fn a_cancellation_finds_the_order_it_does_not_name() {
        let order = "1,A,Lantern,6.0,2010-12-01T08:26:00Z,2.55,17850,United Kingdom";
        let second = "1,B,Heart,2.0,2010-12-01T08:26:00Z,1.00,17850,United Kingdom";

        let whole = read(&[
            order,
            "C2,A,Lantern,-6.0,2010-12-03T08:26:00Z,2.55,17850,United Kingdom",
        ]);
        let part = read(&[
            order,
            second,
            "C2,A,Lantern,-6.0,2010-12-03T08:26:00Z,2.55,17850,United Kingdom",
        ]);
        let other = read(&[
            order,
            "C2,A,Lantern,-5.0,2010-12-03T08:26:00Z,2.55,17850,United Kingdom",
        ]);

        assert_eq!(whole[1], pair("Order Refunded", "1"));
        assert_eq!(part[1], pair("Order Updated", "1"));
        assert_eq!(
            other[1],
            pair("skipped", "a cancellation that matches no earlier line")
        );
    }

    #[test]
    fn lines_without_a_customer_are_counted() {
        let made = read(&["1,A,Lantern,6.0,2010-12-01T08:26:00Z,2.55,,United Kingdom"]);

        assert_eq!(made, [pair("skipped", "no customer")]);
    }
}
