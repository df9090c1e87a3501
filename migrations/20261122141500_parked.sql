-- What was set apart, found without reading what waits: nearly always nobody.
create index projection_queue_parked on projection_queue (brand_id, profile_id)
    where parked_at is not null;
