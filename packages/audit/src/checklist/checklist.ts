/**
 * The six items that every audit of tenant isolation asks for, each with what supports the answer. Must never say PASS for what only a running system
 * shows: that is UNVERIFIED, with the reason.
 */
import { counted } from "../words/counted.ts";
import type { Relation } from "@watertight/schema";
import type { Cell, Matrix } from "../matrix/matrix.ts";
import { tenantRelations } from "../rules/judge/tenant-rows.ts";
import type { Facts, Severity } from "../rules/rule.ts";
import { dotted } from "../understand/schema/graph.ts";

/** One item of the list. */
export interface ChecklistItem {
  readonly id: "rls-enabled" | "rls-forced" | "transaction-context" | "connection-reset" | "idor" | "tenant-keys";
  readonly title: string;
  readonly verdict: "PASS" | "FAIL" | "UNVERIFIED";
  /** Why it is not verified; null for PASS and FAIL. */
  readonly reason: string | null;
  readonly evidence: readonly string[];
}

/** What was found; findings of the report fit. */
export interface ChecklistContext {
  readonly findings: readonly {
    readonly id: string;
    readonly vector: string;
    readonly severity: Severity;
    readonly message: string;
    readonly accepted?: unknown;
  }[];
  /** Null where nothing was attacked. */
  readonly matrix: Matrix | null;
}

type Verdict = Pick<ChecklistItem, "verdict" | "reason" | "evidence">;

const pass = (...evidence: string[]): Verdict => ({ verdict: "PASS", reason: null, evidence });
const fail = (evidence: readonly string[]): Verdict => ({ verdict: "FAIL", reason: null, evidence });
const unverified = (reason: string, ...evidence: string[]): Verdict => ({ verdict: "UNVERIFIED", reason, evidence });

/**
 * Fills in the list.
 * @example for (const { title, verdict } of checklist(facts, { findings: report.findings, matrix: report.matrix })) console.log(verdict, title);
 */
export function checklist(facts: Facts, context: ChecklistContext): ChecklistItem[] {
  const tables = tenantRelations(facts).filter((table) => !table.isPartition);
  return [
    {
      id: "rls-enabled",
      title: "Row security is enabled on every table with tenants' rows",
      ...enabled(context, tables),
    },
    { id: "rls-forced", title: "Row security is forced, owners included", ...forced(facts, context, tables) },
    {
      id: "transaction-context",
      title: "The tenant's context is bound to the transaction",
      ...transactionContext(facts, context),
    },
    { id: "connection-reset", title: "Connections are reset between tenants", ...connectionReset(context) },
    { id: "idor", title: "Ids of other tenants are refused", ...idor(context) },
    { id: "tenant-keys", title: "Keys are per tenant", ...tenantKeys(context, tables) },
  ];
}

function found(
  { findings }: ChecklistContext,
  vectors: readonly string[],
  ...severities: readonly Severity[]
): string[] {
  return findings
    .filter(
      ({ vector, severity, accepted }) =>
        vectors.includes(vector) && severities.includes(severity) && (accepted ?? null) === null,
    )
    .map(({ id, message }) => `${id}: ${message}`);
}

const nothingFound = "no table with tenants' rows was recognised; declare the tenant in watertight.config.ts";

function enabled(context: ChecklistContext, tables: readonly Relation[]): Verdict {
  const open = tables.filter(({ rowSecurity }) => !rowSecurity);
  const children = found(context, ["F4", "A12", "A15"], "critical", "high");
  if (open.length + children.length > 0)
    return fail([...open.map((table) => `${dotted(table)}: row security is off`), ...children]);
  return tables.length === 0
    ? unverified(nothingFound)
    : pass(`${tables.length} of ${counted(tables.length, "table")}: ${names(tables)}`);
}

function forced({ reach }: Facts, context: ChecklistContext, tables: readonly Relation[]): Verdict {
  if (tables.length === 0) return unverified(nothingFound);
  const around = tables.flatMap((table) => {
    const bypass = table.rowSecurity ? reach.bypasses(table) : null;
    return bypass === null
      ? []
      : [`${dotted(table)}: ${bypass.role} (${bypass.why}${bypass.bySetRole ? ", by SET ROLE" : ""}) is not bound`];
  });
  const borrowed = found(context, ["A3"], "critical", "high", "medium");
  if (around.length + borrowed.length > 0) return fail([...around, ...borrowed]);
  const lax = tables.filter((table) => !table.forced);
  if (lax.length === 0)
    return pass(
      `${tables.length} of ${counted(tables.length, "table is", "tables are")} forced, and no application role is a superuser or has BYPASSRLS`,
    );
  return unverified(
    "nothing that the schema shows acts as the owner; whether a job, a console or a migration in production does, only the running system tells",
    ...lax.map((table) => `${dotted(table)}: not forced, owned by ${table.owner}`),
  );
}

function transactionContext({ understanding }: Facts, context: ChecklistContext): Verdict {
  const wrong = found(context, ["C1", "C3", "C6", "B3", "B4"], "critical", "high", "medium");
  if (wrong.length > 0) return fail(wrong);
  const sources = understanding.context.map((source) =>
    "setting" in source ? `${source.kind} ${source.setting}` : source.kind,
  );
  if (understanding.context.length > 0 && understanding.context.every(({ kind }) => kind === "kit"))
    return pass("policies read the kit's context, which is sealed to the transaction");
  return sources.length === 0
    ? unverified("no policy reads a context")
    : unverified(
        "policies read it; whether the application sets it for the transaction alone (set_config(…, true)) stands in the application",
        ...sources.map((source) => `read from ${source}`),
      );
}

function connectionReset(context: ChecklistContext): Verdict {
  const residue = found(context, ["C7", "C9"], "critical", "high", "medium");
  return residue.length > 0
    ? fail(residue)
    : unverified(
        "what the pool does between two borrowers of a connection, only the running pool tells",
        "no function leaves session state behind, as far as bodies show",
      );
}

const byId = new Set(["read", "update", "delete", "reassign", "insert", "fk-probe"]);

function idor({ matrix }: ChecklistContext): Verdict {
  const cells = (matrix?.cells ?? []).filter(({ column }) => byId.has(column));
  const leaks = cells.filter(({ verdict }) => verdict === "LEAK");
  if (leaks.length > 0)
    return fail(
      leaks.map(
        (cell) => `${said(cell)}: ${cell.attempts.find(({ result }) => result === "leaked")?.evidence ?? "leaked"}`,
      ),
    );
  if (cells.length === 0) return unverified("nothing was attacked");
  const tries = cells.reduce((sum, { attempts }) => sum + attempts.length, 0);
  const open = cells.filter(({ verdict }) => verdict === "UNVERIFIED" || verdict === "UNRELIABLE");
  return unverified(
    "the database refuses them; whether every endpoint of the application asks with this role and context, only the running application tells",
    `${counted(tries, "attack")} with another tenant's rows, none got through`,
    ...open.map((cell) => `${said(cell)}: not decided: ${cell.reason ?? ""}`),
  );
}

function said({ table, column }: Cell): string {
  return `${dotted(table)} ${column}`;
}

function tenantKeys(context: ChecklistContext, tables: readonly Relation[]): Verdict {
  const crossing = found(context, ["E1", "E4", "E5"], "critical", "high", "medium");
  if (crossing.length > 0) return fail(crossing);
  return unverified(
    "the keys of the tables are; whether keys of encryption, caches and files are, only the running system tells",
    `foreign and unique keys of ${counted(tables.length, "table")} carry the tenant, or can't be guessed`,
  );
}

function names(tables: readonly Relation[]): string {
  const shown = tables.slice(0, 8).map(dotted).join(", ");
  return tables.length > 8 ? `${shown} and ${tables.length - 8} more` : shown;
}
