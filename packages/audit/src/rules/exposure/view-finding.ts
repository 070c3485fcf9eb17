/** The finding that D1, D2 and D13 share: a view shows rows of all tenants, because of whom it reads as. */
import type { RuleFinding, Severity } from "../rule.ts";
import type { Exposure } from "./exposure.ts";
import type { OpenView } from "./open-views.ts";
import { listed, said, sqlName } from "./words.ts";

/** The finding for the tables of a view that are exposed in a certain way; null without any. */
export function viewFinding(
  { view, rights, exposed }: OpenView,
  which: (exposure: Exposure) => boolean,
): RuleFinding | null {
  const tables = exposed.filter(({ exposure, check }) => check !== "tenant" && which(exposure));
  const [first] = tables;
  if (first === undefined) return null;
  const reads = rights.includes("SELECT");
  const signedIn = tables.every(({ check }) => check === "caller");
  const severity: Severity = signedIn ? "medium" : reads ? "critical" : "high";
  const names = listed([...new Set(tables.map(({ table }) => said(table)))]);
  return {
    object: { kind: "view", schema: view.schema, name: view.name },
    table: { schema: first.table.schema, name: first.table.name },
    message: `View ${said(view)} reads ${names} as ${first.role}, whom row security does not bind, and the application may ${listed(rights)}: every tenant reaches every tenant's rows through it${
      signedIn ? " once signed in" : ""
    }.`,
    severity,
    evidence: [
      "pg_class.reloptions has no security_invoker",
      ...new Set(tables.map(({ exposure }) => exposure.sentence)),
      `an application role has ${listed(rights)} on the view`,
    ],
    fix: `alter view ${sqlName(view)} set (security_invoker = true);\n-- and grant the application what the view reads`,
    attackable: true,
  };
}
