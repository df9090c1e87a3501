//! Parameters as OAuth counts them: each at most once, and one without a value is not there
//! (RFC 6749 §3.1).

use url::form_urlencoded;

/// The longest value that is looked at, in bytes.
const VALUE_LENGTH_MAX: usize = 4096;

/// The most parameters.
const COUNT_MAX: usize = 64;

/// What came in a query or a form.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text. Of more than 64 parameters the rest is not
    /// read.
    pub fn parse(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .filter(|(_, value)| !value.is_empty())
                .take(COUNT_MAX)
                .collect(),
        )
    }

    /// The value of `name`, if it is there.
    ///
    /// # Errors
    /// When it is there twice, too long, or holds control characters; the error says which, in a
    /// sentence that fits an answer.
    pub fn get(&self, name: &str) -> Result<Option<&str>, &'static str> {
        let mut values = self
            .0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str());
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err("a parameter is there twice");
        }
        if value.len() > VALUE_LENGTH_MAX {
            return Err("a parameter is too long");
        }
        if value.chars().any(char::is_control) {
            return Err("a parameter holds control characters");
        }
        Ok(Some(value))
    }

    /// The same without the parameters in `names`.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
        self
    }

    /// As a query, to be sent on.
    pub fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }
}

/// `uri` with `pairs` added to its query. Leaves the rest of `uri` as it stands.
pub(super) fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_there_once_or_refused() {
        let params = Params::parse("a=1&b=&c=x&c=y&d=%00&e=caf%C3%A9");

        assert_eq!(params.get("a"), Ok(Some("1")));
        assert_eq!(params.get("b"), Ok(None));
        assert!(params.get("c").is_err());
        assert!(params.get("d").is_err());
        assert_eq!(params.get("e"), Ok(Some("café")));
        assert_eq!(params.get("f"), Ok(None));
        let long = Params::parse(&format!("a={}", "x".repeat(5000)));
        assert!(long.get("a").is_err());
    }

    #[test]
    fn a_query_is_added_to() {
        assert_eq!(
            with_query("https://a.example", &[("state", "a b&c")]),
            "https://a.example?state=a+b%26c"
        );
        assert_eq!(
            with_query("https://a.example/?x=1", &[("y", "2")]),
            "https://a.example/?x=1&y=2"
        );
    }
}
