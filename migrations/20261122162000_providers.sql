-- More providers, and native apps.

alter table connection
    -- Client ids of the brand's own apps at the provider, whose ID tokens are taken too.
    add column audiences text[] not null default '{}',
    -- What only its provider asks for: Apple's team and key.
    add column particulars jsonb not null default '{}';

-- The name that came with a provider's form, kept until the browser comes back with its cookies.
alter table attempt add column posted_name jsonb;

-- ID tokens that apps handed over, each good once, until they would have expired.
create table spent_id_token (
    brand_id   uuid        not null references brand,
    token_hash bytea       not null,
    expires_at timestamptz not null,
    constraint spent_id_token_pkey primary key (brand_id, token_hash)
);
create index spent_id_token_by_expiry on spent_id_token (expires_at);
