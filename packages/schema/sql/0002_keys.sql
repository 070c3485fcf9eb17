-- Sealing keys, as HMAC pads (secret xor 0x36.., secret xor 0x5c..), because precomputed pads save two hashes and two xors per verification.
-- Nobody but the owner may read these tables: whoever reads them can be any tenant (leak vector C10).
-- And no function may hold a pad in a variable: the planner turns a variable into a constant of the plan, and `debug_print_plan`, which every
-- role may switch on, prints constants to the client and to the server log (Q1). Pads are columns of the query that hashes them, nothing else.

-- The database's own key: seals the context inside a transaction, never leaves the database.
create table watertight.seal (
  only_row boolean primary key default true check (only_row),
  ipad bytea not null check (length(ipad) = 64),
  opad bytea not null check (length(opad) = 64)
);
comment on table watertight.seal is 'HMAC pads of the key that seals a transaction''s tenant context; readable by the owner role alone.';

-- The keys of the application's tokens, by key id.
create table watertight.key (
  kid text primary key check (kid ~ '^[a-z0-9]{4}$'),
  kid_bytes bytea not null unique generated always as (decode(kid, 'escape')) stored,
  app_ipad bytea not null check (length(app_ipad) = 64),
  app_opad bytea not null check (length(app_opad) = 64),
  state text not null default 'active' check (state in ('active', 'retiring')),
  created_at timestamptz not null default now()
);
comment on table watertight.key is 'HMAC pads of token keys; readable by the owner role alone.';

-- A definer function that reads these tables inside a parallel plan must not start workers for it (measured: > 12 s otherwise).
alter table watertight.seal set (parallel_workers = 0);
alter table watertight.key set (parallel_workers = 0);
revoke all on watertight.seal, watertight.key from public;
