-- Rules over time: which version holds when, what was learnt, and who has been brought up to it.

alter table rule_set
    -- From when the version holds; null: it was applied to all history.
    add column effective_from timestamptz,
    -- Set when the version was taken back: everything is then as if it had never been published.
    add column withdrawn_at   timestamptz,
    -- Who published it, if it was somebody in the dashboard.
    add column published_by   uuid references staff,
    add column withdrawn_by   uuid references staff,
    -- Where it came from: what every brand starts with, the dashboard, a shell, a program.
    add column origin         text not null default 'default',
    add constraint rule_set_origin_known check (origin in ('default', 'staff', 'operator', 'key'));

-- The next version while somebody writes it; one per brand.
create table rule_draft (
    brand_id     uuid        not null references brand,
    -- As typed, so perhaps no rule set yet.
    document     text        not null,
    -- The version it was begun from.
    base_version integer     not null,
    updated_at   timestamptz not null,
    updated_by   uuid references staff,
    constraint rule_draft_pkey primary key (brand_id)
);

-- The brand's rhythm, month by month: for rule sets whose half-life of investment is learnt.
create table learnt_half_life (
    brand_id        uuid             not null references brand,
    -- What comes later in this order counts more.
    learnt_id       bigint           not null generated always as identity,
    -- From when it holds; null: it was applied to all history.
    effective_from  timestamptz,
    -- Between a customer's consecutive order days; null where there is none.
    median_gap_days double precision,
    -- How many gaps that is the median of.
    gaps            bigint           not null,
    -- What the rules in force made of it, in days.
    half_life_days  double precision not null,
    computed_at     timestamptz      not null,
    constraint learnt_half_life_pkey primary key (brand_id, learnt_id),
    constraint learnt_half_life_month_key unique (brand_id, effective_from)
);

-- When a brand's rules change, everybody is looked at once: how far that has come. The generation
-- also tells every process that what it knows of the brand's rules is out of date.
create table rule_round (
    brand_id    uuid        not null references brand,
    generation  bigint      not null,
    -- The last profile looked at; null: none yet.
    after       uuid,
    -- How many people there are to look at; null: not counted yet.
    people      bigint,
    done        bigint      not null default 0,
    started_at  timestamptz not null,
    finished_at timestamptz,
    constraint rule_round_pkey primary key (brand_id)
);
create index rule_round_waiting on rule_round (started_at) where finished_at is null;
