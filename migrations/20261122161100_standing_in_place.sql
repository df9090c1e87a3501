-- A standing is written anew for nearly every event. What its indexes look at hardly ever changes with
-- it, so that such a change can be made in place, without touching any index: if no index looks into
-- the state as a whole, and if there is room beside the row.

drop index standing_by_last_contact;
alter table standing
    -- When the customer was last written to, in seconds since 1970: out of the state.
    add column last_contact bigint
        generated always as ((state -> 'contact' ->> 'last')::bigint) stored;
alter table standing set (fillfactor = 70);
create index standing_by_last_contact
    on standing (brand_id, last_contact nulls first, profile_id)
    where stage >= 2;
comment on column standing.review_at is
    'When to look again, at the latest when silence alone would next change something. It may lie '
    'before that: each act moves the day, and the row is looked at once more instead of being moved '
    'in its index each time.';
