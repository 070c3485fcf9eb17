/** Attacks of family B: what a policy lets through. */
import { A, B, CANARY, type RuleAttack, twoTenants } from "./attack.ts";

const invoices = `insert into public.invoices (tenant_id, note) values ('${A}', 'Ann 1'), ('${B}', '${CANARY}')`;
const members = `insert into public.memberships (tenant_id, user_id) values ('${A}', '${A}'), ('${B}', '${B}')`;
const read = "select note from public.invoices";
const asUser = { "app.user_id": A };
const seeded = [twoTenants, invoices];
const switchTo = (tenant: string): string => `select set_config('app.tenant_id', '${tenant}', true)`;

export const attacksB: readonly RuleAttack[] = [
  { rule: "B1", seed: seeded, attack: [read] },
  { rule: "B2", seed: seeded, attack: [read] },
  {
    rule: "B3",
    name: "a used connection without a context",
    seed: seeded,
    context: { "app.tenant_id": "" },
    attack: [read],
  },
  { rule: "B4", seed: seeded, attack: ["select set_config('app.bypass_rls', 'on', true)", read] },
  {
    rule: "B5",
    seed: [
      "insert into public.tenants (id, name) values ('acme', 'Ann')",
      `insert into public.invoices (note) values ('${CANARY}')`,
    ],
    context: { "app.tenant_id": "" },
    attack: [read],
  },
  {
    rule: "B6",
    name: "a bare UPDATE moves A's rows to B",
    seed: seeded,
    attack: [`update public.invoices set tenant_id = '${B}'`],
    witness: `select from public.invoices where tenant_id = '${B}' and note = 'Ann 1'`,
  },
  {
    rule: "B7",
    name: "a bare DELETE empties the table",
    seed: seeded,
    attack: ["delete from public.invoices"],
    witness: `select where not exists (select from public.invoices where tenant_id = '${B}')`,
  },
  {
    rule: "B8",
    name: "a bare INSERT plants a row in B",
    seed: seeded,
    attack: [`insert into public.invoices (tenant_id, note) values ('${B}', 'planted')`],
    witness: "select from public.invoices where note = 'planted'",
  },
  { rule: "B10", seed: [...seeded, members], context: asUser, attack: [read] },
  {
    rule: "B11",
    name: "one INSERT joins B",
    seed: [...seeded, members],
    context: asUser,
    attack: [`insert into public.memberships (tenant_id, user_id) values ('${B}', '${A}')`, read],
  },
  {
    rule: "B12",
    name: "the user's own metadata",
    seed: seeded,
    context: {
      "request.jwt.claims": JSON.stringify({ sub: A, app_metadata: { tenant_id: A }, user_metadata: { tenant_id: B } }),
    },
    attack: [read],
  },
  { rule: "B13", seed: seeded, context: { "app.user_id": A }, attack: [read] },
  {
    rule: "B14",
    name: "a tenant whose id is the beginning of another's",
    seed: [
      "insert into public.tenants (id, name) values ('acme', 'Ann'), ('acme-emea', 'B')",
      `insert into public.invoices (tenant_id, note) values ('acme', 'Ann 1'), ('acme-emea', '${CANARY}')`,
    ],
    context: { "app.tenant_id": "acme" },
    attack: [read],
  },
  {
    rule: "B15",
    name: "a row that B added without a tenant is A's to change",
    // on green the row cannot be without a tenant
    seed: [
      ...seeded,
      `do $$ begin insert into public.invoices (tenant_id, note) values (null, '${CANARY}'); exception when not_null_violation then null; end $$`,
    ],
    attack: ["update public.invoices set note = note || ' seen' returning note"],
  },
  {
    rule: "B16",
    name: "a plan that was made for B",
    seed: seeded,
    context: { "app.tenant_id": B },
    attack: [`prepare mine as ${read}`, "explain (costs off) execute mine", switchTo(A), "execute mine"],
  },
  {
    rule: "B17",
    name: "a temporary table named like the membership table",
    seed: [...seeded, members],
    context: asUser,
    attack: [`create temporary table memberships as select '${B}'::uuid as tenant_id, '${A}'::uuid as user_id`, read],
  },
  {
    rule: "B18",
    name: "the error prints a hidden row's value",
    seed: [
      `insert into public.tenants (id, name) values ('${A}', 'Ann'), ('${CANARY}', 'B')`,
      `insert into public.invoices (tenant_id) values ('${CANARY}')`,
    ],
    attack: [read],
    refusedWith: ["22P02"],
  },
  {
    rule: "B21",
    seed: [twoTenants, `insert into public.invoices (tenant_id, is_public, note) values ('${B}', true, '${CANARY}')`],
    attack: [read],
  },
  {
    rule: "B22",
    name: "everybody is the pool's role",
    seed: [
      "insert into public.tenants (id, name) values ('acme', 'Ann'), ('shop_app', 'all of them')",
      `insert into public.invoices (tenant_id, note) values ('shop_app', '${CANARY}')`,
    ],
    context: { "app.tenant_id": "acme" },
    attack: [read],
  },
  { rule: "B23", seed: seeded, attack: [read] },
];
