-- Files that were read into a brand, or are being: how far, and what came of it. The events themselves
-- are told apart by message id, so a row that says too little loses nothing and doubles nothing.
create table import (
    brand_id    uuid        not null references brand,
    import_id   uuid        not null,
    -- SHA-256 of the contents of the files, in order, the format, and the mapping: the same files
    -- read the same way are the same import, wherever they lie.
    fingerprint bytea       not null,
    -- The files, as they were named.
    source      text        not null,
    format      text        not null,
    -- running (or killed, if updated_at lies back), stopped, done.
    state       text        not null,
    -- What the reader has given so far (events, rows left out, rows that are wrong) and is settled:
    -- where a later run goes on.
    steps_done  bigint      not null default 0,
    bytes_done  bigint      not null default 0,
    bytes_total bigint      not null,
    -- Counts, and the first faults.
    report      jsonb       not null default '{}',
    started_at  timestamptz not null,
    updated_at  timestamptz not null,
    finished_at timestamptz,
    constraint import_pkey primary key (brand_id, import_id),
    constraint import_fingerprint_key unique (brand_id, fingerprint),
    constraint import_state_known check (state in ('running', 'stopped', 'done'))
);
create index import_by_start on import (brand_id, started_at desc);
