-- What an application was allowed to renew: one family per exchanged code, of which at any time one
-- token is good. The family's id is the code's, which is what its access tokens carry too, so that
-- everything that came of one consent can be taken back together.
create table refresh_family (
    brand_id       uuid        not null,
    family_id      uuid        not null,
    application_id uuid        not null,
    session_id     uuid        not null,
    profile_id     uuid        not null,
    -- What was granted; a renewal may ask for less, never for more.
    scope          text        not null,
    authenticated_at timestamptz not null,
    created_at     timestamptz not null,
    -- Absolute: renewing never moves it.
    expires_at     timestamptz not null,
    revoked_at     timestamptz,
    constraint refresh_family_pkey primary key (brand_id, family_id),
    constraint refresh_family_application_fkey
        foreign key (brand_id, application_id) references application,
    constraint refresh_family_session_fkey foreign key (brand_id, session_id) references session
);
create index refresh_family_by_expiry on refresh_family (expires_at);

create table refresh_token (
    brand_id     uuid        not null,
    token_id     uuid        not null,
    token_hash   bytea       not null,
    family_id    uuid        not null,
    created_at   timestamptz not null,
    used_at      timestamptz,
    -- The token that it was exchanged for.
    successor_id uuid,
    -- The answer it was exchanged for, sealed, for an application whose line broke: given again for
    -- a few seconds, as long as nobody has used the successor.
    answer       bytea,
    constraint refresh_token_pkey primary key (brand_id, token_id),
    constraint refresh_token_hash_key unique (brand_id, token_hash),
    constraint refresh_token_family_fkey
        foreign key (brand_id, family_id) references refresh_family on delete cascade
);
create index refresh_token_by_family on refresh_token (brand_id, family_id);
