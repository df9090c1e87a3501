-- A flow in which somebody signed in proves again who they are: whose session it renews, and where
-- they go on then.
alter table flow add column again jsonb;
