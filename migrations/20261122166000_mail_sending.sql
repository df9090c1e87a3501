-- The box that a mail goes to, whatever is put behind a plus sign: what is asked for by mail is
-- counted by it (A65). And only what was asked for is counted, never a notice of what was done.
alter table mail
    add column mailbox  text    not null default '',
    add column is_asked boolean not null default false;
create index mail_asked_for on mail (brand_id, mailbox, created_at) where is_asked;
create index mail_by_age on mail (brand_id, created_at desc, mail_id desc);
create index mail_ended on mail (created_at) where sent_at is not null or failed_at is not null;
