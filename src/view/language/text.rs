//! A text with gaps, and the list of all of them.

use std::fmt;

/// A sentence, or a few words, of a catalogue. `{name}` is a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text(pub(super) &'static str);

impl Text {
    /// The text as it stands; for texts without gaps.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The text with its gaps filled. What fills one gap is never looked through for another.
    pub fn fill(self, values: &[(&str, &str)]) -> String {
        let mut out = String::with_capacity(self.0.len());
        let mut rest = self.0;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                out.push('{');
                rest = after;
                continue;
            };
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => out.push_str(value),
                None => out.extend(["{", name, "}"]),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// The text with its one gap filled, whatever the gap is called.
    pub fn with(self, value: &str) -> String {
        let name = self.gaps().next().unwrap_or_default();
        self.fill(&[(name, value)])
    }

    /// The names of the gaps.
    pub fn gaps(self) -> impl Iterator<Item = &'static str> {
        self.0
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

/// A struct whose fields are all texts, with the list of them for tests.
macro_rules! catalogue {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* $field:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Text,)+
        }

        #[cfg(test)]
        impl $name {
            /// Every text with its name.
            pub(super) fn all(&self) -> Vec<(&'static str, Text)> {
                vec![$((stringify!($field), self.$field),)+]
            }
        }
    };
}

pub(super) use catalogue;
