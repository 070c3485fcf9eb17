/**
 * What was understood, by the option that would say it in watertight.config.ts: value, whether the schema or the configuration says so, and why. Pure.
 */
import type { ContextSource, Evidence, Tenancy, Understanding } from "./understanding.ts";

/** One thing that was understood. */
export interface InferredRow {
  /** The option that declares it: tenant.column, roles.tenant, tables.public.notes, global, context. */
  readonly path: string;
  readonly value: string;
  readonly from: Evidence["source"];
  readonly because: readonly string[];
}

/** The rows: tenant, context, roles, memberships, then every table. */
export function inferredRows({ tables, roles, context, memberships, evidence }: Understanding): InferredRow[] {
  const about = (what: string): Pick<InferredRow, "from" | "because"> => {
    const found = evidence.find((each) => each.about === what)?.evidence;
    return { from: found?.source ?? "inferred", because: found?.because ?? [] };
  };
  const columns = tables.flatMap(({ tenancy }) =>
    tenancy.kind === "column" && tenancy.holds !== "user" ? [tenancy.column] : [],
  );
  const homes = tables.filter(({ tenancy }) => tenancy.kind === "tenants");
  const name = ({ relation: { schema, name: own } }: { relation: { schema: string; name: string } }): string =>
    `${schema}.${own}`;
  return [
    { path: "tenant.column", value: [...new Set(columns)].join(", ") || "none", ...about("tenant") },
    { path: "tenant.table", value: homes.map(name).join(", ") || "none", ...about("tenant") },
    { path: "context", value: context.map(contextText).join(", ") || "none", ...about("context") },
    ...roles.map(({ name: role, kind, login, evidence: { source, because } }) => ({
      path: `roles.${kind}`,
      value: login === role ? role : `${role}, logged in as ${login}`,
      from: source,
      because,
    })),
    ...memberships.map((each) => ({
      path: "memberships",
      value: `${name(each)}: ${each.userColumn} belongs to ${each.tenantColumn}`,
      ...about("memberships"),
    })),
    ...tables.map((table) => ({
      path: table.tenancy.kind === "global" ? "global" : `tables.${name(table)}`,
      value: table.tenancy.kind === "global" ? name(table) : tenancyText(table.tenancy),
      from: table.evidence.source,
      because: table.evidence.because,
    })),
  ];
}

/** A tenancy in words. */
export function tenancyText(tenancy: Tenancy): string {
  switch (tenancy.kind) {
    case "column":
      return `column ${tenancy.column}`;
    case "derived":
      return `${tenancy.columns.join(", ")} -> ${tenancy.parent.schema}.${tenancy.parent.name}`;
    case "tenants":
      return `tenants, by ${tenancy.column}`;
    default:
      return tenancy.kind;
  }
}

function contextText(source: ContextSource): string {
  switch (source.kind) {
    case "setting":
      return `setting ${source.setting} (${source.holds})`;
    case "claims":
      return `claim ${source.path.join(".")} of ${source.setting} (${source.holds})`;
    case "kit":
      return "the watertight kit";
    case "role":
      return "current_user";
  }
}
