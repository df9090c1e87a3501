-- Ways in beside social accounts, and mail.

-- Something of a person's own by which they prove who they are. `data` by kind: a password's PHC
-- string or foreign hash, a passkey's public key and counters, a sealed TOTP secret, hashes of
-- recovery codes.
create table credential (
    brand_id      uuid        not null,
    credential_id uuid        not null,
    profile_id    uuid        not null,
    kind          text        not null,
    -- What its owner calls it.
    name          text        not null default '',
    -- A passkey's credential id, as authenticators name it.
    handle        bytea,
    data          jsonb       not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz,
    constraint credential_pkey primary key (brand_id, credential_id),
    constraint credential_profile_fkey foreign key (brand_id, profile_id) references profile,
    constraint credential_kind_known
        check (kind in ('password', 'passkey', 'totp', 'recovery_codes', 'trusted_device')),
    constraint credential_handle_key unique (brand_id, handle)
);
-- A profile has one password, one authenticator app, one set of recovery codes.
create unique index credential_one_of_its_kind on credential (brand_id, profile_id, kind)
    where kind in ('password', 'totp', 'recovery_codes');
create index credential_by_profile on credential (brand_id, profile_id);

-- By what a session was opened, and when a second factor was last given in it.
alter table session
    add column method text not null default 'social',
    add column second_factor_at timestamptz,
    add constraint session_method_known
        check (method in ('social', 'email', 'password', 'passkey'));

-- A secret that was sent to somebody: a code to type, a link to open, or both. Purpose, brand and
-- browser are part of the record, so that one never serves as another (A48).
create table proof (
    brand_id     uuid        not null references brand,
    proof_id     uuid        not null,
    purpose      text        not null,
    address      text        not null,
    -- The flow that waits for it, if one does; the person it is about, if known.
    flow_id      uuid,
    profile_id   uuid,
    code_hash    bytea,
    link_hash    bytea,
    -- Wrong codes so far; sending again does not reset it (A46).
    tries        integer     not null default 0,
    detail       jsonb       not null default '{}',
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    used_at      timestamptz,
    constraint proof_pkey primary key (brand_id, proof_id),
    constraint proof_flow_fkey foreign key (brand_id, flow_id) references flow on delete cascade,
    constraint proof_profile_fkey foreign key (brand_id, profile_id) references profile
);
create unique index proof_by_link on proof (link_hash) where link_hash is not null;
create index proof_by_flow on proof (brand_id, flow_id);
create index proof_by_address on proof (brand_id, purpose, address, created_at);
create index proof_by_expiry on proof (expires_at);

-- Mail to be sent: written in the transaction that gives rise to it, so that neither exists without
-- the other. `body` is sealed under the installation's key, since it may hold a code or a link.
create table mail (
    brand_id     uuid        not null references brand,
    mail_id      uuid        not null,
    -- The template, and its language.
    kind         text        not null,
    language     text        not null,
    recipient    text        not null,
    profile_id   uuid,
    body         bytea       not null,
    created_at   timestamptz not null,
    -- Not worth sending later: what it holds has expired by then.
    expires_at   timestamptz not null,
    next_try_at  timestamptz not null,
    tries        integer     not null default 0,
    last_error   text,
    sent_at      timestamptz,
    -- Given up: refused for good, or expired.
    failed_at    timestamptz,
    constraint mail_pkey primary key (brand_id, mail_id)
);
create index mail_waiting on mail (next_try_at) where sent_at is null and failed_at is null;
create index mail_by_recipient on mail (brand_id, recipient, created_at);
