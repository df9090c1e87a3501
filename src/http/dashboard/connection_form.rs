//! The form of a connection's settings: what is asked, what was typed, what was wrong with it.

use serde::Deserialize;

use super::brands::field;
use crate::federation::Connection;
use crate::federation::catalogue::{ClientAuth, Issuer, Protocol, Provider, TEST};
use crate::kernel::Secret;
use crate::setup::connection::{Faults, Typed};
use crate::view::Field;
use crate::view::dashboard::ConnectionForm;

/// What is posted.
#[derive(Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    pub(super) slug: String,
    #[serde(default)]
    client_id: String,
    client_secret: Option<Secret>,
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    team_id: String,
    #[serde(default)]
    key_id: String,
    #[serde(default)]
    audiences: String,
    #[serde(default)]
    trusted_domains: String,
}

impl Form {
    /// What was typed, for a new connection.
    pub(super) fn typed(&self) -> Typed {
        Typed {
            provider: self.kind.clone(),
            label: self.label.clone(),
            slug: self.slug.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            issuer: self.issuer.clone(),
            team_id: self.team_id.clone(),
            key_id: self.key_id.clone(),
            audiences: lines(&self.audiences),
            trusted_domains: lines(&self.trusted_domains),
            ..Typed::default()
        }
    }

    /// What was typed over `connection`; what the form does not show stays as it is.
    pub(super) fn typed_over(&self, connection: &Connection) -> Typed {
        let kept = |text: &Option<String>| text.clone().unwrap_or_default();
        let paths = connection.claim_paths.as_object();
        let paths = paths.into_iter().flatten();
        Typed {
            authorize_url: kept(&connection.authorize_url),
            token_url: kept(&connection.token_url),
            userinfo_url: kept(&connection.userinfo_url),
            scopes: connection.scopes.clone(),
            claim_paths: paths
                .filter_map(|(claim, path)| Some((claim.clone(), path.as_str()?.to_owned())))
                .collect(),
            ..self.typed()
        }
    }
}

fn lines(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The form of a new connection, empty.
pub(super) fn blank(provider: &Provider, callback_url: String) -> ConnectionForm {
    let setup = provider.setup;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ConnectionForm {
        is_new: true,
        kind: provider.key.to_owned(),
        kind_label: provider.label.to_owned(),
        label: Field::filled(provider.label),
        slug: Field::filled(provider.key),
        client_id: Field::empty(),
        client_id_label: setup.client_id.to_owned(),
        client_secret_label: setup.client_secret.to_owned(),
        client_secret_hint: if provider.client_auth == ClientAuth::SignedSecret {
            "The whole file, its first and last line included. Stored encrypted, and never shown \
             again."
        } else {
            "Stored encrypted, and never shown again."
        }
        .to_owned(),
        client_secret_error: None,
        secret_is_key: provider.client_auth == ClientAuth::SignedSecret,
        issuer: Field::empty(),
        asks_issuer: provider.takes_issuer(),
        issuer_hint: issuer_hint(provider),
        team_id: Field::empty(),
        key_id: Field::empty(),
        asks_team: provider.client_auth == ClientAuth::SignedSecret,
        audiences: Field::empty(),
        takes_tokens: provider.signs() && provider.key != TEST,
        trusted_domains: Field::empty(),
        steps: setup.steps.iter().map(|&step| step.to_owned()).collect(),
        callback_url,
        console_url: some(setup.console),
    }
}

fn issuer_hint(provider: &Provider) -> String {
    let Protocol::Oidc { issuer, .. } = provider.protocol else {
        return String::new();
    };
    match issuer {
        Issuer::Usual(usual) => {
            format!("Leave it empty for {usual}, or name your own server.")
        }
        Issuer::Tenants(origin) => format!(
            "Leave it empty for all accounts. Otherwise {origin}/ and your tenant's id, \
             organizations or consumers, and /v2.0."
        ),
        Issuer::Fixed(_) | Issuer::Aliased(..) | Issuer::OfConnection | Issuer::BuiltIn => {
            "Starts with https://. Its discovery document must name the same issuer.".to_owned()
        }
    }
}

/// The form of a connection as it is.
pub(super) fn of(
    connection: &Connection,
    provider: &Provider,
    callback_url: String,
) -> ConnectionForm {
    let particular = |name: &str| {
        let text = connection
            .particulars
            .get(name)
            .and_then(|value| value.as_str());
        Field::filled(text.unwrap_or_default())
    };
    let blank = blank(provider, callback_url);
    ConnectionForm {
        is_new: false,
        label: Field::filled(connection.label.as_str()),
        client_id: Field::filled(connection.client_id.as_str()),
        client_secret_hint: "Leave it empty to keep the one that is stored.".to_owned(),
        issuer: Field::filled(connection.issuer.clone().unwrap_or_default()),
        team_id: particular("team_id"),
        key_id: particular("key_id"),
        audiences: Field::filled(connection.audiences.join("\n")),
        trusted_domains: Field::filled(connection.trusted_domains.join("\n")),
        ..blank
    }
}

/// The form of a new connection again, with what was wrong.
pub(super) fn refused(
    provider: &Provider,
    form: Form,
    faults: Faults,
    callback_url: String,
) -> ConnectionForm {
    let typed_once_more = faults.client_secret.is_none();
    let filled = with_faults(blank(provider, callback_url), form, faults);
    ConnectionForm {
        client_secret_error: filled.client_secret_error.or_else(|| {
            typed_once_more.then(|| "Type it once more: it is never sent back.".to_owned())
        }),
        ..filled
    }
}

/// `empty` with what was typed and what was wrong with it.
pub(super) fn with_faults(empty: ConnectionForm, form: Form, faults: Faults) -> ConnectionForm {
    ConnectionForm {
        label: field(form.label, faults.label),
        slug: field(form.slug, faults.slug.or(faults.provider)),
        client_id: field(form.client_id, faults.client_id),
        client_secret_error: faults.client_secret,
        issuer: field(form.issuer, faults.urls.or(faults.endpoints)),
        team_id: field(form.team_id, faults.particulars.clone()),
        key_id: field(form.key_id, faults.particulars),
        audiences: Field::filled(form.audiences),
        trusted_domains: Field::filled(form.trusted_domains),
        ..empty
    }
}
