-- What the projector keeps beside the standing, and the indexes that its readers need.

-- Since when the person behind the profile is known: the earlier of their first sign-in and the first
-- event that named a proven user id. Null for anonymous profiles, which no count of people includes.
alter table standing add column known_since timestamptz;

-- Counts per stage, and who became known when.
create index standing_by_known_stage on standing (brand_id, stage) where known_since is not null;
create index standing_by_known_since on standing (brand_id, known_since) where known_since is not null;

-- Whether anything waits for a profile, and what was parked for it.
create index projection_queue_by_profile on projection_queue (brand_id, profile_id);

-- What an event did, for the live page.
create index transition_by_cause on transition (brand_id, cause_message_id)
    where superseded_at is null and cause_message_id is not null;
-- What was learnt when, for the live page.
create index transition_by_recorded on transition using brin (recorded_at);

-- Search by the beginning of an alias or of a family name.
create index alias_by_prefix on alias (brand_id, alias text_pattern_ops);
create index profile_by_family_name on profile (brand_id, lower(family_name) text_pattern_ops)
    where family_name is not null;
