-- In which form a refused event was sent, so that it is judged in the same form when it is judged
-- again.
alter table reject
    add column form text not null default 'tracking',
    add constraint reject_form_known check (form in ('tracking', 'cloudevent'));
