//! Where claims stand in what providers answer.

/// Where claims stand: names parted by dots, a number for a place in a list. An empty path is
/// nowhere. A picture's or page's path with braces is an address to fill in: every brace holds a
/// path.
#[derive(Clone, Copy, Debug)]
pub struct Paths {
    /// The account, for ever; a text or a whole number.
    pub subject: &'static str,
    /// The whole name.
    pub name: &'static str,
    /// The given name.
    pub given_name: &'static str,
    /// The family name.
    pub family_name: &'static str,
    /// The handle; never an identifier.
    pub username: &'static str,
    /// The address.
    pub email: &'static str,
    /// Whether the address is proven.
    pub email_verified: &'static str,
    /// The telephone number.
    pub phone: &'static str,
    /// The picture.
    pub picture: &'static str,
    /// The account's public page.
    pub profile: &'static str,
    /// Language and region.
    pub locale: &'static str,
    /// The time zone.
    pub zone: &'static str,
    /// The gender, as its owner says.
    pub gender: &'static str,
    /// The day of birth.
    pub birthdate: &'static str,
}

/// OIDC Core §5.1.
pub const STANDARD_PATHS: Paths = Paths {
    subject: "sub",
    name: "name",
    given_name: "given_name",
    family_name: "family_name",
    username: "preferred_username",
    email: "email",
    email_verified: "email_verified",
    phone: "phone_number",
    picture: "picture",
    profile: "profile",
    locale: "locale",
    zone: "zoneinfo",
    gender: "gender",
    birthdate: "birthdate",
};

/// Nothing stands anywhere: what rows start from that share no name with the standard.
pub const NO_PATHS: Paths = Paths {
    subject: "",
    name: "",
    given_name: "",
    family_name: "",
    username: "",
    email: "",
    email_verified: "",
    phone: "",
    picture: "",
    profile: "",
    locale: "",
    zone: "",
    gender: "",
    birthdate: "",
};
