-- What customers will be worth: an independent check beside the stage, from orders alone.

-- A fit of a brand's orders. The newest finished one is in force; older ones show how figures drift.
create table value_model (
    brand_id         uuid             not null references brand,
    -- When it was begun.
    fitted_at        timestamptz      not null,
    -- The last day whose orders are in it; ages are counted up to it.
    as_of            date             not null,
    -- Days ahead for which orders and worth are forecast.
    horizon_days     integer          not null,
    -- Null while it is under way, or where it was broken off.
    finished_at      timestamptz,
    -- Why there are no parameters: 'too_few_repeat_buyers', 'not_converged'.
    absent           text,
    -- Customers who ordered, and of them those who did on more than one day.
    customers        bigint           not null default 0,
    repeat_buyers    bigint           not null default 0,
    -- BG/NBD, in days.
    r                double precision,
    alpha            double precision,
    a                double precision,
    b                double precision,
    log_likelihood   double precision,
    -- Whether a parameter ran away and was held.
    is_held          boolean          not null default false,
    -- The currency most orders name; null where none names any.
    currency         text,
    -- Orders in other currencies: they count as orders, their amounts do not.
    other_currency_orders bigint      not null default 0,
    -- Orders of which no amount is known.
    unpriced_orders  bigint           not null default 0,
    -- Gamma-Gamma, in that currency; null where amounts are too few.
    spend_buyers     bigint           not null default 0,
    spend_p          double precision,
    spend_q          double precision,
    spend_v          double precision,
    spend_log_likelihood double precision,
    constraint value_model_pkey primary key (brand_id, fitted_at),
    constraint value_model_absent_known
        check (absent in ('too_few_repeat_buyers', 'not_converged')),
    constraint value_model_parameters_together
        check (num_nulls(r, alpha, a, b, log_likelihood) in (0, 5)),
    constraint value_model_spend_together
        check (num_nulls(spend_p, spend_q, spend_v, spend_log_likelihood) in (0, 4))
);

-- What a customer's orders say of them. Only who ordered has a row.
create table profile_value (
    brand_id    uuid             not null,
    profile_id  uuid             not null,
    -- The fit whose orders these are.
    fitted_at   timestamptz      not null,
    -- Days with an order after the first such day, and the first and the last of them.
    repeats     integer          not null,
    first_day   date             not null,
    last_day    date             not null,
    -- Days after the first whose amount is known, and their mean amount.
    spend_days  integer          not null,
    spend_mean  double precision,
    -- The currency of those amounts: the one most of the customer's orders name.
    currency    text,
    -- The forecast; null where the brand has no model. No worth without amounts.
    alive       double precision,
    purchases   double precision,
    worth       double precision,
    constraint profile_value_pkey primary key (brand_id, profile_id),
    constraint profile_value_profile_fkey foreign key (brand_id, profile_id) references profile,
    constraint profile_value_alive_is_a_chance check (alive between 0 and 1),
    constraint profile_value_purchases_not_negative check (purchases >= 0),
    constraint profile_value_worth_not_negative check (worth >= 0)
);

-- Means of a fit by stage, strangers first, over known people, as they stood when it was finished.
create table value_stage (
    brand_id      uuid             not null,
    fitted_at     timestamptz      not null,
    stage         smallint         not null,
    people        bigint           not null,
    -- Of them, those who ordered, and those who did on more than one day.
    buyers        bigint           not null,
    repeat_buyers bigint           not null,
    -- Mean chance of being active, of repeat buyers: of others the model says nothing.
    alive         double precision,
    -- Mean of the buyers.
    purchases     double precision,
    -- Buyers with a forecast of worth, and its mean.
    valued        bigint           not null,
    worth         double precision,
    constraint value_stage_pkey primary key (brand_id, fitted_at, stage),
    constraint value_stage_model_fkey foreign key (brand_id, fitted_at)
        references value_model on delete cascade,
    constraint value_stage_known check (stage between 0 and 3)
);
