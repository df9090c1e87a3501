-- A standing is written anew with every event of its person. PostgreSQL does that in place, touching
-- no index, as long as no value that an index reads has changed; so no index reads what every event
-- changes.

alter table standing
    -- When this person was last contacted, in seconds since 1970.
    add column last_contact bigint
        generated always as ((state -> 'contact' ->> 'last')::bigint) stored,
    -- When the sweep looks at it: never later than review_at. Only moved when review_at has come
    -- nearer, or when the sweep finds that it looked too early.
    add column look_at timestamptz;
update standing set look_at = review_at where review_at is not null;

drop index standing_by_last_contact;
create index standing_by_last_contact
    on standing (brand_id, last_contact nulls first, profile_id) where stage >= 2;
drop index standing_by_review;
create index standing_by_look on standing (look_at) where look_at is not null;

-- Room on each page for the next version of its rows.
alter table standing set (fillfactor = 70);
