-- Sealing keys. A row holds the key of the application's tokens and the key of the database's own second seal, both as HMAC pads
-- (secret xor 0x36.., secret xor 0x5c..), because precomputed pads save two hashes and two xors per verification.
-- Nobody but the owner may read this table: whoever reads it can be any tenant (leak vector C10).
create table watertight.key (
  kid text primary key check (kid ~ '^[a-z0-9]{1,16}$'),
  app_ipad bytea not null check (length(app_ipad) = 64),
  app_opad bytea not null check (length(app_opad) = 64),
  seal_ipad bytea not null check (length(seal_ipad) = 64),
  seal_opad bytea not null check (length(seal_opad) = 64),
  state text not null default 'active' check (state in ('active', 'retiring')),
  created_at timestamptz not null default now()
);
comment on table watertight.key is 'HMAC pads of token and seal keys; readable by the owner role alone.';
-- A definer function that reads this table inside a parallel plan must not start workers for it (measured: > 12 s otherwise).
alter table watertight.key set (parallel_workers = 0);
revoke all on watertight.key from public;
