-- What customers say about being written to.
create table contact_preference (
    brand_id     uuid        not null,
    profile_id   uuid        not null,
    channel      text        not null,
    allowed      boolean     not null,
    -- At most so many contacts in the days over which the brand's rules count; null leaves it to them.
    per_week     smallint,
    paused_until timestamptz,
    -- The one to use if none is asked for; at most one channel of a profile.
    preferred    boolean     not null default false,
    said_at      timestamptz not null,
    constraint contact_preference_pkey primary key (brand_id, profile_id, channel),
    constraint contact_preference_profile_fkey
        foreign key (brand_id, profile_id) references profile on delete cascade,
    constraint contact_preference_channel_length check (length(channel) between 1 and 32),
    constraint contact_preference_per_week_range check (per_week between 0 and 30)
);
create unique index contact_preference_one_preferred
    on contact_preference (brand_id, profile_id) where preferred;

-- Whom to keep in touch with: longest unheard first, and before them who never heard anything.
create index standing_by_last_contact
    on standing (brand_id, ((state -> 'contact' ->> 'last')::bigint) nulls first, profile_id)
    where stage >= 2;
