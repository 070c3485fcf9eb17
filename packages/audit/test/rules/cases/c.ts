/** Cases of family C: what a body does to the context, and what it leaves on the connection. */
import type { RuleCase } from "./case.ts";

const procedure = (head: string, body: string): string =>
  `create ${head} language plpgsql set search_path = '' as $body$ begin ${body} end $body$;`;
const set = (value: string, local: boolean): string => `perform set_config('app.tenant_id', ${value}, ${local});`;
const one = (name: string, of: string, sql: string, ...found: string[]): RuleCase => ({ name, sql, of: [of], found });
const imports = (body: string): string => procedure("function public.f(tenant uuid) returns void", body);
const touch = "update public.invoices set note = 'seen';";
const verify = (condition: string): string =>
  `create table public.keys (name text, secret text);
   create function public.verify(token text) returns boolean language sql stable security definer set search_path = ''
     as $body$ select ${condition} from public.keys k $body$;`;

/** Cases of family C, on top of the sound shop. */
export const casesC: readonly RuleCase[] = [
  one(
    "C1: taking the context away leaves nobody behind",
    "C1",
    `${procedure("function public.sign_out() returns void", set("''", false))}
     ${procedure("function public.forget() returns void", set("null", false))}
     ${imports(set("tenant::text", false))}`,
    "C1-f high",
  ),
  one(
    "C3: taking the context away leaves nobody behind",
    "C3",
    `${procedure("function public.sign_out() returns void", "set app.tenant_id = '';")}
     ${procedure("function public.forget() returns void", "execute 'set app.tenant_id = ''''';")}
     ${procedure("function public.reset_it() returns void", "reset app.tenant_id;")}
     ${procedure("function public.demo() returns void", "set app.tenant_id = 'bbbbbbbb-0000-4000-8000-00000000000b';")}
     ${imports("execute 'set app.tenant_id = ''' || tenant || '''';")}`,
    "C3-demo high",
    "C3-f high",
  ),
  one(
    "C2: a context that was taken away before the COMMIT is not lost",
    "C2",
    `create procedure public.p(tenant uuid) language plpgsql as $body$
       begin ${set("tenant::text", true)} ${touch} ${set("''", true)} commit; perform pg_catalog.now(); end $body$;`,
  ),
  one(
    "C4: a handler that returns lets nothing go on",
    "C4",
    imports(`begin ${set("tenant::text", true)} exception when others then return; end; ${touch}`),
  ),
  one(
    "C4: what a handler does before it returns is done for the tenant before",
    "C4",
    imports(`begin ${set("tenant::text", true)} exception when others then ${touch} return; end;`),
    "C4-f medium",
  ),
  one(
    "C4: one handler that goes on is enough",
    "C4",
    imports(
      `begin ${set("tenant::text", true)} exception when division_by_zero then ${set("tenant::text", true)} when others then null; end; ${touch}`,
    ),
    "C4-f medium",
  ),
  one(
    "C4: a later block does not take back what an earlier one set",
    "C4",
    imports(
      `begin ${set("tenant::text", true)} exception when others then raise; end; begin perform 1 / 0; exception when others then null; end; ${touch}`,
    ),
  ),
  one(
    "C4: a block within a block",
    "C4",
    imports(
      `begin begin ${set("tenant::text", true)} exception when others then raise; end; perform 1 / 0; exception when others then null; end; ${touch}`,
    ),
    "C4-f medium",
  ),
  one(
    "C7: a temporary table that the body drops again is gone; one that it drops before is not",
    "C7",
    `${procedure("function public.tidy() returns void", "create temporary table t (note text); drop table pg_temp.t;")}
     ${procedure("function public.f() returns void", "drop table if exists pg_temp.t; create temporary table t (note text);")}`,
    "C7-f medium",
  ),
  one(
    "C10: the name of a setting, of a claim or of a row is no key",
    "C10",
    verify(
      "encode(sha256(convert_to(k.secret || current_setting('app.tenant_id', true) || (token::jsonb ->> 'organisation'), 'UTF8')), 'hex') = (select secret from public.keys where name = 'signature of today')",
    ),
  ),
  one(
    "C10: a key is one behind a cast, in a join of texts and as a last resort",
    "C10",
    `${verify("sha256(convert_to(coalesce(current_setting('app.key', true), 'development key'), 'UTF8')) = token::bytea")}
     create function public.salted(id text) returns text language sql immutable set search_path = ''
       as $body$ select md5('correct horse'::text || id) $body$;`,
    "C10-salted critical",
    "C10-verify critical",
  ),
];
