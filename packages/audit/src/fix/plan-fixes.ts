/**
 * From findings to statements. A rule's own SQL is taken where it changes what the migration's role may change; a table without row security gets
 * the floor that its tenancy asks for. Roles and meanings are left to the person. Must never drop a table, a column or a row, and must never
 * guess a context: a policy that compares with the wrong setting locks everybody out.
 */
import { quoteName, type Relation } from "@watertight/schema";
import type { Finding } from "../report/report.ts";
import { floorStatements } from "../rules/predicate/floor.ts";
import type { Facts } from "../rules/rule.ts";
import { applicationDuties } from "./application-duties.ts";
import type { FixPlan, FixStatement, LeftToPerson, Lock } from "./fix-plan.ts";
import { expandStatements } from "./expand.ts";
import { roleSplit } from "./role-split.ts";
import { splitAdvice } from "./split-advice.ts";

/** Statements that a fix may consist of, and what they lock. */
const allowed: Readonly<Record<string, Lock>> = {
  AlterTableStmt: "short",
  AlterPolicyStmt: "short",
  CreatePolicyStmt: "short",
  AlterFunctionStmt: "short",
  GrantStmt: "short",
  AlterDefaultPrivilegesStmt: "short",
  ViewStmt: "short",
};
/** Vectors whose tables get the floor in place of the rule's words. */
const needsFloor = new Set([
  "A1",
  "A2",
  "A12",
  "A13",
  "A15",
  "B1",
  "B2",
  "B3",
  "B4",
  "B6",
  "B7",
  "B8",
  "B10",
  "B13",
  "B14",
]);
/** What can be said in SQL, and is for a person to choose. */
const decisions: Readonly<Record<string, string>> = {
  B22: "it takes a decision: a setting that requests name their tenant in, or a role for each tenant",
  D3: "it takes a decision: what the application reads in its place",
  E5: "it takes a decision: whether a value may be one for all tenants",
};
/** Who may do what as whom is decided outside of migrations. */
const roleQuestions = new Set(["A4", "A5", "A6", "A7", "A8", "A9"]);

/** Options of {@link planFixes}. */
export interface PlanOptions {
  /** Give tables without a tenant column one, with a backfill. */
  readonly expand?: boolean;
  /** Make this role for the application, which owned its tables until now. */
  readonly splitRole?: string;
}

/** Plans. @param findings those that count, of severity medium and over */
export function planFixes(
  facts: Facts,
  findings: readonly Finding[],
  { expand = false, splitRole }: PlanOptions = {},
): FixPlan {
  const statements = new Map<string, FixStatement>();
  const left: LeftToPerson[] = [];
  const put = (sql: string, lock: Lock, id: string): void => {
    const before = statements.get(sql);
    statements.set(sql, { sql, lock, findings: [...(before?.findings ?? []), id] });
  };
  for (const finding of findings) {
    const { id, vector, fix } = finding;
    const leave = (why: string): void => void left.push({ finding: id, why, advice: fix });
    if (vector === "A7" && splitRole !== undefined) continue;
    if (roleQuestions.has(vector)) {
      leave(
        vector === "A7"
          ? "whoever logs in must change with it; --split-role NAME writes a role for the application that owns nothing"
          : "roles are made outside of migrations, and whoever logs in as this one must change with it",
      );
      continue;
    }
    const relation = relationOf(facts, finding);
    if (needsFloor.has(vector) && relation !== undefined) {
      const floor = floorStatements(facts, relation);
      if (typeof floor === "string") leave(floor);
      else {
        for (const sql of floor) put(sql, "short", id);
        if (vector === "B4")
          left.push({
            finding: id,
            why: "the floor closes it, also for whoever uses the bypass on purpose",
            advice: "give jobs over all tenants a role of their own with BYPASSRLS, which requests never get",
          });
      }
      continue;
    }
    const decision = decisions[vector];
    if (decision !== undefined) {
      leave(decision);
      continue;
    }
    const { statements: own, words } = splitAdvice(fix);
    const unusable = own.find(({ type }) => allowed[type] === undefined);
    if (own.length === 0 || unusable !== undefined) {
      leave(
        own.length === 0
          ? "it takes a decision, not a statement"
          : unusable!.type === "DoStmt"
            ? "it is about the database as a whole, not the schema: its owner runs it, in each database"
            : `${unusable!.sql.split(/\s+/, 2).join(" ")} is not for a migration`,
      );
      continue;
    }
    for (const { sql } of own) for (const [each, lock] of unlocked(sql)) put(each, lock, id);
    if (words !== "") left.push({ finding: id, why: "the statements close it; what remains is advice", advice: words });
  }
  const split = splitRole === undefined ? [] : roleSplit(facts, splitRole);
  const grown = expand ? expandStatements(facts) : [];
  const all = once([...split, ...grown, ...inOrder([...statements.values()])]);
  return { statements: all, left, application: applicationDuties(facts, all) };
}

/** Two ways may need the same index. */
function once(statements: readonly FixStatement[]): FixStatement[] {
  const merged = new Map<string, FixStatement>();
  for (const each of statements) {
    const before = merged.get(each.sql);
    merged.set(each.sql, before === undefined ? each : { ...before, findings: [...before.findings, ...each.findings] });
  }
  return [...merged.values()];
}

function relationOf({ reach }: Facts, { object }: Finding): Relation | undefined {
  return object.kind === "table" || object.kind === "policy"
    ? reach.relation({ schema: object.schema, name: object.name })
    : undefined;
}

const unique = /^alter table (?:only )?(\S+) add unique \((.+)\)$/i;

/** The same with less locking: a unique key from an index that was made concurrently; VALIDATE is online. */
function unlocked(sql: string): [string, Lock][] {
  const key = unique.exec(sql);
  if (key !== null) {
    const [, table, columns] = key;
    const name = quoteName(
      `${[table!.split(".").at(-1)!, ...columns!.split(",")].map((word) => word.replaceAll(/["\s]/g, "")).join("_")}_key`.slice(
        0,
        63,
      ),
    );
    return [
      [`create unique index concurrently if not exists ${name} on ${table} (${columns})`, "concurrent"],
      [`alter table ${table} add constraint ${name} unique using index ${name}`, "short"],
    ];
  }
  return [[sql, /\bvalidate constraint\b/i.test(sql) ? "online" : "short"]];
}

/** Indexes first, then what rests on them; a key is dropped only after its successor is valid. */
function inOrder(statements: readonly FixStatement[]): FixStatement[] {
  const rank = ({ sql, lock }: FixStatement): number =>
    lock === "concurrent"
      ? 0
      : /using index/.test(sql)
        ? 1
        : sql.startsWith("create policy")
          ? 2
          : /row level security/.test(sql)
            ? 3
            : lock === "online"
              ? 5
              : /drop constraint/.test(sql)
                ? 6
                : 4;
  return statements
    .map((statement, at) => ({ statement, at }))
    .sort((a, b) => rank(a.statement) - rank(b.statement) || a.at - b.at)
    .map(({ statement }) => statement);
}
