-- Sealing keys, as HMAC pads (secret xor 0x36.., secret xor 0x5c..), because precomputed pads save two hashes and two xors per verification.
-- Nobody but the owner may read these tables: whoever reads them can be any tenant (leak vector C10).

-- The database's own key: seals the context inside a transaction, never leaves the database.
create table watertight.seal (
  only_row boolean primary key default true check (only_row),
  ipad bytea not null check (length(ipad) = 64),
  opad bytea not null check (length(opad) = 64)
);
comment on table watertight.seal is 'HMAC pads of the key that seals a transaction''s tenant context; readable by the owner role alone.';

-- The keys of the application's tokens, by key id. seal_ipad and seal_opad repeat watertight.seal (a trigger copies them): opening a context
-- needs both keys, and one row fewer to look up is measurable on every query.
create table watertight.key (
  kid text primary key check (kid ~ '^[a-z0-9]{4}$'),
  kid_bytes bytea not null unique generated always as (decode(kid, 'escape')) stored,
  app_ipad bytea not null check (length(app_ipad) = 64),
  app_opad bytea not null check (length(app_opad) = 64),
  seal_ipad bytea not null,
  seal_opad bytea not null,
  state text not null default 'active' check (state in ('active', 'retiring')),
  created_at timestamptz not null default now()
);
comment on table watertight.key is 'HMAC pads of token keys; readable by the owner role alone.';

create function watertight.copy_seal() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  select s.ipad, s.opad into strict new.seal_ipad, new.seal_opad from watertight.seal s;
  return new;
end
$$;
create trigger copy_seal before insert or update on watertight.key for each row execute function watertight.copy_seal();

-- A definer function that reads these tables inside a parallel plan must not start workers for it (measured: > 12 s otherwise).
alter table watertight.seal set (parallel_workers = 0);
alter table watertight.key set (parallel_workers = 0);
revoke all on watertight.seal, watertight.key from public;
revoke all on function watertight.copy_seal() from public;
