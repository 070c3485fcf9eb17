/**
 * PGlite: its own query() against tenantPglite. Nothing is prepared on either side, and there is no network: a round trip is a call of
 * execProtocol.
 */
import { tenantPglite } from "@watertight/runtime/pglite";
import { statement } from "../data/cases.ts";
import type { PgliteInstances } from "../environment/pglite.ts";
import type { Target, Variant } from "./target.ts";

/** Makes a target on instances that live longer than it. */
export async function pgliteTarget(instances: PgliteInstances, variant: Variant): Promise<Target> {
  const base = { driver: "pglite", variant, named: false, connections: 1, close: () => Promise.resolve() } as const;
  const { bare, plain, sealed, key } = instances;
  if (variant === "unscoped")
    return {
      ...base,
      call: async (name, caller, n) => {
        const { text, values } = statement(name, false, caller, n);
        return (await bare.query(text, values)).rows.length;
      },
    };
  if (variant === "awaited") {
    // Its session wears the app role from the first scoped call on.
    await tenantPglite(plain, { level: "plain" }).ready();
    return {
      ...base,
      call: (name, caller, n) => {
        const { text, values } = statement(name, true, caller, n);
        return plain.transaction(async (tx) => {
          await tx.query("select set_config('watertight.tenant', $1, true)", [caller.tenant]);
          return (await tx.query(text, values)).rows.length;
        });
      },
    };
  }
  const tenants =
    variant === "plain" ? tenantPglite(plain, { level: "plain" }) : tenantPglite(sealed, { level: variant, key });
  await tenants.ready();
  return {
    ...base,
    call: async (name, caller, n) => {
      const { text, values } = statement(name, true, caller, n);
      return (await tenants.for(caller.tenant).query(text, values)).rows.length;
    },
  };
}
