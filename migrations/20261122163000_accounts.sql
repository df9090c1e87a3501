-- What people do with their own account: joining two, taking them apart, and being forgotten.

-- Whether a customer's own page tells them their stage.
alter table brand add column shows_stage boolean not null default false;

-- Two identified profiles that were joined, and which rows moved, so that it can be undone. Events
-- never move: each keeps the profile that it came with.
create table profile_merge (
    brand_id    uuid        not null references brand,
    merge_id    uuid        not null,
    -- Who goes on, and who was joined into them.
    survivor_id uuid        not null,
    merged_id   uuid        not null,
    -- Who did it, as in the audit record, and why where that was staff.
    actor_kind  text        not null,
    actor_id    text        not null,
    reason      text        not null default '',
    identities  uuid[]      not null,
    credentials uuid[]      not null,
    consents    uuid[]      not null,
    -- Profiles that were joined into the merged one before.
    profiles    uuid[]      not null,
    -- Addresses that moved, and those that both had and only the merged one had proven.
    emails      text[]      not null,
    proven      text[]      not null,
    -- SHA-256 of the secret in the link that undoes it.
    undo_hash   bytea       not null,
    merged_at   timestamptz not null,
    undo_until  timestamptz not null,
    undone_at   timestamptz,
    constraint profile_merge_pkey primary key (brand_id, merge_id),
    constraint profile_merge_survivor_fkey foreign key (brand_id, survivor_id) references profile,
    constraint profile_merge_merged_fkey foreign key (brand_id, merged_id) references profile,
    constraint profile_merge_of_two check (survivor_id <> merged_id),
    constraint profile_merge_actor_known check (actor_kind in ('customer', 'staff', 'key'))
);
create index profile_merge_by_survivor on profile_merge (brand_id, survivor_id, merged_at);
create unique index profile_merge_in_force on profile_merge (brand_id, merged_id)
    where undone_at is null;
create index profile_merge_by_undo on profile_merge (brand_id, undo_hash);

-- Somebody asked to be forgotten. Nothing is deleted before due_at, so that they may think again.
create table erasure (
    brand_id     uuid        not null references brand,
    erasure_id   uuid        not null,
    profile_id   uuid        not null,
    actor_kind   text        not null,
    requested_at timestamptz not null,
    due_at       timestamptz not null,
    -- SHA-256 of the secret in the link that takes it back; null once it cannot be.
    undo_hash    bytea,
    undone_at    timestamptz,
    done_at      timestamptz,
    -- What was erased: the profile and those that were joined into it.
    profiles     uuid[]      not null default '{}',
    -- When what was on its way at that moment was deleted too.
    swept_at     timestamptz,
    constraint erasure_pkey primary key (brand_id, erasure_id),
    constraint erasure_profile_fkey foreign key (brand_id, profile_id) references profile,
    constraint erasure_actor_known check (actor_kind in ('customer', 'staff', 'key', 'operator')),
    constraint erasure_ends_one_way check (undone_at is null or done_at is null)
);
create unique index erasure_one_under_way on erasure (brand_id, profile_id)
    where undone_at is null and done_at is null;
create index erasure_due on erasure (due_at) where undone_at is null and done_at is null;
create index erasure_unswept on erasure (done_at) where done_at is not null and swept_at is null;
create index erasure_by_profile on erasure (brand_id, profile_id, requested_at);
create index erasure_by_undo on erasure (brand_id, undo_hash) where undo_hash is not null;

-- The ids of people who were forgotten, as keyed hashes, so that an event of theirs that comes late
-- does not make them anew.
create table suppression (
    brand_id  uuid        not null references brand,
    hash      bytea       not null,
    -- Events that happened until here are refused.
    erased_at timestamptz not null,
    constraint suppression_pkey primary key (brand_id, hash)
);

-- Browsers by which somebody has signed in before: a sign-in from another is told to them by mail.
create table known_device (
    brand_id     uuid        not null,
    profile_id   uuid        not null,
    -- SHA-256 of what the browser's cookie holds.
    device_hash  bytea       not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    constraint known_device_pkey primary key (brand_id, profile_id, device_hash),
    constraint known_device_profile_fkey foreign key (brand_id, profile_id) references profile
);
