/** What a fix names is written as SQL wants it, where the red fixtures have no such name: schemas, extensions, roles, settings, policies. */
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { coverageLost } from "../../src/rules/A15-coverage-lost/rule.ts";
import { notEquality } from "../../src/rules/B14-not-equality/rule.ts";
import { tautology } from "../../src/rules/B2-tautology/rule.ts";
import { presetTenant } from "../../src/rules/C6-preset-tenant/rule.ts";
import { definerPath } from "../../src/rules/D5-definer-path/rule.ts";
import type { Facts, Rule } from "../../src/rules/rule.ts";
import { parseStatements } from "../../src/understand/sql/parser.ts";
import { factsOf } from "../support/facts.ts";
import { readRuleFile } from "../support/fixture-sql.ts";
import { shop } from "./myths/myth.ts";

/** The facts as they would be under another name, which the server of a test can't have. */
function renamed(facts: Facts, from: string, to: string): Facts {
  const replace = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(`"${from}"`, `"${to}"`)) as T;
  return { ...facts, snapshot: replace(facts.snapshot), understanding: replace(facts.understanding) };
}

const same = (facts: Facts): Facts => facts;
const cases: readonly (readonly [Rule, string | Promise<string>, (facts: Facts) => Facts, string])[] = [
  [
    coverageLost,
    `${shop()} reset role; alter extension plpgsql add table public.invoices;`,
    (facts) => renamed(facts, "plpgsql", "uuid-ossp"),
    'alter extension "uuid-ossp" drop table',
  ],
  [
    notEquality,
    `${shop()}
create collation public.loose (provider = icu, locale = 'und', deterministic = false);
create table public.bills ("tenantId" text collate public.loose not null, id uuid not null, primary key ("tenantId", id));
alter table public.bills enable row level security;
create policy own on public.bills using ("tenantId" = (select nullif(current_setting('app.tenant_id', true), '')));
grant select on public.bills to shop_app;`,
    same,
    'alter column "tenantId" type uuid using "tenantId"::uuid',
  ],
  [
    tautology,
    `${shop()} drop policy own on public.invoices; create policy "all" on public.invoices using (true);`,
    same,
    'alter policy "all" on "public"."invoices"',
  ],
  [
    presetTenant,
    readRuleFile("C6-preset-tenant", "red.sql"),
    (facts) => renamed(facts, "shop_app", "Shop App"),
    'alter role "Shop App" reset "app"."tenant_id"',
  ],
  [
    definerPath,
    readRuleFile("D5-definer-path", "red.sql").then((sql) =>
      sql
        .replace(
          "create function public.",
          'reset role; create schema "Shop Api" authorization shop_owner; set role shop_owner;\ncreate function "Shop Api".',
        )
        .replace(/set search_path = public/, "")
        .concat('\ngrant usage on schema "Shop Api" to shop_app;'),
    ),
    same,
    'set search_path = "Shop Api", pg_temp;',
  ],
];

describeServers((server) => {
  test.for(cases.map((each) => [each[0].id, ...each] as const))("%s", async ([, rule, sql, change, part]) => {
    const facts = await factsOf(server, await sql);
    try {
      const fixes = rule.find(change(facts)).map(({ fix }) => fix);
      expect(fixes.join("\n")).toContain(part);
      expect(fixes.map((fix) => parseStatements(fix) !== null)).not.toContain(false);
    } finally {
      await facts.drop();
    }
  });
});
