/** Attacks of family C, as far as one transaction can show them; session.db.test.ts has the rest. */
import { A, B, CANARY, type RuleAttack, twoTenants } from "./attack.ts";

const invoices = `insert into public.invoices (tenant_id, note) values ('${A}', 'Ann 1'), ('${B}', '${CANARY}')`;
const read = "select note from public.invoices";
const seeded = [twoTenants, invoices];
const sessions = `insert into private.sessions (token, tenant_id) values ('token of a', '${A}'), ('token of b', '${B}')`;
const switchTo = (tenant: string): string => `select set_config('app.tenant_id', '${tenant}', true)`;

export const attacksC: readonly RuleAttack[] = [
  {
    rule: "C4",
    name: "after a caught error the import of A goes on as B",
    seed: seeded,
    context: { "app.tenant_id": B },
    attack: [`select public.import('${A}')`],
  },
  {
    rule: "C5",
    name: "the audit row of A's invoice is written as B",
    seed: [twoTenants],
    attack: [
      `insert into public.invoices (tenant_id, note) values ('${A}', 'of a')`,
      switchTo(B),
      "set constraints all immediate",
    ],
    witness: `select from public.audit where tenant_id = '${B}' and note = 'of a'`,
  },
  {
    rule: "C8",
    name: "the setting is changed in the same breath",
    seed: [...seeded, sessions],
    context: { "app.tenant_id": A, "app.session": "token of a" },
    attack: [switchTo(B), read],
  },
  {
    rule: "C9",
    name: "RESET ROLE, SET ROLE",
    seed: seeded,
    as: "shop_login",
    attack: ["set local role shop_app", read, "reset role", "set local role shop_support", read],
  },
  {
    rule: "C10",
    name: "a token of B, signed with the key from the function's text",
    seed: [...seeded, "insert into private.keys values ('a long and secret key')"],
    context: {},
    attack: [
      `select set_config('app.token', '${B}.' || encode(sha256(convert_to((select substring(prosrc from '''([^'']+ battery)''') from pg_proc where proname = 'current_tenant') || '${B}', 'UTF8')), 'hex'), true)`,
      read,
    ],
  },
  {
    rule: "C11",
    name: "claims of somebody else",
    seed: [...seeded, sessions],
    context: { "request.jwt.claims": JSON.stringify({ tenant_id: A }), "app.session": "token of a" },
    attack: [`select set_config('request.jwt.claims', '{"tenant_id": "${B}"}', true)`, read],
  },
];
