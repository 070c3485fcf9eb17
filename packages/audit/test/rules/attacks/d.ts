/** Family D: definer objects, triggers, rules. */
import { A, B, CANARY, type RuleAttack, twoTenants } from "./attack.ts";

const user = "cccccccc-0000-4000-8000-00000000000c";
const rowsOfB = (table: string): string =>
  `insert into public.${table} (tenant_id, note) values ('${A}', 'own'), ('${B}', '${CANARY}')`;
const invoices = [twoTenants, rowsOfB("invoices")];

// a function of the attacker's own, cheap enough to be asked before any condition of the view or policy
const peek = `create function pg_temp.peek(value text) returns boolean language plpgsql cost 0.0000001
  as $$ begin raise notice 'seen: %', value; return true; end $$`;

// an index on the tenant would fetch A's rows only; everybody may do without
const noIndex = ["set local enable_indexscan = off", "set local enable_bitmapscan = off"];

const shadow = (rule: string): RuleAttack => ({
  rule,
  seed: [...invoices, `insert into public.memberships values ('${A}', '${user}')`],
  context: { "app.tenant_id": A, "app.user_id": user },
  attack: [
    "create temp table memberships (tenant_id uuid, user_id uuid)",
    `insert into pg_temp.memberships values ('${B}', '${user}')`,
    "grant select on pg_temp.memberships to public",
    "select public.my_notes()",
  ],
});

/** Attacks of family D. */
export const attacksD: readonly RuleAttack[] = [
  { rule: "D1", seed: invoices, attack: ["select note from public.invoice_notes"] },
  { rule: "D2", seed: invoices, attack: ["select note from public.invoice_notes"] },
  {
    rule: "D3",
    seed: [...invoices, "refresh materialized view public.invoice_notes"],
    attack: ["select note from public.invoice_notes"],
  },
  { rule: "D4", seed: invoices, attack: ["select public.search_notes('')"] },
  shadow("D5"),
  { rule: "D6", seed: invoices, attack: ["select public.all_notes()"] },
  shadow("D7"),
  {
    rule: "D8",
    seed: [twoTenants],
    attack: [`insert into public.messages (tenant_id, recipient, note) values ('${A}', '${B}', 'planted')`],
    witness: `select from public.inbox where tenant_id = '${B}'`,
  },
  {
    rule: "D9",
    seed: [
      twoTenants,
      rowsOfB("reminders"),
      `insert into public.projects (tenant_id, id) values ('${A}', '${user}')`,
      `insert into public.tasks (tenant_id, project_id, note) values ('${A}', '${user}', '${CANARY}')`,
    ],
    attack: ["delete from public.projects"],
    witness: `select where not exists (select from public.reminders where tenant_id = '${B}')`,
  },
  {
    rule: "D9",
    name: "without a cascade the trigger is the caller",
    leaksOn: () => false,
    seed: [
      twoTenants,
      rowsOfB("reminders"),
      `insert into public.projects (tenant_id, id) values ('${A}', '${user}')`,
      `insert into public.tasks (tenant_id, project_id, note) values ('${A}', '${user}', '${CANARY}')`,
    ],
    attack: ["delete from public.tasks"],
    witness: `select where not exists (select from public.reminders where tenant_id = '${B}')`,
  },
  {
    rule: "D10",
    seed: [twoTenants, `insert into public.counters (tenant_id, n) values ('${A}', 0), ('${B}', 0)`],
    attack: [`insert into public.invoices (tenant_id) values ('${A}')`],
    witness: `select from public.counters where tenant_id = '${B}' and n > 0`,
  },
  {
    rule: "D11",
    seed: invoices,
    attack: [...noIndex, peek, "select from public.my_invoices where pg_temp.peek(note)"],
  },
  {
    rule: "D12",
    seed: invoices,
    attack: [...noIndex, "select from public.invoices where public.resembles(note, 'nothing')"],
  },
  { rule: "D13", seed: invoices, attack: ["select note from public.invoice_notes"] },
  { rule: "D14", seed: invoices, attack: ["select public.search_notes(''' or true --')"] },
  {
    rule: "D15",
    seed: [...invoices, `insert into public.partners (tenant_id, partner) values ('${A}', '${B}')`],
    attack: [`select public.greet('${B}')`, "select note from public.invoices"],
  },
  {
    rule: "D16",
    seed: [twoTenants],
    attack: [`insert into public.my_invoices (tenant_id, id, note) values ('${B}', '${user}', 'planted')`],
    witness: `select from public.invoices where tenant_id = '${B}'`,
    refusedWith: ["44000"],
  },
  {
    rule: "D16",
    name: "moved by UPDATE",
    seed: [twoTenants, `insert into public.invoices (tenant_id, note) values ('${A}', 'own')`],
    attack: [`update public.my_invoices set tenant_id = '${B}'`],
    witness: `select from public.invoices where tenant_id = '${B}'`,
    refusedWith: ["44000"],
  },
];
