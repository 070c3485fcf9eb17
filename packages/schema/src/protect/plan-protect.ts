/**
 * Plans the protection of a table: from what the catalog says to the statements that are missing. Pure. A table that is as it should
 * be gets an empty plan, so protecting twice changes nothing and protecting a drifted table repairs it.
 */
import { createHash } from "node:crypto";
import { quoteName, quoteQualified } from "../db/quote.ts";
import { kitError } from "../errors/kit-error.ts";
import type { Grant, Policy, TableFacts } from "./facts.ts";
import { type Finding, findings, type TenantColumns } from "./findings.ts";
import { floorName, floorPolicy, kitPolicies, type Mode, openName, openPolicy } from "./policies.ts";
import { type Tenancy, tenantExpression, tenantType } from "./tenancy.ts";

/** Policies as the kit made them: our text, and how the server printed it. */
export interface ExpectedPolicies {
  readonly sql?: string;
  readonly policies?: Policy[];
}

/** What the plan is made from. */
export interface ProtectInput {
  /** The table, then its partitions, parents first. */
  readonly tables: readonly TableFacts[];
  readonly tenancy: Tenancy;
  readonly mode: Mode;
  /** Make an index led by the tenant column where none exists. */
  readonly index: boolean;
  readonly roles: { readonly owner: string; readonly app: string; readonly readonly: string; readonly prober?: string };
  /** Tenant columns of the other tables. */
  readonly known: TenantColumns;
  /** By relation oid, for relations that are protected already. */
  readonly recorded: ReadonlyMap<number, { readonly mode: Mode; readonly expected: ExpectedPolicies }>;
}

/** What to do for one relation. */
export interface RelationPlan {
  readonly oid: number;
  readonly statements: string[];
  readonly indexes: string[];
  readonly floor: string;
  readonly tenantSql: string;
}

/** The plan. */
export interface ProtectPlan {
  readonly relations: RelationPlan[];
  /** Everything in order, for people. */
  readonly sql: string[];
  readonly findings: Finding[];
}

/**
 * Plans the protection of one table and its partitions.
 * @throws KitError WT_KIT_TABLE when the table cannot be protected
 */
export function planProtect(input: ProtectInput): ProtectPlan {
  const relations = input.tables.map((facts, position) => planRelation(input, facts, position === 0));
  return {
    relations,
    sql: relations.flatMap((relation) => relation.statements),
    findings: input.tables.flatMap((facts) => findings(facts, input.tenancy, input.known)),
  };
}

function planRelation(input: ProtectInput, facts: TableFacts, root: boolean): RelationPlan {
  const { tenancy, mode, roles } = input;
  const table = quoteQualified(facts.schema, facts.name);
  if (facts.kind !== "r" && facts.kind !== "p")
    throw kitError("WT_KIT_TABLE", { detail: `${table} is not a table; row security cannot cover it (F8)` });
  if (facts.temporary) throw kitError("WT_KIT_TABLE", { detail: `${table} is temporary` });
  const recorded = input.recorded.get(facts.oid);
  if (!recorded && facts.policies.some((policy) => kitPolicies.has(policy.name)))
    throw kitError("WT_KIT_TABLE", {
      detail: `${table} has a policy with a name of the kit's that the kit did not make`,
    });
  const enforce = mode === "enforce";
  const floor = floorPolicy(facts.schema, facts.name, tenancy, mode);
  const made: string[] = [];
  const statements = [
    ...(enforce ? ownership(facts, table, roles.owner) : []),
    ...(enforce ? notNull(facts, table, tenancy) : []),
    ...policies(facts, table, floor, mode, recorded?.expected),
    ...(enforce ? narrowing(facts, table, roles) : []),
    ...(enforce && root ? widening(facts, table, roles) : []),
    ...(enforce && input.index ? leadingIndex(facts, table, tenancy, made) : []),
  ];
  return { oid: facts.oid, statements, indexes: made, floor, tenantSql: tenantExpression(tenancy, "r") };
}

function ownership(facts: TableFacts, table: string, owner: string): string[] {
  if (facts.owner === owner) return [];
  const keep = facts.ownerSuperuser
    ? []
    : [`grant select, insert, update, delete on table ${table} to ${quoteName(facts.owner)}`];
  // its views, functions and programs go on working, but under the floor
  return [`alter table ${table} owner to ${quoteName(owner)}`, ...keep];
}

function notNull(facts: TableFacts, table: string, tenancy: Tenancy): string[] {
  if (tenancy.kind !== "column" || facts.columns.find((column) => column.name === tenancy.column)?.notNull) return [];
  return [`alter table ${table} alter column ${quoteName(tenancy.column)} set not null`];
}

function policies(
  facts: TableFacts,
  table: string,
  floor: string,
  mode: Mode,
  expected: ExpectedPolicies | undefined,
): string[] {
  const own = facts.policies.filter((policy) => !kitPolicies.has(policy.name));
  const current = facts.policies.find((policy) => policy.name === floorName);
  const wanted = expected?.policies?.find((policy) => policy.name === floorName);
  const floorIsRight =
    current !== undefined && expected?.sql === floor && JSON.stringify(current) === JSON.stringify(wanted);
  // policies that lay dormant would start to refuse: that is for `enforce`, never for `observe`
  const dormant = !facts.rls && own.length > 0;
  if (mode === "observe" && dormant && own.some((policy) => !policy.permissive))
    throw kitError("WT_KIT_TABLE", {
      detail: `${table} has restrictive policies while its row security is off; observing would switch them on`,
      next: "Drop them, or protect the table in mode enforce.",
    });
  const open = facts.policies.some((policy) => policy.name === openName);
  const needsOpen =
    !own.some((policy) => policy.permissive) || (mode === "observe" && (dormant || (open && expected !== undefined)));
  // an owner who was above its own policies stays there while we only observe
  const force = mode === "enforce" || own.length === 0 || dormant;
  return [
    ...(current && !floorIsRight ? [`drop policy ${floorName} on ${table}`] : []),
    ...(floorIsRight ? [] : [floor]),
    ...(needsOpen && !open ? [openPolicy(facts.schema, facts.name)] : []),
    ...(!needsOpen && open ? [`drop policy ${openName} on ${table}`] : []),
    ...(facts.rls ? [] : [`alter table ${table} enable row level security`]),
    ...(facts.force || !force ? [] : [`alter table ${table} force row level security`]),
  ];
}

const dml = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** Takes rights away: everything from PUBLIC, everything but DML from the application's roles (F1, F2, F3, F5). */
function narrowing(facts: TableFacts, table: string, roles: ProtectInput["roles"]): string[] {
  const revoke = (
    grants: readonly Grant[],
    object: string,
    grantee: string | null,
    allowed: readonly string[],
  ): string[] => {
    const excess = grants
      .filter((grant) => grant.grantee === grantee && !allowed.includes(grant.privilege))
      .map((grant) => grant.privilege);
    const who = grantee === null ? "public" : quoteName(grantee);
    return excess.length === 0
      ? []
      : [`revoke ${[...new Set(excess)].join(", ").toLowerCase()} on ${object} from ${who}`];
  };
  const all = [...facts.acl, ...facts.columns.flatMap((column) => column.acl)];
  return [
    ...revoke(all, `table ${table}`, null, []),
    ...revoke(all, `table ${table}`, roles.app, dml),
    ...revoke(all, `table ${table}`, roles.readonly, ["SELECT"]),
    ...facts.sequences.flatMap((sequence) => {
      const object = `sequence ${quoteQualified(sequence.schema, sequence.name)}`;
      return [
        ...revoke(sequence.acl, object, null, []),
        ...revoke(sequence.acl, object, roles.app, ["USAGE"]),
        ...revoke(sequence.acl, object, roles.readonly, []),
      ];
    }),
  ];
}

/** Gives the kit's roles what they need. Partitions are reached through their parent and need no grants (F4). */
function widening(facts: TableFacts, table: string, roles: ProtectInput["roles"]): string[] {
  // the application may have owned the table: its rights as owner went with the ownership
  const has = (role: string, privilege: string): boolean =>
    facts.owner !== role && facts.acl.some((grant) => grant.grantee === role && grant.privilege === privilege);
  const missing = (role: string, wanted: readonly string[]): string[] => {
    const privileges = wanted.filter((privilege) => !has(role, privilege));
    return privileges.length === 0
      ? []
      : [`grant ${privileges.join(", ").toLowerCase()} on table ${table} to ${quoteName(role)}`];
  };
  return [
    ...missing(roles.app, dml),
    ...missing(roles.readonly, ["SELECT"]),
    ...(roles.prober === undefined ? [] : missing(roles.prober, ["SELECT"])),
    ...facts.sequences
      .filter(
        (sequence) =>
          facts.owner === roles.app ||
          !sequence.acl.some((grant) => grant.grantee === roles.app && grant.privilege === "USAGE"),
      )
      .map(
        (sequence) =>
          `grant usage on sequence ${quoteQualified(sequence.schema, sequence.name)} to ${quoteName(roles.app)}`,
      ),
  ];
}

/** Each partition gets its own index: one on the parent would swallow indexes that partitions have, and take them along when dropped. */
function leadingIndex(facts: TableFacts, table: string, tenancy: Tenancy, made: string[]): string[] {
  const columns = tenancy.kind === "column" ? [tenancy.column] : Object.keys(tenancy.via);
  const led = facts.indexes.some(
    (index) => index.valid && !index.partial && columns.every((_, at) => columns.includes(index.columns[at] ?? "")),
  );
  if (facts.kind !== "r" || led) return [];
  const name = indexName(facts);
  made.push(name);
  return [`create index ${quoteName(name)} on ${table} (${columns.map(quoteName).join(", ")})`];
}

function indexName(facts: TableFacts): string {
  const digest = createHash("sha256").update(`${facts.schema}.${facts.name}`).digest("hex").slice(0, 8);
  return `watertight_${Buffer.from(facts.name)
    .subarray(0, 30)
    .toString()
    .replaceAll(/[^A-Za-z0-9_]/g, "_")}_${digest}`;
}

/** Type under which the kit records the table. */
export function recordedType(tenancy: Tenancy): string {
  return tenantType(tenancy);
}
