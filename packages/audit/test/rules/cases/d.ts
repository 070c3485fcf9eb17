/** Cases of family D: what a body looks at before it works. The shop is not FORCEd there, so definers see all tenants' rows. */
import type { RuleCase } from "./case.ts";

const context = "(select nullif(current_setting('app.tenant_id', true), ''))::uuid";
const definer = (signature: string, returns: string, body: string, language = "sql"): string =>
  `create function public.${signature} returns ${returns} language ${language} security definer set search_path = '' as $body$ ${body} $body$;`;
const member = `create table public.members (tenant_id uuid not null references public.tenants, user_id uuid not null, primary key (tenant_id, user_id));
  alter table public.members enable row level security;
  ${definer("is_member(tenant uuid)", "boolean", "select exists (select from public.members m where m.tenant_id = tenant and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid)")}`;
const invites = `
  create table public.invites (tenant_id uuid not null references public.tenants, id uuid not null default gen_random_uuid(), token text, token_id text,
    token_count integer, code text, email text, note text, primary key (tenant_id, id));
  alter table public.invites enable row level security;
  create table public.items (tenant_id uuid not null references public.tenants, code text, note text, primary key (tenant_id, code));
  alter table public.items enable row level security;`;
const refusing = (otherwise: string): string =>
  definer(
    "opened(i uuid)",
    "uuid",
    `declare of_tenant uuid; begin select v.tenant_id into of_tenant from public.invites v where v.id = i; if of_tenant is distinct from ${context} then ${otherwise}; end if; return of_tenant; end`,
    "plpgsql",
  );
const one = (name: string, sql: string, found: readonly string[], of: readonly string[] = ["D4"]): RuleCase => ({
  name,
  sql,
  of,
  found,
});

/** Cases of family D, on top of the shop without FORCE. */
export const casesD: readonly RuleCase[] = [
  one(
    "D1: a view that only says who is signed in",
    `create view public.v as select note from public.invoices where current_setting('app.user_id', true) is not null; grant select on public.v to shop_app;`,
    ["D1-v medium"],
    ["D1"],
  ),
  one(
    "D1: behind a view that nobody was granted",
    `create view public.a as select note from public.invoices; create view public.b as select * from public.a; grant select on public.b to shop_app;`,
    ["D1-b critical"],
    ["D1"],
  ),
  one(
    "D1: a policy for the owner opens its view although it is FORCEd",
    `alter table public.invoices force row level security; create policy maintenance on public.invoices to shop_owner using (true);
      create view public.v as select note from public.invoices; grant select on public.v to shop_app;`,
    ["D1-v critical"],
    ["D1"],
  ),
  one(
    "D3: sums without a tenant, and a view nobody reads",
    `create materialized view public.m as select count(*) as many from public.invoices; grant select on public.m to shop_app; create materialized view public.n as select * from public.invoices;`,
    ["D3-m medium"],
    ["D3"],
  ),
  one(
    "D4: the tenant is an argument",
    definer("f(t uuid)", "setof text", "select note from public.invoices where tenant_id = t"),
    ["D4-f high"],
  ),
  one("D4: yes or no", definer("f(i uuid)", "boolean", "select exists (select from public.invoices where id = i)"), [
    "D4-f low",
  ]),
  one("D4: a figure", definer("f()", "bigint", "select count(*) from public.invoices"), ["D4-f medium"]),
  one("D4: a write", definer("f(i uuid)", "void", "update public.invoices set note = '' where id = i"), ["D4-f high"]),
  one(
    "D4: new rows for any tenant, and for one's own",
    `${definer("f(t uuid)", "void", "insert into public.invoices (tenant_id, note) values (t, '')")} ${definer("g()", "void", `insert into public.invoices (tenant_id, note) values (${context}, '')`)}`,
    ["D4-f medium", "D4-g info"],
  ),
  one(
    "D4: behind a guard",
    `${member} ${definer("f(t uuid)", "setof text", "begin if not public.is_member(t) then raise exception 'no'; end if; return query select note from public.invoices where tenant_id = t; end", "plpgsql")}`,
    ["D4-f info", "D4-is_member info"],
  ),
  one(
    "D4: behind a look at membership",
    `${member} ${definer("f(t uuid)", "setof text", "begin perform 1 from public.members where tenant_id = t and user_id = nullif(current_setting('app.user_id', true), '')::uuid; if not found then return; end if; return query select note from public.invoices where tenant_id = t; end", "plpgsql")}`,
    ["D4-f info", "D4-is_member info"],
  ),
  one(
    "D4: with what was looked up by the context",
    `${member} ${definer("f()", "setof text", "declare mine uuid[]; me uuid := nullif(current_setting('app.user_id', true), '')::uuid; begin select array_agg(tenant_id) into mine from public.members where user_id = me; return query select note from public.invoices where tenant_id = any (mine); end", "plpgsql")}`,
    ["D4-f info", "D4-is_member info"],
  ),
  one(
    "D4: only signed in",
    definer(
      "f()",
      "setof text",
      "begin if nullif(current_setting('app.user_id', true), '') is null then raise exception 'no'; end if; return query select note from public.invoices; end",
      "plpgsql",
    ),
    ["D4-f medium"],
  ),
  one(
    "D4: the look comes too late",
    `${member} ${definer("f(t uuid)", "setof text", "begin return query select note from public.invoices where tenant_id = t; if not public.is_member(t) then raise notice 'no'; end if; end", "plpgsql")}`,
    ["D4-f high", "D4-is_member info"],
  ),
  one(
    "D4: through a function of the invoker",
    `create function public.helper() returns setof text language sql set search_path = '' as 'select note from public.invoices'; ${definer("f()", "setof text", "select * from public.helper()")}`,
    ["D4-f critical"],
  ),
  one(
    "D4: through a view",
    `create view public.v with (security_invoker = true) as select note from public.invoices; ${definer("f()", "setof text", "select note from public.v")}`,
    ["D4-f critical"],
  ),
  one(
    "D4: a body that was bound, columns that come back, an output argument",
    `create function public.f() returns setof text language sql security definer begin atomic select note from public.invoices; end;
      ${definer("g()", "table (n text)", "begin return query select note from public.invoices; end", "plpgsql")}
      ${definer("h(out n text, out m text)", "record", "begin select note, note into n, m from public.invoices limit 1; end", "plpgsql")}`,
    ["D4-f critical", "D4-g critical", "D4-h critical"],
  ),
  one(
    "D4: a WITH query that writes, a MERGE",
    `${definer("f()", "void", "with gone as (delete from public.invoices returning note) select null::void from gone")} ${definer("g()", "void", "begin merge into public.invoices i using public.reminders r on i.id = r.id when matched then update set note = r.note; end", "plpgsql")}`,
    ["D4-f high", "D4-g high"],
  ),
  one(
    "D4: nobody may call it",
    `${definer("f()", "setof text", "select note from public.invoices")} revoke execute on function public.f() from public;`,
    [],
  ),
  one(
    "D4: it belongs to no tenant",
    `create table public.countries (code text primary key); ${definer("f()", "setof text", "select code from public.countries")}`,
    [],
  ),
  one(
    "D4: overloaded",
    `${definer("f()", "setof text", "select note from public.invoices")} ${definer("f(a int)", "text", "select a::text")}`,
    ["D4-f.() critical"],
  ),
  one(
    "D4, D14: a statement that only shows at run time",
    definer("f(what text)", "setof text", "begin return query execute what; end", "plpgsql"),
    ["D14-f critical", "D4-f medium"],
    ["D4", "D14"],
  ),
  one(
    "D5: no path at all, a path that is empty, names with their schema",
    `create function public.f() returns setof text language sql security definer as 'select note from invoices';
      create function public.g() returns setof text language sql security definer as 'select note from public.invoices';
      create function public.h() returns int language sql security definer set search_path = '' as 'select 1';`,
    ["D5-f high"],
    ["D5"],
  ),
  one(
    "D5: nobody may make temporary tables",
    `reset role; do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$;
      create function public.f() returns setof text language sql security definer set search_path = public as 'select note from invoices';`,
    ["D5-f low"],
    ["D5"],
  ),
  one(
    "D8: NEW's tenant is checked by the table's policies",
    `create function public.t() returns trigger language plpgsql security definer as $$ begin insert into public.reminders (tenant_id, note) values (coalesce(new.tenant_id, old.tenant_id), tg_op); return null; end $$; create trigger t after insert or delete on public.invoices for each row execute function public.t();`,
    [],
    ["D8"],
  ),
  one(
    "D8: the table of NEW has no row security",
    `create table public.mails (tenant_id uuid not null references public.tenants, note text); grant insert on public.mails to shop_app;
      create function public.t() returns trigger language plpgsql security definer as $$ begin insert into public.reminders (tenant_id, note) values (new.tenant_id, new.note); return null; end $$; create trigger t after insert on public.mails for each row execute function public.t();`,
    ["D8-mails.t high"],
    ["D8"],
  ),
  one(
    "D8: an update that compares nothing, and one that follows a key",
    `create function public.t() returns trigger language plpgsql security definer as $$ begin update public.reminders set note = new.note; return null; end $$; create trigger t after insert on public.invoices for each row execute function public.t();
      create function public.k() returns trigger language plpgsql security definer as $$ begin update public.reminders set note = new.note where id = new.id; return null; end $$; create trigger k after insert on public.invoices for each row execute function public.k();`,
    ["D8-invoices.t high"],
    ["D8"],
  ),
  {
    name: "D9: an AFTER trigger, since 18",
    sql: `create table public.lines (tenant_id uuid not null, id uuid not null, invoice uuid not null, primary key (tenant_id, id), foreign key (tenant_id, invoice) references public.invoices (tenant_id, id) on delete cascade);
      create function public.t() returns trigger language plpgsql as $$ begin delete from public.reminders; return null; end $$; create trigger t after delete on public.lines for each row execute function public.t();`,
    of: ["D9"],
    found: ["D9-lines.t high"],
    on15: [],
  },
  one(
    "D9: by its key, by its tenant, without an action",
    `create table public.lines (tenant_id uuid not null, id uuid not null, invoice uuid not null, primary key (tenant_id, id), foreign key (tenant_id, invoice) references public.invoices (tenant_id, id) on delete cascade);
      create function public.t() returns trigger language plpgsql as $$ begin delete from public.reminders where tenant_id = old.tenant_id; update public.invoices set note = '' where id = old.invoice; return old; end $$; create trigger t before delete on public.lines for each row execute function public.t();
      create function public.u() returns trigger language plpgsql as $$ begin delete from public.reminders; return new; end $$; create trigger u before update on public.lines for each row execute function public.u();`,
    [],
    ["D9"],
  ),
  one(
    "D10: a rule that gives NEW's tenant on",
    `create rule log as on insert to public.invoices do also insert into public.reminders (tenant_id, note) values (new.tenant_id, new.note);`,
    [],
    ["D10"],
  ),
  one(
    "D12: without an argument it sees no row",
    `reset role; create function public.f() returns uuid language sql leakproof as 'select null::uuid'; create function public.g(a int) returns int language sql leakproof as 'select 1 / a';`,
    ["D12-g high"],
    ["D12"],
  ),
  one(
    "D13: a function of a bypassing role, and who may not call it",
    `reset role; create role shop_root nologin bypassrls; alter table public.invoices force row level security;
      ${definer("f()", "setof text", "select note from public.invoices")} alter function public.f() owner to shop_root; ${definer("g()", "setof text", "select note from public.invoices")} alter function public.g() owner to shop_root; revoke execute on function public.g() from public;`,
    ["D13-f critical"],
    ["D4", "D13"],
  ),
  one(
    "D14: what is quoted, typed or constant, and a chosen table of which nothing comes back",
    definer(
      "f(t text, u uuid, c regclass)",
      "void",
      `declare q text := quote_literal(t); begin
        execute 'select ' || q; execute format('select * from %I where note = %L', t, t); execute 'select $1' using t; execute format('select * from %s', c); execute 'select ''' || u || ''''; execute 'select ' || length(t);
        execute 'select ' || t::int; end`,
      "plpgsql",
    ),
    ["D14-f low"],
    ["D14"],
  ),
  one(
    "D14: by a variable, by format, by concat, by an array",
    `${definer("f(t text)", "void", "declare q text; begin q := 'select ' || t; q := q || ' limit 1'; execute q; end", "plpgsql")}
      ${definer("g(t text)", "void", "begin execute format('select * from %s', t); end", "plpgsql")} ${definer("h(t text)", "void", "begin execute concat('select ', lower(t)); end", "plpgsql")} ${definer("i(t jsonb)", "void", "begin execute 'select ' || (t ->> 'a'); end", "plpgsql")}`,
    ["D14-f critical", "D14-g critical", "D14-h critical", "D14-i critical"],
    ["D14"],
  ),
  one(
    "D14: as the invoker it is no more than the caller may say anyway",
    `create function public.f(t text) returns void language plpgsql as $$ begin execute t; end $$;`,
    [],
    ["D14"],
  ),
  one(
    "D14: the caller chooses the table, quoted or by regclass, at once or through a variable",
    `${definer("f(p text)", "setof jsonb", "begin return query execute format('select to_jsonb(t) from %I t', p); end", "plpgsql").replace("''", "public")}
      ${definer("g(p text)", "setof jsonb", "declare s text; begin s := 'select to_jsonb(t) from public.' || quote_ident(p); s := s || ' t where note like $1'; return query execute s using '%'; end", "plpgsql")}
      ${definer("h(p regclass)", "bigint", "declare n bigint; begin execute 'select count(*) from ' || p into n; return n; end", "plpgsql")}
      ${definer("i(p regclass, x uuid)", "void", "begin execute format('delete from %s where id = $1', p) using x; end", "plpgsql")}
      ${definer("j(p text)", "boolean", "declare b boolean; begin execute format('select exists (select from public.%I)', p) into b; return b; end", "plpgsql")}`,
    ["D14-f critical", "D14-g critical", "D14-h high", "D14-i high", "D14-j low"],
    ["D14"],
  ),
  one(
    "D14: a list of names before, with and without tables of tenants",
    `create table public.regions (code text); create table public.currencies (code text); create table public.exports (name text);
      ${definer("f(p text)", "setof jsonb", "begin if p not in ('regions', 'currencies') then raise exception 'no'; end if; return query execute format('select to_jsonb(t) from public.%I t', p); end", "plpgsql")}
      ${definer("g(p text)", "setof jsonb", "declare allowed text[] := array['regions', 'currencies']; begin if p = any(allowed) then return query execute format('select to_jsonb(t) from public.%I t', p); end if; end", "plpgsql")}
      ${definer("h(p text)", "setof jsonb", "begin if p is null or not (p = any(array['invoices', 'regions'])) then return; end if; return query execute format('select to_jsonb(t) from public.%I t', p); end", "plpgsql")}
      ${definer("i(p text)", "setof jsonb", "begin if not exists (select from public.exports e where e.name = p) then raise exception 'no'; end if; return query execute format('select to_jsonb(t) from public.%I t', p); end", "plpgsql")}
      ${definer("j(p text)", "setof jsonb", "begin if p not in ('regions', 'currencies') then raise exception 'no'; end if; return query execute 'select to_jsonb(t) from public.' || p || ' t'; end", "plpgsql")}`,
    ["D14-f low", "D14-g low", "D14-h high", "D14-i medium", "D14-j low"],
    ["D14"],
  ),
  one(
    "D14: what only looks like a list",
    `${definer("f(p text)", "setof jsonb", "begin if p not in ('regions') then raise notice 'odd'; end if; return query execute format('select to_jsonb(t) from public.%I t', p); end", "plpgsql")}
      ${definer("g(p text)", "setof jsonb", "begin if not exists (select from pg_catalog.pg_class c where c.relname = p) then raise exception 'no'; end if; return query execute format('select to_jsonb(t) from public.%I t', p); end", "plpgsql")}
      ${definer("h(p text)", "setof jsonb", "begin if p in ('pg_authid', 'secrets') then raise exception 'no'; end if; return query execute format('select to_jsonb(t) from public.%I t', p); end", "plpgsql")}
      ${definer("i(p text)", "setof jsonb", "begin if p !~ '^[a-z_]+$' then raise exception 'no'; end if; return query execute format('select to_jsonb(t) from public.%I t', p); end", "plpgsql")}`,
    ["D14-f critical", "D14-g critical", "D14-h critical", "D14-i critical"],
    ["D14"],
  ),
  one(
    "D14: the dynamic statement compares the tenant itself",
    `${definer("f(p text)", "setof jsonb", `begin return query execute format('select to_jsonb(t) from public.%I t where t.tenant_id = $1', p) using ${context}; end`, "plpgsql")}
      ${definer("g(p text)", "setof jsonb", `declare mine uuid := ${context}; begin return query execute format('select to_jsonb(t) from public.%I t where t.tenant_id = %L', p, mine); end`, "plpgsql")}
      ${definer("h(p text, t uuid)", "setof jsonb", "begin return query execute format('select to_jsonb(t) from public.%I t where t.tenant_id = $1', p) using t; end", "plpgsql")}`,
    ["D14-f low", "D14-g low", "D14-h critical"],
    ["D14"],
  ),
  one(
    "D14: a table that nobody can choose: of another schema, of another form, of the body's making, of a FORCEd owner, a column",
    `reset role; create schema archive; set role shop_owner;
      ${definer("f(p text)", "setof jsonb", "begin return query execute format('select to_jsonb(t) from archive.%I t', p); end", "plpgsql")}
      ${definer("g(p text)", "setof jsonb", "begin return query execute format('select to_jsonb(t) from public.%I t', 'log_' || p); end", "plpgsql")}
      ${definer("h(p text)", "setof jsonb", "begin return query execute format('select to_jsonb(t) from public.%I t', case p when 'a' then 'regions' else 'currencies' end); end", "plpgsql")}
      ${definer("i(p text)", "setof jsonb", "begin return query execute format('select to_jsonb(t) from %I t', p); end", "plpgsql")}
      ${definer("k(p text)", "setof jsonb", "begin return query execute format('select to_jsonb(t) from archive.log t order by %I', p); end", "plpgsql")}`,
    [],
    ["D14"],
  ),
  one(
    "D14: a column of NEW",
    `create function public.t() returns trigger language plpgsql security definer as $$ begin execute 'select ' || new.note; return null; end $$; create trigger t after insert on public.invoices for each row execute function public.t();`,
    ["D14-t critical"],
    ["D14"],
  ),
  one(
    "D15: a loop over tenants, for the session",
    definer(
      "f()",
      "void",
      "declare t record; begin for t in select id from public.tenants loop perform set_config('app.tenant_id', t.id::text, false); update public.invoices set note = ''; end loop; end",
      "plpgsql",
    ),
    ["D15-f high"],
    ["D15"],
  ),
  one(
    "D15: to set it is its purpose, to nothing is nobody's, its own is its own",
    `${definer("f(t uuid)", "void", "begin perform 1 from public.tenants where id = t; perform set_config('app.tenant_id', t::text, true); end", "plpgsql")}
      ${definer("g(t uuid)", "void", "begin perform set_config('app.tenant_id', t::text, true); delete from public.invoices; perform set_config('app.tenant_id', '', true); end", "plpgsql")}
      create function public.h(t uuid) returns void language plpgsql as $$ begin perform set_config('app.other', t::text, true); delete from public.invoices; end $$;`,
    [],
    ["D15"],
  ),
  one(
    "D15: SET in the definition gives back what was set for the transaction, not what was set for the session",
    `reset role; create function public.f(t uuid) returns void language plpgsql set app.tenant_id = '' as $$ begin perform set_config('app.tenant_id', t::text, true); delete from public.invoices; end $$;
      create function public.g(t uuid) returns void language plpgsql set app.tenant_id = '' as $$ begin perform set_config('app.tenant_id', t::text, false); delete from public.invoices; end $$;`,
    ["D15-g high"],
    ["D15"],
  ),
  one(
    "D16: INSTEAD OF as the owner",
    `create view public.v with (security_invoker = true) as select tenant_id, note from public.invoices; grant select, insert on public.v to shop_app;
      create function public.t() returns trigger language plpgsql security definer as $$ begin insert into public.invoices (tenant_id, note) values (new.tenant_id, new.note); return new; end $$; create trigger t instead of insert on public.v for each row execute function public.t();`,
    ["D16-v.t high"],
    ["D16"],
  ),
  one(
    "D16: INSTEAD OF as the invoker, a view that PostgreSQL can't write through, one that is only read",
    `create view public.v with (security_barrier = true) as select tenant_id, note from public.invoices where tenant_id = ${context}; grant select on public.v to shop_app;
      create view public.w with (security_barrier = true) as select tenant_id, count(*) from public.invoices where tenant_id = ${context} group by 1; grant select, insert on public.w to shop_app;`,
    [],
    ["D16"],
  ),
  one(
    "D4: a token is the proof",
    `${invites} ${definer("f(t text)", "setof text", "select note from public.invites where token = t")}`,
    ["D4-f medium"],
  ),
  one(
    "D4: found by its token, then changed",
    `${invites} ${definer("f(t text)", "void", "declare found_id uuid; begin select i.id into found_id from public.invites i where i.token = t; if found_id is null then raise exception 'no'; end if; update public.invites set note = '' where id = found_id; end", "plpgsql")}`,
    ["D4-f medium"],
  ),
  one(
    "D4: the code is compared before",
    `${invites} ${definer("f(i uuid, c text)", "setof public.invites", "declare invited public.invites; begin select * into invited from public.invites where id = i; if invited.code is distinct from c then raise exception 'no'; end if; return next invited; end", "plpgsql")}`,
    // the first statement finds the row by its id alone
    ["D4-f critical"],
  ),
  one(
    "D4: behind a helper that compares and raises",
    `${invites} ${refusing("raise exception 'no'")} ${definer("f(i uuid)", "void", "declare t uuid; begin t := public.opened(i); delete from public.invites where id = i; end", "plpgsql")}`,
    ["D4-f medium", "D4-opened medium"],
  ),
  one(
    "D4: behind a helper that only answers",
    `${invites} ${refusing("return null")} ${definer("f(i uuid)", "void", "declare t uuid; begin t := public.opened(i); delete from public.invites where id = i; end", "plpgsql")}`,
    ["D4-f high", "D4-opened medium"],
  ),
  one(
    "D4: no secrets: an id, a number, the code of a product, a pattern",
    `${invites} ${definer("f(t text)", "void", "update public.invites set note = '' where token_id = t")}
      ${definer("g(n integer)", "void", "update public.invites set note = '' where token_count = n")}
      ${definer("h(c text)", "void", "update public.items set note = '' where code = c")}
      ${definer("i(t text)", "void", "update public.invites set note = '' where token like t")}`,
    ["D4-f high", "D4-g high", "D4-h high", "D4-i high"],
  ),
  one(
    "D4: forgot my password, by e-mail",
    `${invites} ${definer("f(address text)", "void", "declare one public.invites; begin select * into one from public.invites i where lower(i.email) = lower(address); update public.invites set token = md5(random()::text) where id = one.id; end", "plpgsql")}`,
    ["D4-f medium"],
  ),
  one(
    "D4: by e-mail, and the caller chooses, deletes or sees",
    `${invites} ${definer("f(address text, given text)", "void", "declare other text; begin other := md5(given); update public.invites set token = other where email = address; end", "plpgsql")}
      ${definer("g(address text)", "void", "delete from public.invites where email = address")}
      ${definer("h(address text)", "setof text", "select token from public.invites where email = address")}`,
    ["D4-f high", "D4-g high", "D4-h critical"],
  ),
];
