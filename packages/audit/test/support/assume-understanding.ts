/**
 * The meaning of a fixture by convention: column tenant_id, table tenants, setting app.tenant_id. Stands in for understand().
 */
import type { Snapshot } from "@watertight/schema";
import type { ApplicationRole, Tenancy, Understanding } from "../../src/understand/understanding.ts";

const evidence = { source: "inferred", because: ["the convention of the fixtures"] } as const;

function applicationRole(snapshot: Snapshot, name: string): ApplicationRole {
  const logins = snapshot.memberships.flatMap(({ role, member }) => (role === name ? [member] : []));
  const own = snapshot.roles.find((role) => role.name === name);
  const login = own?.login === true ? name : (logins[0] ?? name);
  return { name, kind: name === "anon" ? "anonymous" : "tenant", login, evidence };
}

/** Understands what keeps to the convention; everything else is unknown. */
export function assumeUnderstanding(snapshot: Snapshot, roles?: readonly string[]): Understanding {
  const named = snapshot.roles.filter(
    ({ name, superuser, login }) =>
      !superuser && (name === "authenticated" || name === "anon" || (login && name.includes("app"))),
  );
  return {
    tables: snapshot.relations
      .filter(({ kind }) => kind === "r" || kind === "p")
      .map((relation) => {
        const find = (name: string): { readonly name: string; readonly type: string } | undefined =>
          relation.columns.find((column) => column.name === name);
        const tenant = find("tenant_id");
        const id = relation.name === "tenants" ? find("id") : undefined;
        let tenancy: Tenancy = { kind: "unknown" };
        if (tenant !== undefined) tenancy = { kind: "column", column: tenant.name, type: tenant.type };
        if (id !== undefined) tenancy = { kind: "tenants", column: id.name, type: id.type };
        return { relation: { schema: relation.schema, name: relation.name }, tenancy, evidence, publicRows: null };
      }),
    roles: (roles ?? named.map(({ name }) => name)).map((name) => applicationRole(snapshot, name)),
    context: [{ kind: "setting", setting: "app.tenant_id", holds: "tenant" }],
    memberships: [],
    perUser: false,
    evidence: [],
  };
}
