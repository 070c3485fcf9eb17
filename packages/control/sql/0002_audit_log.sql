-- The audit log: each record carries the hash of the one before it, so that a change, a gap or a swap shows. What a chain cannot show is a
-- log cut off at its end: `audit anchor` prints the newest number and hash, to be kept elsewhere.
create table watertight_catalog.audit_log (
  seq bigint primary key,
  at text not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail text not null,
  previous bytea not null,
  hash bytea not null
);
create index audit_subject on watertight_catalog.audit_log (subject, seq);
create table watertight_catalog.audit_head (
  only_row boolean primary key default true check (only_row),
  seq bigint not null,
  hash bytea not null
);
insert into watertight_catalog.audit_head (seq, hash) values (0, '\x0000000000000000000000000000000000000000000000000000000000000000');

-- SHA-256 over the previous hash and each field with its length before it: no two records have the same bytes.
create function watertight_catalog.audit_hash(previous bytea, fields text[]) returns bytea
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
return (
  select pg_catalog.sha256(previous || coalesce(pg_catalog.string_agg(
           pg_catalog.int4send(pg_catalog.octet_length(pg_catalog.convert_to(f.field, 'UTF8'))) || pg_catalog.convert_to(f.field, 'UTF8'), ''::bytea order by f.n), ''::bytea))
    from pg_catalog.unnest(fields) with ordinality f(field, n)
);

-- Writes one record. The head's row is locked to the end of the transaction: numbers have no gaps, and records come in the order of commit.
create function watertight_catalog.append_audit(actor text, action text, subject text, detail jsonb) returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  head record;
  stamp text := pg_catalog.to_char(pg_catalog.clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
  body text := coalesce(append_audit.detail, '{}')::text;
  digest bytea;
begin
  select h.seq, h.hash into head from watertight_catalog.audit_head h for update;
  digest := watertight_catalog.audit_hash(head.hash, array[(head.seq + 1)::text, stamp, append_audit.actor, append_audit.action, append_audit.subject, body]);
  insert into watertight_catalog.audit_log (seq, at, actor, action, subject, detail, previous, hash)
  values (head.seq + 1, stamp, append_audit.actor, append_audit.action, append_audit.subject, body, head.hash, digest);
  update watertight_catalog.audit_head set seq = head.seq + 1, hash = digest;
  return head.seq + 1;
end
$$;

-- Also for the owner, who would otherwise do it by mistake: whoever means it must drop the trigger first, which shows in the catalog.
create function watertight_catalog.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = '42501', message = 'the audit log is never changed';
end
$$;
create trigger refuse_change before update or delete or truncate on watertight_catalog.audit_log
  for each statement execute function watertight_catalog.refuse_change();

revoke all on function watertight_catalog.append_audit(text, text, text, jsonb), watertight_catalog.audit_hash(bytea, text[]), watertight_catalog.refuse_change() from public;
grant execute on function watertight_catalog.append_audit(text, text, text, jsonb) to :"control";
grant select on watertight_catalog.audit_log, watertight_catalog.audit_head to :"control", :"auditor";
