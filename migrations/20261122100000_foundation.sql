-- Befriend's first schema.
--
-- Every tenant table's key starts with brand_id and every foreign key carries it, so that no row can
-- point across brands and the schema distributes by brand as it stands. Constraint names are part of
-- the code: the store modules map them to domain errors. Secrets, tokens and codes are SHA-256 hashes.

-- The tenant.
create table brand (
    brand_id    uuid        not null,
    slug        text        not null,
    name        text        not null,
    colour      text        not null default '#0b6e4f',
    -- Whether a proven social address may link to the one profile that proved it before, unasked.
    links_by_email boolean  not null default false,
    -- Whether a newcomer agrees to terms before a profile exists.
    asks_terms  boolean     not null default true,
    terms_url   text,
    privacy_url text,
    is_demo     boolean     not null default false,
    created_at  timestamptz not null,
    disabled_at timestamptz,
    constraint brand_pkey primary key (brand_id),
    constraint brand_slug_key unique (slug),
    constraint brand_slug_form check (slug ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    constraint brand_colour_form check (colour ~ '^#[0-9a-f]{6}$')
);

-- A brand's OAuth client. client_id reads brand-slug.name, so it tells its brand by itself.
create table application (
    brand_id       uuid        not null references brand,
    application_id uuid        not null,
    client_id      text        not null,
    name           text        not null,
    kind           text        not null,
    secret_hash    bytea,
    redirect_uris  text[]      not null default '{}',
    logout_uris    text[]      not null default '{}',
    -- When a page of this application first asked for the embed's configuration.
    first_seen_at  timestamptz,
    created_at     timestamptz not null,
    disabled_at    timestamptz,
    constraint application_pkey primary key (brand_id, application_id),
    constraint application_client_id_key unique (brand_id, client_id),
    constraint application_kind_known check (kind in ('browser', 'server'))
);

-- A brand's configured social provider. provider names a row of the built-in catalogue; the URL
-- columns are for generic providers and override the catalogue's.
create table connection (
    brand_id        uuid        not null references brand,
    connection_id   uuid        not null,
    slug            text        not null,
    provider        text        not null,
    label           text        not null,
    client_id       text        not null,
    -- AES-256-GCM under the installation's key; null for public clients.
    client_secret   bytea,
    issuer          text,
    authorize_url   text,
    token_url       text,
    userinfo_url    text,
    jwks_url        text,
    scopes          text[]      not null default '{}',
    -- Generic OAuth2: where the claims stand in the userinfo answer.
    claim_paths     jsonb       not null default '{}',
    -- Domains for which this connection's verified address is believed (linking only).
    trusted_domains text[]      not null default '{}',
    position        integer     not null default 0,
    enabled         boolean     not null default true,
    created_at      timestamptz not null,
    constraint connection_pkey primary key (brand_id, connection_id),
    constraint connection_slug_key unique (brand_id, slug),
    constraint connection_slug_form check (slug ~ '^[a-z0-9][a-z0-9-]{0,39}$')
);

-- API keys. The wire form is bf_sec_<id>_<secret> or bf_pub_<id>_<secret>.
create table api_key (
    brand_id     uuid        not null references brand,
    key_id       uuid        not null,
    kind         text        not null,
    name         text        not null,
    secret_hash  bytea       not null,
    -- A browser key is public by nature and is shown again in snippets; a secret key never is.
    browser_text text,
    created_at   timestamptz not null,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    constraint api_key_pkey primary key (brand_id, key_id),
    constraint api_key_kind_known check (kind in ('secret', 'browser')),
    constraint api_key_only_browser_text check (kind = 'browser' or browser_text is null)
);
create index api_key_by_id on api_key (key_id);

-- One customer of one brand. An anonymous profile has no identity and no user alias.
create table profile (
    brand_id      uuid        not null references brand,
    profile_id    uuid        not null,
    status        text        not null,
    -- Set when status is merged; chains are never longer than one.
    merged_into   uuid,
    display_name  text,
    given_name    text,
    family_name   text,
    picture_url   text,
    locale        text,
    traits        jsonb       not null default '{}',
    -- Where they met: channel, referrer, campaign. Written once.
    first_encounter jsonb     not null default '{}',
    -- Since when somebody stands behind it (sign-in, or a user id from a trusted source).
    known_since   timestamptz,
    created_at    timestamptz not null,
    last_seen_at  timestamptz not null,
    constraint profile_pkey primary key (brand_id, profile_id),
    constraint profile_merged_into_fkey foreign key (brand_id, merged_into) references profile,
    constraint profile_status_known
        check (status in ('anonymous', 'active', 'suspended', 'merged', 'erased')),
    constraint profile_merged_has_target check ((status = 'merged') = (merged_into is not null))
);
create index profile_by_last_seen on profile (brand_id, last_seen_at desc, profile_id);
create index profile_by_merged on profile (brand_id, merged_into) where merged_into is not null;
create index profile_by_name on profile (brand_id, lower(display_name) text_pattern_ops);

-- An address and whether it is proven are one fact, so they share a row.
create table profile_email (
    brand_id    uuid        not null,
    profile_id  uuid        not null,
    address     text        not null,
    verified_at timestamptz,
    -- Who said so: a connection slug, or 'events'.
    source      text        not null,
    created_at  timestamptz not null,
    constraint profile_email_pkey primary key (brand_id, profile_id, address),
    constraint profile_email_profile_fkey foreign key (brand_id, profile_id) references profile
);
create index profile_email_by_address on profile_email (brand_id, address text_pattern_ops);

-- What signs a profile in: exactly (connection, issuer, subject).
create table identity (
    brand_id      uuid        not null,
    identity_id   uuid        not null,
    profile_id    uuid        not null,
    connection_id uuid        not null,
    issuer        text        not null,
    subject       text        not null,
    -- The provider's raw answer, for the person's export.
    raw_claims    jsonb       not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz not null,
    constraint identity_pkey primary key (brand_id, identity_id),
    constraint identity_subject_key unique (brand_id, connection_id, issuer, subject),
    constraint identity_profile_fkey foreign key (brand_id, profile_id) references profile,
    constraint identity_connection_fkey foreign key (brand_id, connection_id) references connection
);
create index identity_by_profile on identity (brand_id, profile_id);

-- The ids by which events name a profile. 'claimed' is a user id that a browser key sent unproven:
-- it names a profile of its own and is never joined.
create table alias (
    brand_id   uuid        not null,
    kind       text        not null,
    alias      text        not null,
    profile_id uuid        not null,
    created_at timestamptz not null,
    constraint alias_pkey primary key (brand_id, kind, alias),
    -- Deferred: intake lets the alias row settle a race before it writes the winner's profile.
    constraint alias_profile_fkey foreign key (brand_id, profile_id) references profile
        deferrable initially deferred,
    constraint alias_kind_known check (kind in ('user', 'anonymous', 'claimed'))
);
create index alias_by_profile on alias (brand_id, profile_id);

-- One interaction, kept for ever under its message id. profile_id is the subject it came with and
-- never changes; profile.merged_into says who that is now.
create table event (
    brand_id      uuid        not null,
    message_id    text        not null,
    profile_id    uuid        not null,
    kind          text        not null,
    name          text        not null,
    -- Whether it came by a secret key or from Befriend itself.
    trusted       boolean     not null,
    -- Whether it named a proven user id.
    identifies    boolean     not null,
    event_time    timestamptz not null,
    original_time timestamptz,
    sent_at       timestamptz,
    received_at   timestamptz not null,
    -- properties, traits, context, ids, as sent.
    payload       jsonb       not null,
    -- SHA-256 of the event as sent, less what SDKs stamp anew on a retry.
    payload_hash  bytea       not null,
    -- Warnings: 'future_clamped', 'oversize', 'self_alias', …
    flags         text[]      not null default '{}',
    key_id        uuid,
    constraint event_pkey primary key (brand_id, message_id),
    constraint event_kind_known
        check (kind in ('track', 'identify', 'page', 'screen', 'group', 'alias'))
);
create index event_by_profile on event (brand_id, profile_id, event_time, message_id);
create index event_by_received on event using brin (received_at);

-- Events that were not stored, kept for seven days: rejected, duplicate or conflicting.
create table reject (
    brand_id    uuid        not null references brand,
    reject_id   uuid        not null,
    status      text        not null,
    code        text        not null,
    detail      text        not null,
    message_id  text,
    name        text,
    payload     text,
    key_id      uuid,
    received_at timestamptz not null,
    constraint reject_pkey primary key (brand_id, reject_id),
    constraint reject_status_known check (status in ('rejected', 'duplicate', 'conflict'))
);
create index reject_by_received on reject (brand_id, received_at desc);

-- Profiles whose events are newer than their standing. Append-only for intake, so that a busy
-- projector never makes intake wait on a row lock.
create table projection_queue (
    brand_id   uuid        not null,
    queue_id   bigint      generated always as identity,
    profile_id uuid        not null,
    -- The earliest event time among what was added: earlier than the fold means fold anew.
    since      timestamptz not null,
    attempts   integer     not null default 0,
    -- Set when it failed too often: kept with its reason, out of the way of later ones.
    parked_at  timestamptz,
    last_error text,
    queued_at  timestamptz not null,
    constraint projection_queue_pkey primary key (brand_id, queue_id)
);
create index projection_queue_waiting on projection_queue (queue_id) where parked_at is null;

-- A version of a brand's stage rules.
create table rule_set (
    brand_id     uuid        not null references brand,
    rule_set_id  uuid        not null,
    version      integer     not null,
    document     jsonb       not null,
    note         text        not null,
    published_at timestamptz not null,
    constraint rule_set_pkey primary key (brand_id, rule_set_id),
    constraint rule_set_version_key unique (brand_id, version)
);

-- A profile's present stage state. stage: 0 stranger, 1 acquaintance, 2 friend, 3 advocate.
create table standing (
    brand_id     uuid        not null,
    profile_id   uuid        not null,
    rule_set_id  uuid        not null,
    stage        smallint    not null,
    stage_since  timestamptz not null,
    -- The engine's own state, additive per dimension and day.
    state        jsonb       not null,
    -- The order key of the last event folded.
    folded_time  timestamptz,
    folded_message_id text,
    events_folded bigint     not null,
    -- When silence alone would next change something.
    review_at    timestamptz,
    strained     boolean     not null default false,
    estranged    boolean     not null default false,
    -- -1 cooling, 0 steady, 1 warming.
    trend        smallint    not null default 0,
    updated_at   timestamptz not null,
    constraint standing_pkey primary key (brand_id, profile_id),
    constraint standing_profile_fkey foreign key (brand_id, profile_id) references profile,
    constraint standing_rule_set_fkey foreign key (brand_id, rule_set_id) references rule_set,
    constraint standing_stage_known check (stage between 0 and 3)
);
create index standing_by_review on standing (review_at) where review_at is not null;
create index standing_by_stage on standing (brand_id, stage, stage_since desc, profile_id);

-- Every move, bi-temporal: effective when it happened, recorded when it became known. A correction
-- supersedes; nothing is overwritten.
create table transition (
    brand_id      uuid        not null,
    transition_id uuid        not null,
    profile_id    uuid        not null,
    from_stage    smallint    not null,
    to_stage      smallint    not null,
    rule          text        not null,
    cause_message_id text,
    -- What the rule saw: figures, thresholds, counterfactual.
    evidence      jsonb       not null,
    rule_set_id   uuid        not null,
    effective_at  timestamptz not null,
    recorded_at   timestamptz not null,
    superseded_at timestamptz,
    constraint transition_pkey primary key (brand_id, transition_id),
    constraint transition_profile_fkey foreign key (brand_id, profile_id) references profile
);
create index transition_by_profile on transition (brand_id, profile_id, effective_at);
create index transition_by_effective on transition (brand_id, effective_at)
    where superseded_at is null;

-- Consents: append-only; the newest row per purpose is in force.
create table consent (
    brand_id     uuid        not null,
    consent_id   uuid        not null,
    profile_id   uuid        not null,
    purpose      text        not null,
    granted      boolean     not null,
    text_version text        not null,
    surface      text        not null,
    proof        jsonb       not null default '{}',
    decided_at   timestamptz not null,
    constraint consent_pkey primary key (brand_id, consent_id),
    constraint consent_profile_fkey foreign key (brand_id, profile_id) references profile
);
create index consent_by_profile on consent (brand_id, profile_id, decided_at);

-- A sign-in in progress, bound to one browser.
create table flow (
    brand_id       uuid        not null references brand,
    flow_id        uuid        not null,
    application_id uuid,
    -- The OIDC request that started it, resumed when the flow ends; null for the hosted page alone.
    request        jsonb,
    browser_hash   bytea       not null,
    -- Set while a newcomer decides on terms or on linking: what the provider said.
    pending        jsonb,
    created_at     timestamptz not null,
    expires_at     timestamptz not null,
    finished_at    timestamptz,
    constraint flow_pkey primary key (brand_id, flow_id),
    constraint flow_application_fkey foreign key (brand_id, application_id) references application
);
create index flow_by_id on flow (flow_id);
create index flow_by_expiry on flow (expires_at);

-- One round trip to a provider: single use.
create table attempt (
    brand_id      uuid        not null,
    attempt_id    uuid        not null,
    flow_id       uuid        not null,
    connection_id uuid        not null,
    state_hash    bytea       not null,
    nonce         text        not null,
    pkce_verifier text        not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    claimed_at    timestamptz,
    constraint attempt_pkey primary key (brand_id, attempt_id),
    constraint attempt_flow_fkey foreign key (brand_id, flow_id) references flow on delete cascade,
    constraint attempt_connection_fkey foreign key (brand_id, connection_id) references connection
);
create index attempt_by_state on attempt (state_hash);

-- A signed-in browser.
create table session (
    brand_id         uuid        not null,
    session_id       uuid        not null,
    profile_id       uuid        not null,
    connection_id    uuid,
    token_hash       bytea       not null,
    user_agent       text        not null default '',
    authenticated_at timestamptz not null,
    created_at       timestamptz not null,
    last_seen_at     timestamptz not null,
    expires_at       timestamptz not null,
    ended_at         timestamptz,
    constraint session_pkey primary key (brand_id, session_id),
    constraint session_profile_fkey foreign key (brand_id, profile_id) references profile
);
create index session_by_token on session (token_hash);
create index session_by_profile on session (brand_id, profile_id);

-- Keys that sign our tokens; they belong to the issuer, which all brands share.
create table signing_key (
    signing_key_id uuid        not null,
    algorithm      text        not null,
    -- PKCS#8, AES-256-GCM under the installation's key.
    private_key    bytea       not null,
    public_jwk     jsonb       not null,
    created_at     timestamptz not null,
    -- Signs from here on; published from creation.
    active_from    timestamptz not null,
    -- Published until here.
    retired_at     timestamptz,
    constraint signing_key_pkey primary key (signing_key_id)
);

create table authorization_code (
    brand_id       uuid        not null,
    code_id        uuid        not null,
    code_hash      bytea       not null,
    application_id uuid        not null,
    session_id     uuid        not null,
    profile_id     uuid        not null,
    redirect_uri   text        not null,
    scope          text        not null,
    nonce          text,
    code_challenge text        not null,
    authenticated_at timestamptz not null,
    created_at     timestamptz not null,
    expires_at     timestamptz not null,
    used_at        timestamptz,
    constraint authorization_code_pkey primary key (brand_id, code_id),
    constraint authorization_code_application_fkey
        foreign key (brand_id, application_id) references application,
    constraint authorization_code_session_fkey foreign key (brand_id, session_id) references session
);
create index authorization_code_by_hash on authorization_code (code_hash);

create table access_token (
    brand_id       uuid        not null,
    token_id       uuid        not null,
    token_hash     bytea       not null,
    code_id        uuid        not null,
    application_id uuid        not null,
    session_id     uuid        not null,
    profile_id     uuid        not null,
    scope          text        not null,
    created_at     timestamptz not null,
    expires_at     timestamptz not null,
    revoked_at     timestamptz,
    constraint access_token_pkey primary key (brand_id, token_id),
    constraint access_token_session_fkey foreign key (brand_id, session_id) references session
);
create index access_token_by_hash on access_token (token_hash);
create index access_token_by_code on access_token (brand_id, code_id);

-- People who use the dashboard. They belong to the installation.
create table staff (
    staff_id      uuid        not null,
    email         text        not null,
    name          text        not null,
    password_hash text        not null,
    created_at    timestamptz not null,
    disabled_at   timestamptz,
    constraint staff_pkey primary key (staff_id),
    constraint staff_email_key unique (email)
);

create table staff_session (
    staff_session_id uuid        not null,
    staff_id         uuid        not null references staff,
    token_hash       bytea       not null,
    created_at       timestamptz not null,
    last_seen_at     timestamptz not null,
    expires_at       timestamptz not null,
    ended_at         timestamptz,
    constraint staff_session_pkey primary key (staff_session_id)
);
create index staff_session_by_token on staff_session (token_hash);

-- One-time links that make somebody staff.
create table staff_invitation (
    token_hash bytea       not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    constraint staff_invitation_pkey primary key (token_hash)
);

-- What happened, for those who follow: webhooks, the live page. Written with the change it tells of.
create table outbox (
    brand_id   uuid        not null,
    fact_id    uuid        not null,
    kind       text        not null,
    profile_id uuid,
    payload    jsonb       not null,
    created_at timestamptz not null,
    constraint outbox_pkey primary key (brand_id, fact_id)
);
create index outbox_by_created on outbox (created_at);

-- Who did what. Append-only. The nil brand is the installation itself.
create table audit (
    brand_id   uuid        not null,
    audit_id   uuid        not null,
    actor_kind text        not null,
    actor_id   text        not null,
    action     text        not null,
    subject    text        not null,
    detail     jsonb       not null,
    request_id text,
    created_at timestamptz not null,
    constraint audit_pkey primary key (brand_id, audit_id),
    constraint audit_actor_known
        check (actor_kind in ('staff', 'customer', 'key', 'system', 'operator'))
);
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit entries are never changed or deleted';
end $$;
create trigger audit_append_only before update or delete on audit
    for each row execute function audit_is_append_only();

-- Background work. The nil brand is the installation itself.
create table job (
    brand_id     uuid        not null,
    job_id       uuid        not null,
    kind         text        not null,
    payload      jsonb       not null,
    run_at       timestamptz not null,
    attempts     integer     not null default 0,
    locked_until timestamptz,
    finished_at  timestamptz,
    failed_at    timestamptz,
    last_error   text,
    created_at   timestamptz not null,
    constraint job_pkey primary key (brand_id, job_id)
);
create index job_waiting on job (run_at) where finished_at is null and failed_at is null;
