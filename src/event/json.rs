//! Strict JSON: what Postgres could not store and what parsers disagree on is refused here, so that
//! a bad event is known before a statement holds its neighbours too.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The deepest nesting that is stored.
pub(super) const DEPTH_MAX: u32 = 64;
/// The most values, at any depth, in one event.
pub(super) const VALUES_MAX: u32 = 20_000;
/// The longest key, in bytes.
pub(super) const KEY_LENGTH_MAX: usize = 1_000;

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Syntax,
    Depth,
    Values,
    KeyLength,
    DuplicateKey,
    Nul,
    Surrogate,
    Number,
}

impl Fault {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "invalid_json",
            Self::Depth => "too_deep",
            Self::Values => "too_many_values",
            Self::KeyLength => "key_too_long",
            Self::DuplicateKey => "duplicate_key",
            Self::Nul => "nul_character",
            Self::Surrogate => "invalid_unicode",
            Self::Number => "number_out_of_range",
        }
    }

    pub(super) fn detail(self) -> String {
        match self {
            Self::Syntax => "this is not valid JSON".to_owned(),
            Self::Depth => format!("objects and arrays nest deeper than {DEPTH_MAX}"),
            Self::Values => format!("an event holds more than {VALUES_MAX} values"),
            Self::KeyLength => format!("a key is longer than {KEY_LENGTH_MAX} bytes"),
            Self::DuplicateKey => "an object holds the same key twice".to_owned(),
            Self::Nul => "a text holds the NUL character, which cannot be stored".to_owned(),
            Self::Surrogate => {
                "a text holds half of a surrogate pair, invalid UTF-8, or a control character that is \
                 not escaped"
                    .to_owned()
            },
            Self::Number => "a number is larger than a double can hold".to_owned(),
        }
    }
}

/// Reads one JSON value and checks it.
pub(super) fn read(text: &str) -> Result<Value, Fault> {
    let fault = Cell::new(None);
    let values = Cell::new(0);
    let seed = Strict {
        depth: 0,
        values: &values,
        fault: &fault,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| fault.get().unwrap_or_else(|| classify(&error)))
}

/// Checks a value that this process built, as [`read`] checks a text.
pub(super) fn check(value: &Value) -> Result<(), Fault> {
    let values = Cell::new(0);
    check_at(value, 0, &values)
}

fn check_at(value: &Value, depth: u32, values: &Cell<u32>) -> Result<(), Fault> {
    count(values)?;
    match value {
        Value::String(text) => check_text(text),
        Value::Array(items) => {
            check_depth(depth)?;
            items
                .iter()
                .try_for_each(|item| check_at(item, depth + 1, values))
        }
        Value::Object(map) => {
            check_depth(depth)?;
            map.iter().try_for_each(|(key, item)| {
                check_key(key)?;
                check_at(item, depth + 1, values)
            })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn count(values: &Cell<u32>) -> Result<(), Fault> {
    values.set(values.get() + 1);
    if values.get() > VALUES_MAX {
        return Err(Fault::Values);
    }
    Ok(())
}

const fn check_depth(depth: u32) -> Result<(), Fault> {
    if depth >= DEPTH_MAX {
        return Err(Fault::Depth);
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), Fault> {
    if text.contains('\0') {
        return Err(Fault::Nul);
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), Fault> {
    if key.len() > KEY_LENGTH_MAX {
        return Err(Fault::KeyLength);
    }
    check_text(key)
}

/// The parser names these two only in its text; a test below holds it to that.
fn classify(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    if text.contains("number out of range") {
        Fault::Number
    } else if text.contains("surrogate") || text.contains("unexpected end of hex escape") {
        Fault::Surrogate
    } else {
        Fault::Syntax
    }
}

struct Strict<'a> {
    depth: u32,
    values: &'a Cell<u32>,
    fault: &'a Cell<Option<Fault>>,
}

impl Strict<'_> {
    fn note<E: serde::de::Error>(&self, checked: Result<(), Fault>) -> Result<(), E> {
        checked.map_err(|fault| {
            self.fault.set(Some(fault));
            E::custom(fault.code())
        })
    }

    const fn inner(&self) -> Strict<'_> {
        Strict {
            depth: self.depth + 1,
            values: self.values,
            fault: self.fault,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.note(count(self.values))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or(Fault::Number);
        match number {
            Ok(number) => Ok(Value::Number(number)),
            Err(fault) => Err(self.note::<E>(Err(fault)).expect_err("a fault was given")),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.note(check_text(text))?;
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Value, E> {
        self.note(check_text(&text))?;
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        self.note(check_depth(self.depth))?;
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(self.inner())? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.note(check_depth(self.depth))?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.note(check_key(&key))?;
            if map.contains_key(&key) {
                self.fault.set(Some(Fault::DuplicateKey));
                return Err(A::Error::custom("duplicate key"));
            }
            let value = entries.next_value_seed(self.inner())?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a76_what_postgres_could_not_store_is_named() {
        let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
        let long_key = format!("{{\"{}\":1}}", "k".repeat(KEY_LENGTH_MAX + 1));
        let many = format!("[{}1]", "1,".repeat(1_000_000));
        for (text, fault) in [
            (r#"{"a":"x\u0000y"}"#, Fault::Nul),
            (r#"{"a\u0000":1}"#, Fault::Nul),
            (r#"{"a":"\ud800"}"#, Fault::Surrogate),
            (r#"{"a":"\udc00x"}"#, Fault::Surrogate),
            (r#"{"a":"\ud800\u0041"}"#, Fault::Surrogate),
            (r#"{"a":1e200000}"#, Fault::Number),
            (r#"{"a":-1e400}"#, Fault::Number),
            (r#"{"a":1,"a":2}"#, Fault::DuplicateKey),
            (r#"{"p":{"a":1,"a":1}}"#, Fault::DuplicateKey),
            (r#"{"a":1,"\u0061":2}"#, Fault::DuplicateKey),
            (r#"{"a":NaN}"#, Fault::Syntax),
            ("\u{feff}{}", Fault::Syntax),
            ("{} {}", Fault::Syntax),
            ("", Fault::Syntax),
            (deep.as_str(), Fault::Depth),
            (long_key.as_str(), Fault::KeyLength),
            (many.as_str(), Fault::Values),
        ] {
            let shown = &text[..text.len().min(40)];
            assert_eq!(read(text), Err(fault), "{shown}");
        }
    }

    #[test]
    fn good_values_come_back_as_they_were() {
        let text = r#"{"a":[1,-2,1.5,"é\n😀",true,null,{"__proto__":{}}],"big":1e308}"#;

        let value = read(text).expect("this is fine");

        assert_eq!(value, serde_json::from_str::<Value>(text).expect("JSON"));
        assert_eq!(check(&value), Ok(()));
    }

    #[test]
    fn values_made_here_are_held_to_the_same() {
        assert_eq!(
            check(&serde_json::json!({"a": ["x\u{0}"]})),
            Err(Fault::Nul)
        );
        let deep = (0..=DEPTH_MAX).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert_eq!(check(&deep), Err(Fault::Depth));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_it_takes_passes_the_check(text in ".{0,200}") {
            if let Ok(value) = read(&text) {
                prop_assert_eq!(check(&value), Ok(()));
            }
        }
    }
}
