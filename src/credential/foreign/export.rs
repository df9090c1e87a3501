//! From the columns of an export to a hash that says all of itself.

use serde_json::Value;

use super::bits::{Digest, from_base64, from_hex, to_base64};
use super::salted::{Order, Salted};
use super::{Foreign, Unreadable};

/// One person's password as another system exports it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Export<'a> {
    /// What made the hash, where the hash does not tell: `firebase`, `aspnet-identity`, `keycloak`,
    /// or a digest with a template, as `sha256:salt+password:hex`.
    pub format: Option<&'a str>,
    /// The hash.
    pub hash: &'a str,
    /// The person's salt, where it stands in a column of its own.
    pub salt: Option<&'a str>,
    /// What all hashes of a Firebase project share.
    pub firebase: Option<FirebaseProject<'a>>,
}

/// The hash parameters of a Firebase project, as its console shows them.
#[derive(Clone, Copy, Debug)]
pub struct FirebaseProject<'a> {
    /// `base64_signer_key`.
    pub signer_key: &'a str,
    /// `base64_salt_separator`.
    pub salt_separator: &'a str,
    /// `rounds`.
    pub rounds: u32,
    /// `mem_cost`.
    pub memory_cost: u32,
}

/// The text to store for `export`: one that [`Foreign::parse`] reads, and that is within bounds.
pub fn stored_text(export: &Export<'_>) -> Result<String, Unreadable> {
    let hash = export.hash.trim();
    if hash.len() > super::TEXT_BYTES_MAX {
        return Err(Unreadable::Long);
    }
    let text = match export.format.map(str::trim).filter(|name| !name.is_empty()) {
        None | Some("auto") if hash.starts_with('{') && hash.ends_with('}') => keycloak(hash)?,
        None | Some("auto" | "bcrypt" | "phc" | "auth0" | "cognito") => hash.to_owned(),
        Some("firebase") => firebase(export, hash)?,
        Some("aspnet-identity") => format!("$aspnet-identity${hash}"),
        Some("keycloak") => keycloak(hash)?,
        Some(template) => templated(template, hash, export.salt)?,
    };
    Foreign::parse(&text)?;
    Ok(text)
}

fn firebase(export: &Export<'_>, hash: &str) -> Result<String, Unreadable> {
    let project = export
        .firebase
        .ok_or(Unreadable::Missing("firebase", "signer key"))?;
    let salt = export.salt.ok_or(Unreadable::Missing("firebase", "salt"))?;
    let again = |text: &str| {
        from_base64(text)
            .map(|bytes| to_base64(&bytes))
            .ok_or(Unreadable::Malformed("Firebase scrypt"))
    };
    Ok(format!(
        "$firebase-scrypt$ln={},r={}${}${}${}${}",
        project.memory_cost,
        project.rounds,
        again(salt)?,
        again(project.salt_separator)?,
        again(project.signer_key)?,
        again(hash)?
    ))
}

/// How a salt is written in a line of an export.
type Decode = fn(&str) -> Option<Vec<u8>>;

/// `digest:template:encoding`. In the template stands `salt` for a salt as it is written, or
/// `hex(salt)` or `base64(salt)` for one to be decoded first.
fn templated(format: &str, hash: &str, salt: Option<&str>) -> Result<String, Unreadable> {
    let parts: Vec<&str> = format.split(':').collect();
    let [digest, template, encoding] = parts[..] else {
        return Err(Unreadable::Unknown);
    };
    let digest = Digest::named(digest).ok_or(Unreadable::Unknown)?;
    let (plain, decode): (String, Decode) = if template.contains("hex(salt)") {
        (template.replace("hex(salt)", "salt"), from_hex)
    } else if template.contains("base64(salt)") {
        (template.replace("base64(salt)", "salt"), from_base64)
    } else {
        (template.to_owned(), |text| Some(text.as_bytes().to_vec()))
    };
    let order = Order::named(&plain).ok_or(Unreadable::Unknown)?;
    let salt = match order {
        Order::Password => Vec::new(),
        Order::SaltPassword | Order::PasswordSalt => {
            let salt = salt.ok_or(Unreadable::Missing("salted digest", "salt"))?;
            decode(salt).ok_or(Unreadable::Malformed("a salted digest"))?
        }
    };
    let hash = match encoding {
        "hex" => from_hex(hash),
        "base64" => from_base64(hash),
        _ => return Err(Unreadable::Unknown),
    };
    let hash = hash.ok_or(Unreadable::Malformed("a salted digest"))?;
    Ok(Salted::new(digest, order, salt, hash)?.text())
}

/// A credential of Keycloak's export: `credentialData` and `secretData`, each an object or, as the
/// export writes them, JSON within a string.
fn keycloak(text: &str) -> Result<String, Unreadable> {
    keycloak_parts(text).ok_or(Unreadable::Malformed("Keycloak"))
}

fn keycloak_parts(text: &str) -> Option<String> {
    let credential: Value = serde_json::from_str(text).ok()?;
    let part = |name: &str| -> Option<Value> {
        match credential.get(name)? {
            Value::String(inner) => serde_json::from_str(inner).ok(),
            other => Some(other.clone()),
        }
    };
    let (data, secret) = (part("credentialData")?, part("secretData")?);
    let salt = to_base64(&from_base64(secret.get("salt")?.as_str()?)?);
    let hash = to_base64(&from_base64(secret.get("value")?.as_str()?)?);
    let iterations = data.get("hashIterations")?.as_u64()?;
    let algorithm = data.get("algorithm")?.as_str()?;
    if let Some(digest) = algorithm.strip_prefix("pbkdf2") {
        let digest = digest.trim_start_matches('-');
        let digest = if digest.is_empty() { "sha1" } else { digest };
        return Some(format!("$pbkdf2-{digest}$i={iterations}${salt}${hash}"));
    }
    if algorithm != "argon2" {
        return None;
    }
    let more = data.get("additionalParameters")?;
    let first = |name: &str| more.get(name)?.get(0)?.as_str();
    let version = match first("version")? {
        "1.3" => 19,
        "1.0" => 16,
        _ => return None,
    };
    Some(format!(
        "$argon2{}$v={version}$m={},t={iterations},p={}${salt}${hash}",
        first("type")?,
        first("memory")?,
        first("parallelism")?
    ))
}
