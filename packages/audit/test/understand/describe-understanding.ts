// An understanding as short lines, so that a test states all of it at a glance.
import type { Tenancy, Understanding } from "../../src/understand/understanding.ts";

/** "column tenant_id", "derived project_id -> public.projects", "global" … */
export function tenancyText(tenancy: Tenancy): string {
  if (tenancy.kind === "column") return `column ${tenancy.column}${tenancy.holds ? " (user)" : ""}`;
  if (tenancy.kind === "tenants") return `tenants ${tenancy.column}`;
  if (tenancy.kind === "derived")
    return `derived ${tenancy.columns.join(", ")} -> ${tenancy.parent.schema}.${tenancy.parent.name}`.replace(
      / public\./,
      " ",
    );
  return tenancy.kind;
}

/** What a style is expected to be understood as. Tables of public are named without it. */
export interface Expected {
  readonly tables: Readonly<Record<string, string>>;
  /** "name kind", with "by login" where another role logs in. */
  readonly roles: readonly string[];
  readonly context: readonly string[];
  /** "table user column, tenant column, role column = highest". */
  readonly memberships?: readonly string[];
  readonly perUser?: boolean;
}

/** The whole understanding in the form of {@link Expected}. */
export function describeUnderstanding(understanding: Understanding): Required<Expected> {
  return {
    tables: Object.fromEntries(
      understanding.tables.map(({ relation: { schema, name }, tenancy }) => [
        schema === "public" ? name : `${schema}.${name}`,
        tenancyText(tenancy),
      ]),
    ),
    roles: understanding.roles.map(({ name, kind, login }) => `${name} ${kind}${login === name ? "" : ` by ${login}`}`),
    context: understanding.context.map((source) => {
      if (source.kind === "setting") return `${source.setting} = ${source.holds}`;
      if (source.kind === "claims") return `${source.setting} ${source.path.join(".")} = ${source.holds}`;
      return source.kind;
    }),
    memberships: understanding.memberships.map(
      ({ relation, userColumn, tenantColumn, role }) =>
        `${relation.schema === "public" ? "" : `${relation.schema}.`}${relation.name} ${userColumn}, ${tenantColumn}${role ? `, ${role.column} = ${role.highest}` : ""}`,
    ),
    perUser: understanding.perUser,
  };
}
