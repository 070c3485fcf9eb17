/** Family A: switches, roles, lifecycle. */
import { A, B, CANARY, type RuleAttack, twoTenants } from "./attack.ts";

const rowOfB = (table: string): string => `insert into public.${table} (tenant_id, note) values ('${B}', '${CANARY}')`;
const reads = (rule: string, table: string, ...before: string[]): RuleAttack => ({
  rule,
  seed: [twoTenants, rowOfB(table)],
  attack: [...before, `select note from public.${table}`],
});

/** Attacks of family A. */
export const attacksA: readonly RuleAttack[] = [
  reads("A1", "attachments"),
  {
    rule: "A1",
    name: "write",
    seed: [twoTenants],
    attack: [rowOfB("attachments")],
    witness: `select from public.attachments where tenant_id = '${B}'`,
  },
  reads("A2", "invoices"),
  {
    rule: "A3",
    seed: [twoTenants, rowOfB("invoices")],
    attack: ["select note from public.invoice_notes"],
  },
  reads("A4", "invoices"),
  reads("A5", "invoices", "set local role shop_support"),
  {
    ...reads(
      "A6",
      "invoices",
      "grant shop_owner to shop_app",
      "set local role shop_owner",
      "alter table public.invoices no force row level security",
    ),
    leaksOn: (version) => version < 16,
  },
  reads("A7", "invoices", "alter table public.invoices disable row level security"),
  reads("A8", "jobs"),
  reads("A9", "invoices"),
  {
    rule: "A10",
    seed: [twoTenants, rowOfB("invoices")],
    attack: ["delete from public.invoices"],
    witness: `select where not exists (select from public.invoices where tenant_id = '${B}')`,
  },
  {
    rule: "A11",
    seed: [
      twoTenants,
      "set local role shop_owner",
      "create table public.letters (tenant_id uuid not null, note text not null)",
      "reset role",
      rowOfB("letters"),
    ],
    attack: ["select note from public.letters"],
  },
  reads("A12", "invoices_2024"),
  reads("A13", "invoices"),
  reads("A14", "invoices"),
  {
    rule: "A15",
    seed: [
      twoTenants,
      `insert into public.events_2024 (tenant_id, year, note) values ('${A}', 2024, 'own'), ('${B}', 2024, '${CANARY}')`,
    ],
    attack: ["select note from public.events_2024"],
  },
];
