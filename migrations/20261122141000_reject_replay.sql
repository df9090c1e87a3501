-- What was refused can be judged once more. `routed_kind` and `sent_at` are what the request told
-- beside the event; the replay_* columns say what came of the last time it was judged again.
alter table reject
    add column routed_kind    text,
    add column sent_at        timestamptz,
    add column replayed_at    timestamptz,
    add column replay_status  text,
    add column replay_detail  text,
    add constraint reject_replay_status_known
        check (replay_status in ('accepted', 'duplicate', 'conflict', 'rejected')),
    add constraint reject_replay_whole
        check ((replayed_at is null) = (replay_status is null));
