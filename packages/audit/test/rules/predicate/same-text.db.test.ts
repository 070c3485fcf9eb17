/**
 * The same text of a policy on tables that differ: in their columns, in their owners, in the policies of what the text reads, in the function that it
 * calls. An answer that is kept for one of them must not be given to another; the server says what is right.
 */
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { notForced } from "../../../src/rules/A3-not-forced/rule.ts";
import { isBinding } from "../../../src/rules/exposure/exposure.ts";
import { leaksOf } from "../../../src/rules/predicate/leaks.ts";
import type { Facts } from "../../../src/rules/rule.ts";
import { factsOf } from "../../support/facts.ts";

const A = "aaaaaaaa-0000-4000-8000-00000000000a";
const B = "bbbbbbbb-0000-4000-8000-00000000000b";
const context = "(select nullif(current_setting('app.tenant_id', true), ''))::uuid";
const secured = (name: string): string =>
  `alter table ${name} enable row level security; alter table ${name} force row level security; grant select on ${name} to shop_app;`;
const orNobodys = `using (tenant_id is null or tenant_id = ${context})`;
const byParent = "using (exists (select from %p p where p.id = parent_id))";

const schema = `
create role shop_owner nologin;
create role shop_app login;
create schema other;
grant usage on schema public, other to shop_app;
create table public.tenants (id uuid primary key);

-- the row of nobody: only where the column may be null
create table public.strict (id int primary key, tenant_id uuid not null references public.tenants (id));
create table public.loose (id int primary key, tenant_id uuid references public.tenants (id));
${["strict", "loose"].map((name) => `${secured(`public.${name}`)} create policy own on public.${name} ${orNobodys};`).join("\n")}

-- the text asks no session, but the table that it reads does: and in another way in each of these
create table public.parents (id int primary key, tenant_id uuid not null references public.tenants (id));
create table other.parents (id int primary key, tenant_id uuid not null references public.tenants (id));
${secured("public.parents")} create policy own on public.parents using (tenant_id = ${context});
${secured("other.parents")} create policy own on other.parents using (${context} is null or tenant_id = ${context});
create table public.children (id int primary key, parent_id int not null references public.parents (id));
create table other.children (id int primary key, parent_id int not null references other.parents (id));
${["public", "other"].map((name) => `${secured(`${name}.children`)} create policy own on ${name}.children ${byParent.replace("%p", `${name}.parents`)};`).join("\n")}

-- one text, one function, two owners: the one is the application itself, and nothing binds it
create table public.notes (id int primary key, tenant_id uuid not null references public.tenants (id));
create table other.notes (id int primary key, tenant_id uuid not null references public.tenants (id));
create function public.mine(tenant uuid) returns boolean language sql stable as $$ select tenant = ${context} $$;
${["public", "other"].map((name) => `${secured(`${name}.notes`)} create policy own on ${name}.notes using (public.mine(tenant_id));`).join("\n")}
alter table other.notes no force row level security;
alter table other.notes owner to shop_app;
`;

const tables = ["public.strict", "public.loose", "public.parents", "other.parents", "public.children", "other.children", "public.notes"]; // prettier-ignore
const seeds = `
insert into public.tenants values ('${A}'), ('${B}');
insert into public.strict values (1, '${A}'), (2, '${B}');
insert into public.loose values (1, '${A}'), (2, null);
insert into public.parents values (1, '${A}'), (2, '${B}'); insert into other.parents values (1, '${A}'), (2, '${B}');
insert into public.children values (1, 1), (2, 2); insert into other.children values (1, 1), (2, 2);
insert into public.notes values (1, '${A}'), (2, '${B}');`;

/** "table session" of every table whose row 2 can be read there. */
function judged(facts: Facts): string[] {
  const reads = leaksOf(facts).leaks.filter(({ door }) => door.command === "select");
  return [...new Set(reads.map(({ relation: { schema: at, name }, session }) => `${at}.${name} ${session}`))].sort();
}

describeServers((server) => {
  test("the same text on other tables is judged anew", async () => {
    const facts = await factsOf(server, schema, { roles: ["shop_app"] });
    try {
      await facts.admin.query(seeds);
      const seen: string[] = [];
      for (const [session, value] of [
        ["open", A],
        ["unset", null],
        ["empty", ""],
      ] as const) {
        const client = await facts.as("shop_app");
        if (value !== null) await client.query("select set_config('app.tenant_id', $1, false)", [value]);
        for (const table of tables)
          if ((await client.query(`select from ${table} where id = 2`)).rowCount === 1)
            seen.push(`${table} ${session}`);
      }
      // a leak of every session is said once, of the open one
      const everywhere = new Set(seen.flatMap((each) => (each.endsWith(" open") ? [each.split(" ")[0]] : [])));
      const once = seen.filter((each) => each.endsWith(" open") || !everywhere.has(each.split(" ")[0]));
      expect(once.sort()).toEqual(["other.children empty", "other.children unset", "other.parents empty", "other.parents unset", "public.loose open"]); // prettier-ignore
      expect(judged(facts)).toEqual(once);
      expect(notForced.find(facts).map(({ object: { schema: at, name } }) => `${at}.${name}`)).toEqual(["other.notes"]);
    } finally {
      await facts.drop();
    }
  });

  test("the same text means another thing when the function behind it is another, or the catalog", async () => {
    const facts = await factsOf(server, schema, { roles: ["shop_app"] });
    try {
      const policyOf = (of: Facts) => of.snapshot.policies.find(({ using }) => using === "public.mine(tenant_id)")!;
      expect(isBinding(facts, policyOf(facts))).toBe(true);
      await facts.admin.query(
        "create or replace function public.mine(tenant uuid) returns boolean language sql stable as $$ select tenant is not null $$",
      );
      const later = await facts.reread();
      expect(isBinding(later, policyOf(later))).toBe(false);
      expect(judged(facts)).not.toContain("public.notes open");
      expect(judged(later)).toContain("public.notes open");
    } finally {
      await facts.drop();
    }
  });
});
