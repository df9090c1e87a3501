-- A question put to an authenticator, until it is answered or expires. It belongs to the flow or the
-- session in which it was asked and is deleted when it is answered, so that no answer counts twice.
create table passkey_challenge (
    brand_id    uuid        not null references brand,
    challenge   bytea       not null,
    purpose     text        not null,
    -- The flow, or the session.
    bound_to    uuid        not null,
    -- What stands for the person who is to have a new passkey.
    user_handle bytea,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    constraint passkey_challenge_pkey primary key (brand_id, challenge),
    constraint passkey_challenge_purpose_known check (purpose in ('register', 'sign_in', 'sign_up'))
);
create index passkey_challenge_by_place on passkey_challenge (brand_id, bound_to, created_at);
create index passkey_challenge_by_expiry on passkey_challenge (expires_at);
