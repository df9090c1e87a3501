-- What happened to people's places in layers. Bi-temporal, as `transition` is.
create table layer_transition (
    brand_id      uuid        not null,
    transition_id uuid        not null,
    profile_id    uuid        not null,
    -- The layer's id in the rule set.
    layer         text        not null,
    -- invited, joined, declined, expired, notice, kept, lapsed, left, hibernated, woke, warmed, cooled.
    kind          text        not null,
    -- The how-manieth of its instant it is, from 0.
    place         smallint    not null,
    cause_message_id text,
    -- The move as the engine recorded it.
    evidence      jsonb       not null,
    rule_set_id   uuid        not null,
    effective_at  timestamptz not null,
    recorded_at   timestamptz not null,
    superseded_at timestamptz,
    constraint layer_transition_pkey primary key (brand_id, transition_id),
    constraint layer_transition_profile_fkey foreign key (brand_id, profile_id) references profile
);
create index layer_transition_by_profile on layer_transition (brand_id, profile_id, effective_at);
