-- What the OpenID provider needs beyond codes and tokens: settings of an application, pushed
-- requests, what people allow applications, and telling applications of a sign-out.

alter table application
    -- Somebody else's: its people are asked what it may learn.
    add column is_third_party boolean not null default false,
    -- Takes requests only through the pushed request endpoint (RFC 9126).
    add column requires_par boolean not null default false,
    -- The brand lets it learn a customer's stage, if it asks for it.
    add column may_learn_stage boolean not null default false,
    -- Where it is told of a sign-out (OpenID Connect Back-Channel Logout 1.0).
    add column backchannel_logout_uri text;

-- An authorization request that an application sent ahead, good once and for a minute.
create table pushed_request (
    brand_id       uuid        not null,
    reference_hash bytea       not null,
    application_id uuid        not null,
    -- The parameters as a query, without credentials.
    params         text        not null,
    created_at     timestamptz not null,
    expires_at     timestamptz not null,
    used_at        timestamptz,
    constraint pushed_request_pkey primary key (brand_id, reference_hash),
    constraint pushed_request_application_fkey
        foreign key (brand_id, application_id) references application
);
create index pushed_request_by_expiry on pushed_request (expires_at);

-- An authorization request that waits for the person to say yes or no. It belongs to one session.
create table consent_request (
    brand_id           uuid        not null,
    consent_request_id uuid        not null,
    application_id     uuid        not null,
    session_id         uuid        not null,
    request            jsonb       not null,
    created_at         timestamptz not null,
    expires_at         timestamptz not null,
    decided_at         timestamptz,
    constraint consent_request_pkey primary key (brand_id, consent_request_id),
    constraint consent_request_application_fkey
        foreign key (brand_id, application_id) references application,
    constraint consent_request_session_fkey
        foreign key (brand_id, session_id) references session on delete cascade
);
create index consent_request_by_expiry on consent_request (expires_at);

-- What a person allows an application. Withdrawing deletes the row; the audit record keeps both.
create table application_grant (
    brand_id       uuid        not null,
    profile_id     uuid        not null,
    application_id uuid        not null,
    scope          text        not null,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    constraint application_grant_pkey primary key (brand_id, profile_id, application_id),
    constraint application_grant_profile_fkey foreign key (brand_id, profile_id) references profile,
    constraint application_grant_application_fkey
        foreign key (brand_id, application_id) references application
);

-- Which applications got tokens in a session, and so hear of its end.
create table session_application (
    brand_id       uuid        not null,
    session_id     uuid        not null,
    application_id uuid        not null,
    created_at     timestamptz not null,
    constraint session_application_pkey primary key (brand_id, session_id, application_id),
    constraint session_application_session_fkey
        foreign key (brand_id, session_id) references session on delete cascade,
    constraint session_application_application_fkey
        foreign key (brand_id, application_id) references application
);

-- An application to be told that a session is over. It outlives the session's own row.
create table logout_delivery (
    brand_id       uuid        not null,
    delivery_id    uuid        not null,
    application_id uuid        not null,
    session_id     uuid        not null,
    profile_id     uuid        not null,
    created_at     timestamptz not null,
    next_try_at    timestamptz not null,
    tries          integer     not null default 0,
    last_error     text,
    sent_at        timestamptz,
    -- Given up.
    failed_at      timestamptz,
    constraint logout_delivery_pkey primary key (brand_id, delivery_id),
    constraint logout_delivery_session_key unique (brand_id, session_id, application_id),
    constraint logout_delivery_application_fkey
        foreign key (brand_id, application_id) references application
);
create index logout_delivery_waiting on logout_delivery (next_try_at)
    where sent_at is null and failed_at is null;
create index logout_delivery_by_age on logout_delivery (created_at);

-- A session ends in many places: by its owner, by another browser of theirs, by a new sign-in, with
-- the account. Whichever it is, the applications of the session are told, so the rows are written
-- here, where no such place can be forgotten, and in its transaction. What ends by being deleted or
-- with its account is due at once, by any clock.
-- A session that comes back to life (with a suspended account) and ends again is told again.
create function queue_logouts(brand uuid, session uuid, profile uuid, at timestamptz)
returns void language sql as $$
    insert into logout_delivery
        (brand_id, delivery_id, application_id, session_id, profile_id, created_at, next_try_at)
    select held.brand_id, gen_random_uuid(), held.application_id, held.session_id, profile, at, at
    from session_application held join application a using (brand_id, application_id)
    where held.brand_id = brand and held.session_id = session
      and a.backchannel_logout_uri is not null
    on conflict on constraint logout_delivery_session_key do update
    set delivery_id = excluded.delivery_id, created_at = excluded.created_at,
        next_try_at = excluded.next_try_at, tries = 0, last_error = null, sent_at = null,
        failed_at = null
$$;

create function session_ended() returns trigger language plpgsql as $$
begin
    perform queue_logouts(new.brand_id, new.session_id, new.profile_id, new.ended_at);
    return null;
end
$$;
create function session_deleted() returns trigger language plpgsql as $$
begin
    perform queue_logouts(old.brand_id, old.session_id, old.profile_id, old.last_seen_at);
    return old;
end
$$;
create trigger session_deleted before delete on session
    for each row when (old.ended_at is null)
    execute function session_deleted();
create trigger session_ended after update of ended_at on session
    for each row when (old.ended_at is null and new.ended_at is not null)
    execute function session_ended();

-- Whoever is suspended, merged away or erased is signed out everywhere, whatever becomes of the
-- rows of their sessions.
create function profile_left() returns trigger language plpgsql as $$
begin
    perform queue_logouts(s.brand_id, s.session_id, s.profile_id, s.last_seen_at)
    from session s
    where s.brand_id = new.brand_id and s.profile_id = new.profile_id and s.ended_at is null;
    return null;
end
$$;
create trigger profile_left after update of status on profile
    for each row when (old.status = 'active' and new.status <> 'active')
    execute function profile_left();

-- Withdrawing what an application was allowed takes back what it was given for one person.
create index authorization_code_by_profile
    on authorization_code (brand_id, profile_id, application_id);
create index access_token_by_profile on access_token (brand_id, profile_id, application_id);
create index refresh_family_by_profile on refresh_family (brand_id, profile_id, application_id);
