//! What a person typed, and what was wrong with it.

/// One input of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// What the input shows: empty at first, and what the person typed after a refusal.
    pub value: String,
    /// What is wrong with the value and how to mend it, shown beside the input.
    pub error: Option<String>,
}

impl Field {
    /// An empty input.
    pub fn empty() -> Self {
        Self::default()
    }

    /// An input that already holds `value`.
    pub fn filled(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: None,
        }
    }

    /// An input whose `value` was refused, for the reason and with the mend in `error`.
    pub fn refused(value: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: Some(error.into()),
        }
    }
}

/// A line above a page's content that says what the last action did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It was done.
    Done(String),
    /// It was not done, and why.
    Problem(String),
}
