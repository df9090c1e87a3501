-- What other rules would make of a brand's people: asked for, under way, or found. Any process can
-- read how far it is; one whose process died shows by its silence.
create table rule_preview (
    brand_id uuid not null references brand,
    preview_id uuid not null,
    -- Of the draft's rules, as 16 hexadecimal digits: what computes stages, not what it is called.
    fingerprint text not null constraint rule_preview_fingerprint_check check (fingerprint ~ '^[0-9a-f]{16}$'),
    -- The version in force that it was compared with.
    base_version integer not null,
    mode text not null constraint rule_preview_mode_check check (mode in ('from_now_on', 'history')),
    -- The instant at which people are looked at.
    looked_at timestamptz not null,
    horizon_days smallint not null,
    started_at timestamptz not null,
    -- The last sign of life.
    seen_at timestamptz not null,
    finished_at timestamptz,
    people bigint,
    done bigint not null default 0,
    result jsonb,
    error text,
    constraint rule_preview_pkey primary key (brand_id, preview_id),
    constraint rule_preview_end_check check (num_nonnulls(result, error) = num_nonnulls(finished_at))
);
-- One at a time for a brand.
create unique index rule_preview_running_key on rule_preview (brand_id) where finished_at is null;
