-- Who brought whom, and complaints that wait.
--
-- Links, claims and marks are read off single events; verdicts and credits follow from them and from
-- who is merged into whom. So every row here is a function of what is stored elsewhere, and may be
-- written anew at any time.

-- Somebody passed on a code: an invitation, a shared product, a shared cart.
create table referral_link (
    brand_id   uuid        not null references brand,
    -- The event that told of it.
    message_id text        not null,
    -- The subject that event came with.
    profile_id uuid        not null,
    code       text        not null,
    kind       text        not null,
    channel    text        not null default '',
    trusted    boolean     not null,
    shared_at  timestamptz not null,
    constraint referral_link_pkey primary key (brand_id, message_id),
    constraint referral_link_kind_known check (kind in ('invite', 'product', 'cart'))
);
-- A code belongs to whoever passed it on first; a trusted word comes before a browser's.
create index referral_link_by_code on referral_link
    (brand_id, code, trusted desc, shared_at, message_id);
create index referral_link_by_profile on referral_link (brand_id, profile_id);
create index referral_link_by_time on referral_link (brand_id, shared_at);

-- Somebody came by a code, or says who brought them; and what became of it.
create table referral_claim (
    brand_id         uuid        not null references brand,
    message_id       text        not null,
    profile_id       uuid        not null,
    kind             text        not null,
    channel          text        not null default '',
    code             text,
    -- The referrer's user id, where the event names them.
    referrer_user_id text,
    claimed_at       timestamptz not null,
    -- As judged: the person who came, the one who brought them, and by what.
    referee_id       uuid        not null,
    referrer_id      uuid,
    link_message_id  text,
    -- Why it is no edge; null for the one that is.
    refusal          text,
    constraint referral_claim_pkey primary key (brand_id, message_id),
    constraint referral_claim_kind_known check (kind in ('click', 'sign_up')),
    constraint referral_claim_names_somebody
        check (code is not null or referrer_user_id is not null),
    constraint referral_claim_refusal_known check (refusal in
        ('pending', 'unknown', 'self', 'payment', 'device', 'household', 'loop', 'day_cap',
         'already_customer', 'already_brought'))
);
create index referral_claim_by_profile on referral_claim (brand_id, profile_id);
create index referral_claim_by_code on referral_claim (brand_id, code) where code is not null;
create index referral_claim_by_unknown_user on referral_claim (brand_id, referrer_user_id)
    where refusal = 'unknown' and referrer_user_id is not null;
create index referral_claim_by_referrer on referral_claim (brand_id, referrer_id, claimed_at)
    where referrer_id is not null;
create index referral_edge_by_referee on referral_claim (brand_id, referee_id) where refusal is null;
create index referral_claim_flagged on referral_claim (brand_id, claimed_at desc, message_id)
    where refusal in ('self', 'payment', 'device', 'household', 'loop', 'day_cap');

-- What two people may share only if they are one, or one household: hashes, as sent.
create table referral_mark (
    brand_id   uuid        not null references brand,
    kind       text        not null,
    hash       text        not null,
    profile_id uuid        not null,
    constraint referral_mark_pkey primary key (brand_id, kind, hash, profile_id),
    constraint referral_mark_kind_known check (kind in ('payment', 'device', 'household'))
);
create index referral_mark_by_profile on referral_mark (brand_id, profile_id);

-- What people earned by bringing others, up to three generations away. A referrer's fold takes each
-- row as an act of its own.
create table referral_credit (
    brand_id       uuid        not null references brand,
    referee_id     uuid        not null,
    hop            smallint    not null,
    referrer_id    uuid        not null,
    -- By what an event sent by the brand would name the referee.
    referee_key    text        not null,
    converted_at   timestamptz not null,
    clawed_back_at timestamptz,
    constraint referral_credit_pkey primary key (brand_id, referee_id, hop),
    constraint referral_credit_hop_known check (hop between 1 and 3)
);
create index referral_credit_by_referrer on referral_credit (brand_id, referrer_id, converted_at);
create index referral_credit_by_time on referral_credit (brand_id, converted_at);

-- How far word of mouth carries a brand; written anew every few minutes.
create table referral_figures (
    brand_id          uuid             not null references brand,
    computed_at       timestamptz      not null,
    -- The window that the counts are of, in days before computed_at.
    window_days       integer          not null,
    customers         bigint           not null,
    invitations       bigint           not null,
    conversions       bigint           not null,
    newcomers         bigint           not null,
    newcomers_brought bigint           not null,
    hop_days_median   double precision,
    generations       integer          not null,
    -- The credit from which somebody is among the top hundredth of those with any.
    influence_floor   double precision,
    constraint referral_figures_pkey primary key (brand_id)
);

-- A row that asks for everything to be folded, because something beside the events has changed.
alter table projection_queue add column anew boolean not null default false;

-- Complaints, so that those who handle them find them: the oldest that waits, when the next thing
-- happens by itself, until when a person should look at the customer, when one was last made good.
alter table standing
    add column disputes_open smallint not null default 0,
    add column dispute_opened_at timestamptz,
    add column dispute_due timestamptz,
    add column review_until timestamptz,
    add column made_good_at timestamptz;
create index standing_by_dispute on standing (brand_id, dispute_opened_at, profile_id)
    where dispute_opened_at is not null;
create index standing_by_review_until on standing (brand_id, review_until, profile_id)
    where review_until is not null;
create index standing_by_made_good on standing (brand_id, made_good_at desc, profile_id)
    where made_good_at is not null;
