-- What people meet before they are let in: windows of their own, a brand's look, and the page of
-- preferences that a mail leads to.

-- An answer that waits for the page which opened a window to sign in. The page knows the secret, the
-- window the ticket; neither learns the other's.
create table handoff (
    brand_id       uuid        not null references brand,
    handoff_id     uuid        not null,
    application_id uuid        not null,
    -- The page's origin, as its browser said when the window left it.
    origin         text        not null,
    secret_hash    bytea       not null,
    ticket_hash    bytea       not null,
    -- The answer, sealed under the installation's key; forgotten once it is given.
    answer         bytea,
    created_at     timestamptz not null,
    expires_at     timestamptz not null,
    answered_at    timestamptz,
    claimed_at     timestamptz,
    constraint handoff_pkey primary key (brand_id, handoff_id),
    constraint handoff_application_fkey foreign key (brand_id, application_id) references application,
    constraint handoff_secret_key unique (brand_id, secret_hash)
);
create index handoff_by_expiry on handoff (expires_at);

-- How a brand shows itself beside its colour: a headline and a line under it, by language, and the
-- name of its logo's file.
alter table brand
    add column words jsonb not null default '{}',
    add column logo  text;

create table brand_logo (
    brand_id   uuid        not null references brand,
    -- From its content, so that it may be kept for ever.
    name       text        not null,
    kind       text        not null,
    bytes      bytea       not null,
    created_at timestamptz not null,
    constraint brand_logo_pkey primary key (brand_id),
    constraint brand_logo_kind_known check (kind in ('image/png', 'image/jpeg', 'image/webp')),
    constraint brand_logo_size check (length(bytes) <= 262144)
);

-- A link to somebody's preferences, for mails: it needs no signing in, and opens nothing else.
create table preference_link (
    brand_id   uuid        not null,
    link_id    uuid        not null,
    profile_id uuid        not null,
    token_hash bytea       not null,
    -- The mail it was made for, as its sender names it.
    surface    text        not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint preference_link_pkey primary key (brand_id, link_id),
    constraint preference_link_token_key unique (token_hash),
    constraint preference_link_profile_fkey foreign key (brand_id, profile_id) references profile
        on delete cascade
);
create index preference_link_by_profile on preference_link (brand_id, profile_id);
create index preference_link_by_expiry on preference_link (expires_at);
