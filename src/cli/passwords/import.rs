//! `befriend import passwords`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::rows::{self, Row};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::brand::Brand;
use crate::cli::output::{self, Output};
use crate::cli::runtime::Runtime;
use crate::config::Config;
use crate::credential::foreign::{Export, FirebaseProject, stored_text};
use crate::credential::password;
use crate::credential::store::{self, Credential, Kind};
use crate::federation::{self, Connection};
use crate::insight;
use crate::kernel::EmailAddress;
use crate::kernel::id::{CredentialId, IdentityId, ProfileId};
use crate::outbox::{self, Fact};
use crate::postgres::{self, PgConnection};
use crate::profile::{self, NewEmail, NewIdentity, Profile, Status};

/// The most people who may share one proven address.
const HOLDERS_MAX: i64 = 2;

#[derive(clap::Args)]
pub(in crate::cli) struct Passwords {
    /// A CSV file with a header row, or an object on each line; - for standard input. Columns: email
    /// or `external_id`, `hash`, and where needed `salt`, `format`, `name`, `email_verified`.
    file: PathBuf,
    /// The brand that the people belong to.
    #[arg(long, value_name = "SLUG")]
    brand: String,
    /// The format of every hash that names none itself and has no `format` column.
    #[arg(long)]
    format: Option<String>,
    /// Firebase: the project's `base64_signer_key`.
    #[arg(long, requires = "firebase_salt_separator")]
    firebase_signer_key: Option<String>,
    /// Firebase: the project's `base64_salt_separator`.
    #[arg(long)]
    firebase_salt_separator: Option<String>,
    /// Firebase: the project's `rounds`.
    #[arg(long, default_value_t = 8)]
    firebase_rounds: u32,
    /// Firebase: the project's `mem_cost`.
    #[arg(long, default_value_t = 14)]
    firebase_mem_cost: u32,
    /// Read and judge everything, and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// How many faults to show.
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    faults: usize,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// Somebody known has a password now.
    Stored,
    /// Somebody new has a profile and a password.
    Created,
    /// They have a password already, this one or one they chose since.
    Kept,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Created => "created",
            Self::Kept => "kept",
        }
    }
}

/// Why a row is left out.
#[derive(Debug, thiserror::Error)]
enum Left {
    #[error("{0}")]
    Unreadable(String),
    #[error(transparent)]
    Hash(#[from] crate::credential::foreign::Unreadable),
    #[error("the column `hash` is empty")]
    NoHash,
    #[error("neither `email` nor `external_id` says who it is")]
    Nobody,
    #[error("`email` is no address")]
    Address,
    #[error(
        "nobody here has this address, and the row does not say that it was proven: set \
             `email_verified` if the other system had it proven"
    )]
    Unproven,
    #[error("several people here have this address; tell them apart by `external_id`")]
    Several,
    #[error("nobody here has this `external_id`; import what they did first")]
    Unknown,
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
}

/// Where rows go.
struct Target<'a> {
    app: &'a App,
    brand: &'a Brand,
    mailbox: &'a Connection,
    is_dry: bool,
}

impl Passwords {
    pub(in crate::cli) async fn run(
        self,
        config: Config,
        output: &Output,
    ) -> anyhow::Result<ExitCode> {
        Runtime::with(config, async |app| self.import(app, output).await).await
    }

    async fn import(&self, app: &App, output: &Output) -> anyhow::Result<ExitCode> {
        let mut conn = app.pool.acquire().await?;
        let brand = crate::cli::brand::find(&mut conn, &self.brand).await?;
        let all = federation::store::list_connections(&mut conn, brand.brand_id).await?;
        drop(conn);
        let Some(mailbox) = all.iter().find(|connection| connection.is_mailbox()) else {
            bail!(
                "a password goes with a proven address, so switch on codes by mail first, in the \
                 dashboard under Providers"
            );
        };
        let target = Target {
            app,
            brand: &brand,
            mailbox,
            is_dry: self.dry_run,
        };
        let mut fates: BTreeMap<Fate, u64> = BTreeMap::new();
        let mut faults: Vec<(u64, String)> = Vec::new();
        let mut left: u64 = 0;
        for (line, row) in rows::read(self.open()?)? {
            let fate = match row {
                Ok(row) => self.take(&target, &row).await,
                Err(fault) => Err(Left::Unreadable(fault)),
            };
            match fate {
                Ok(fate) => *fates.entry(fate).or_default() += 1,
                Err(Left::Postgres(error)) => return Err(error.into()),
                Err(fault) => {
                    left += 1;
                    if faults.len() < self.faults {
                        faults.push((line, fault.to_string()));
                    }
                }
            }
        }
        if !self.dry_run {
            note(app, &brand, &fates, left).await?;
        }
        self.tell(*output, &fates, (left, &faults));
        Ok(if left == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(3)
        })
    }

    fn open(&self) -> anyhow::Result<Box<dyn BufRead>> {
        if self.file.as_os_str() == "-" {
            return Ok(Box::new(BufReader::new(std::io::stdin())));
        }
        let file = File::open(&self.file).with_context(|| self.file.display().to_string())?;
        Ok(Box::new(BufReader::new(file)))
    }

    fn tell(&self, output: Output, fates: &BTreeMap<Fate, u64>, left: (u64, &[(u64, String)])) {
        let (left, faults) = left;
        let count = |fate: Fate| fates.get(&fate).copied().unwrap_or(0);
        let (stored, created, kept) =
            (count(Fate::Stored), count(Fate::Created), count(Fate::Kept));
        let data = json!({
            "stored": stored, "created": created, "kept": kept, "left_out": left,
            "dry_run": self.dry_run,
            "faults": faults.iter().map(|(line, fault)| json!({ "line": line, "fault": fault }))
                .collect::<Vec<_>>(),
        });
        for (line, fault) in faults {
            output::error(&format!("line {line}: {fault}"));
        }
        let would = if self.dry_run {
            " (nothing was stored)"
        } else {
            ""
        };
        let text = format!(
            "{stored} people known here have a password now, {created} are new, {kept} had one \
             already, {left} were left out{would}"
        );
        output.result(&data, &text);
    }

    async fn take(&self, target: &Target<'_>, row: &Row) -> Result<Fate, Left> {
        let firebase = match (&self.firebase_signer_key, &self.firebase_salt_separator) {
            (Some(signer_key), Some(salt_separator)) => Some(FirebaseProject {
                signer_key,
                salt_separator,
                rounds: self.firebase_rounds,
                memory_cost: self.firebase_mem_cost,
            }),
            _ => None,
        };
        let text = stored_text(&Export {
            format: row.format.as_deref().or(self.format.as_deref()),
            hash: row.hash.as_deref().ok_or(Left::NoHash)?,
            salt: row.salt.as_deref(),
            firebase,
        })?;
        let address = match &row.email {
            Some(email) => Some(EmailAddress::parse(email).map_err(|_| Left::Address)?),
            None => None,
        };
        postgres::tx(&target.app.pool, async |conn| {
            target.write(conn, row, address.as_ref(), &text).await
        })
        .await
    }
}

impl Target<'_> {
    async fn write(
        &self,
        conn: &mut PgConnection,
        row: &Row,
        address: Option<&EmailAddress>,
        text: &str,
    ) -> Result<Fate, Left> {
        let brand_id = self.brand.brand_id;
        let known = match (address, &row.external_id) {
            (_, Some(id)) => {
                let found = insight::find_profile_by_alias(conn, brand_id, "user", id).await?;
                Some(found.ok_or(Left::Unknown)?)
            }
            (Some(address), None) => self.holder(conn, address).await?,
            (None, None) => return Err(Left::Nobody),
        };
        let (profile_id, fate) = match (known, address) {
            (Some(profile_id), _) => {
                let held = store::lock_credential(conn, brand_id, profile_id, Kind::Password);
                if held.await?.is_some() {
                    return Ok(Fate::Kept);
                }
                (profile_id, Fate::Stored)
            }
            (None, Some(address)) if row.email_verified => {
                let profile_id = ProfileId::new(self.app.clock.now(), &self.app.entropy);
                if !self.is_dry {
                    self.create(conn, profile_id, row, address).await?;
                }
                (profile_id, Fate::Created)
            }
            (None, _) => return Err(Left::Unproven),
        };
        if !self.is_dry {
            let now = self.app.clock.now();
            let credential = Credential {
                brand_id,
                credential_id: CredentialId::new(now, &self.app.entropy),
                profile_id,
                kind: Kind::Password,
                name: String::new(),
                handle: None,
                data: password::data_of(text),
                created_at: now,
                last_used_at: None,
            };
            store::insert_credential(conn, &credential).await?;
        }
        Ok(fate)
    }

    /// The one person who proved this address here.
    async fn holder(
        &self,
        conn: &mut PgConnection,
        address: &EmailAddress,
    ) -> Result<Option<ProfileId>, Left> {
        let brand_id = self.brand.brand_id;
        let holders =
            profile::store::list_email_holders(conn, brand_id, address, HOLDERS_MAX).await?;
        let mut proven = holders.iter().filter(|holder| holder.is_verified);
        match (proven.next(), proven.next()) {
            (Some(_), Some(_)) => Err(Left::Several),
            (one, _) => Ok(one.map(|holder| holder.profile_id)),
        }
    }

    /// Makes a profile of somebody who had an account elsewhere: their address is proven and is a way
    /// in, as if they had typed a code.
    async fn create(
        &self,
        conn: &mut PgConnection,
        profile_id: ProfileId,
        row: &Row,
        address: &EmailAddress,
    ) -> Result<(), postgres::Error> {
        let (brand_id, now) = (self.brand.brand_id, self.app.clock.now());
        let profile = Profile {
            brand_id,
            profile_id,
            status: Status::Active,
            merged_into: None,
            display_name: row.name.clone(),
            given_name: None,
            family_name: None,
            picture_url: None,
            locale: None,
            traits: json!({}),
            first_encounter: json!({ "channel": "import" }),
            known_since: Some(now),
            created_at: now,
            last_seen_at: now,
        };
        profile::store::insert_profile(conn, &profile).await?;
        let identity = NewIdentity {
            identity_id: IdentityId::new(now, &self.app.entropy),
            profile_id,
            connection_id: self.mailbox.connection_id,
            issuer: self.app.config.issuer(),
            subject: address.as_str(),
            raw_claims: &json!({ "imported": true }),
            at: now,
        };
        profile::store::insert_identity(conn, brand_id, &identity).await?;
        let email = NewEmail {
            address,
            is_verified: true,
            source: "import",
            at: now,
        };
        profile::store::upsert_email(conn, brand_id, profile_id, email).await?;
        let fact = Fact {
            kind: "profile.created",
            profile_id: Some(profile_id),
            payload: json!({ "method": "import" }),
            at: now,
        };
        outbox::insert_fact(conn, brand_id, &self.app.entropy, fact).await
    }
}

/// Writes down that somebody with a shell brought passwords in.
async fn note(
    app: &App,
    brand: &Brand,
    fates: &BTreeMap<Fate, u64>,
    left: u64,
) -> Result<(), postgres::Error> {
    let counts: BTreeMap<&str, u64> = fates.iter().map(|(f, n)| (f.name(), *n)).collect();
    let entry = audit::Entry {
        actor: Actor::Operator,
        action: "passwords.imported",
        subject: brand.brand_id.to_string(),
        detail: json!({ "rows": counts, "left_out": left }),
        at: app.clock.now(),
    };
    let mut conn = app.pool.acquire().await?;
    audit::store::insert_entry(&mut conn, brand.brand_id, &app.entropy, entry).await
}
