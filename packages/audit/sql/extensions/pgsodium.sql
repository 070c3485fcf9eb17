-- Stand-in for pgsodium: encrypts nothing.
create schema if not exists pgsodium;
create table pgsodium.key (id uuid primary key default gen_random_uuid(), name text unique, status text default 'valid', created timestamptz not null default now(), key_type text, key_id bigint, key_context bytea, comment text, user_data text);
create view pgsodium.valid_key as select id, name, status, key_type, key_id, key_context, created from pgsodium.key where status = 'valid';
create function pgsodium.create_key(key_type text default 'aead-det', name text default null) returns pgsodium.valid_key language sql as $$ insert into pgsodium.key (name, key_type) values (name, key_type) returning id, key.name, status, key.key_type, key_id, key_context, created $$;
create function pgsodium.randombytes_buf(size integer) returns bytea language sql as $$ select decode(repeat('00', size), 'hex') $$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea default null) returns bytea language sql as 'select message';
create function pgsodium.crypto_aead_det_decrypt(ciphertext bytea, additional bytea, key_uuid uuid, nonce bytea default null) returns bytea language sql as 'select ciphertext';
