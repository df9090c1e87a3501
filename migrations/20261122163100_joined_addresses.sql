-- Since when an address is a person's by a merge: their own go before it, so that joining two
-- accounts never changes by which address somebody is known.
alter table profile_email add column joined_at timestamptz;
