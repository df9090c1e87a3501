-- What is set once the person of a flow is in: the hash of a password that they chose on the way.
alter table flow add column carries jsonb;

-- Which ways in a brand offers beside its connections. A brand without a row has the defaults.
create table way_setting (
    brand_id   uuid        not null references brand,
    passwords  boolean     not null default false,
    updated_at timestamptz not null,
    constraint way_setting_pkey primary key (brand_id)
);
