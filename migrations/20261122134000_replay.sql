-- Replaying a brand: everybody's events folded anew, in parts that several workers share. Who does not
-- stand where they should is noted, and put right with all others at once.

create table replay (
    brand_id    uuid        not null references brand,
    replay_id   uuid        not null,
    -- The rules and the program it folds by: with others it begins anew.
    basis       text        not null,
    -- People to go through, as counted at the start.
    people      bigint      not null,
    started_at  timestamptz not null,
    -- Null while it is under way, or killed and not yet gone on with.
    finished_at timestamptz,
    -- What it came to: events, people projected, corrected and folded at the end. Null for one that
    -- was given up because the rules changed.
    result      jsonb,
    constraint replay_pkey primary key (brand_id, replay_id)
);
create unique index replay_under_way on replay (brand_id) where finished_at is null;

-- A range of a replay's people. Whoever works on a page of it holds its row, so that a page is done
-- once, however many work on the replay, and is done by somebody else if its worker dies.
create table replay_part (
    brand_id   uuid        not null,
    replay_id  uuid        not null,
    part       integer     not null,
    -- Everybody up to and including this profile is done.
    done_until uuid        not null,
    -- The last profile of the range.
    ends_with  uuid        not null,
    is_done    boolean     not null default false,
    people     bigint      not null default 0,
    events     bigint      not null default 0,
    -- People who had events and no standing.
    projected  bigint      not null default 0,
    -- The latest sign of life of those who work on it.
    updated_at timestamptz not null,
    constraint replay_part_pkey primary key (brand_id, replay_id, part),
    constraint replay_part_replay_fkey foreign key (brand_id, replay_id) references replay
);

-- People who do not stand where their events put them: put right, all at one instant, when every part
-- is done.
create table replay_note (
    brand_id   uuid    not null,
    replay_id  uuid    not null,
    profile_id uuid    not null,
    -- False for somebody who was in other hands, or about to be: to be looked at again.
    is_certain boolean not null,
    constraint replay_note_pkey primary key (brand_id, replay_id, profile_id),
    constraint replay_note_replay_fkey foreign key (brand_id, replay_id) references replay
);
