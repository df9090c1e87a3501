-- How often something was tried in vain: by account, by network, by browser, by brand. The key is a
-- keyed hash of what is counted, since addresses are personal data. The nil brand is the
-- installation itself, whose dashboard is guarded the same way.
create table attempt_counter (
    brand_id uuid        not null,
    key      bytea       not null,
    -- Tries in vain, in thousandths, as of the last one.
    level    bigint      not null,
    last_at  timestamptz not null,
    constraint attempt_counter_pkey primary key (brand_id, key)
);
create index attempt_counter_by_age on attempt_counter (last_at);
