-- What a key may do beyond its kind, and the names of events that a brand is known to use.

alter table api_key
    -- What a secret key may do; null: everything, also what is added later.
    add column scopes            text[],
    -- The names it may send, or beginnings of names followed by *; empty: any.
    add column events_allowed    text[]  not null default '{}',
    -- How many events a second it may send; null: what the installation says.
    add column events_per_second integer,
    add constraint api_key_scopes_not_empty check (scopes is null or cardinality(scopes) > 0),
    add constraint api_key_rate_fits check (events_per_second between 1 and 1000000);

-- Written once for each name, and only as long as a brand has few enough of them: no commit of
-- events ever waits for a row of this table.
create table event_name (
    brand_id      uuid        not null references brand,
    name          text        not null,
    -- Whether a secret key was the first to send it.
    trusted       boolean     not null,
    first_seen_at timestamptz not null,
    constraint event_name_pkey primary key (brand_id, name)
);
