//! Tokens as their holders write them.

use crate::kernel::id::BrandId;
use crate::kernel::{Entropy, Secret};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Opens userinfo.
    Access,
    /// Is exchanged for new tokens.
    Refresh,
}

impl TokenKind {
    /// How a token of this kind begins, so that scanners of leaked secrets know it.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "bf_at_",
            Self::Refresh => "bf_rt_",
        }
    }
}

/// A token: `bf_at_` or `bf_rt_`, 32 hexadecimal digits that say whose brand it is (so that every
/// query is bound to one), an underscore, and 43 characters that prove it.
pub struct WireToken {
    /// What it is for.
    pub kind: TokenKind,
    /// Whose brand.
    pub brand_id: BrandId,
    /// What proves it.
    pub secret: Secret,
}

impl WireToken {
    /// Makes a new token.
    pub fn generate(kind: TokenKind, brand_id: BrandId, entropy: &Entropy) -> Self {
        Self {
            kind,
            brand_id,
            secret: Secret::random(entropy),
        }
    }

    /// Reads the wire form; anything that differs in the least is not a token of this kind.
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let (brand, secret) = text.strip_prefix(kind.prefix())?.split_at_checked(32)?;
        let secret = secret.strip_prefix('_').filter(|secret| {
            secret.len() == 43
                && secret
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })?;
        Some(Self {
            kind,
            brand_id: format!("brd_{brand}").parse().ok()?,
            secret: Secret::new(secret),
        })
    }

    /// Reads a token of whichever kind it is.
    pub fn parse_any(text: &str) -> Option<Self> {
        Self::parse(TokenKind::Access, text).or_else(|| Self::parse(TokenKind::Refresh, text))
    }

    /// The wire form.
    pub fn expose(&self) -> String {
        let brand = self.brand_id.uuid();
        format!(
            "{}{}_{}",
            self.kind.prefix(),
            brand.simple(),
            self.secret.expose()
        )
    }
}

impl std::fmt::Debug for WireToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WireToken({:?}, {}, …)", self.kind, self.brand_id)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn only_the_exact_wire_form_is_a_token() {
        let entropy = Entropy::seeded(1);
        let brand_id = BrandId::new(DateTime::UNIX_EPOCH, &entropy);
        for (kind, other) in [
            (TokenKind::Access, TokenKind::Refresh),
            (TokenKind::Refresh, TokenKind::Access),
        ] {
            let text = WireToken::generate(kind, brand_id, &entropy).expose();

            let read = WireToken::parse(kind, &text).expect("its own form");

            assert_eq!(read.brand_id, brand_id);
            assert_eq!(read.expose(), text);
            assert!(WireToken::parse(other, &text).is_none(), "{other:?}");
            assert_eq!(WireToken::parse_any(&text).map(|any| any.kind), Some(kind));
            for wrong in [
                "",
                kind.prefix(),
                &text[1..],
                &text[..text.len() - 1],
                &format!("{text}x"),
                &text.to_uppercase(),
                &text.replace(kind.prefix(), "bf_sec_"),
            ] {
                assert!(WireToken::parse_any(wrong).is_none(), "{wrong}");
            }
        }
    }
}
