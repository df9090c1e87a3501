-- The time of the identify whose traits a profile shows, so that a late one fills gaps and does not
-- overwrite what is newer.
alter table profile add column traits_at timestamptz;
