/**
 * Puts a report together: findings with their place, what the owner accepted, what the baseline knows. Pure.
 */
import type { AcceptConfig } from "../config/config.ts";
import { acceptanceOf } from "../config/acceptance.ts";
import type { Suppression } from "../config/suppressions.ts";
import type { History } from "../history/history.ts";
import type { Place, Statement } from "../history/statement.ts";
import type { Attempt } from "../matrix/matrix.ts";
import type { Finding, Report } from "../report/report.ts";
import type { RuleFinding, Severity, Verdict } from "../rules/rule.ts";
import { tenancyText } from "../understand/inferred-rows.ts";
import type { Understanding } from "../understand/understanding.ts";
import { blame } from "./blame.ts";

/** A finding after the attacks: a rule's, or one that only an attack saw. */
export interface DecidedFinding extends Omit<RuleFinding, "attackable" | "severity"> {
  readonly id: string;
  readonly vector: string;
  readonly title: string;
  readonly severity: Severity;
  readonly verdict: Verdict;
  readonly attempt: Attempt | null;
}

/** What the owner of the project said about findings. */
export interface Acceptances {
  readonly accept: readonly AcceptConfig[];
  readonly suppressions: readonly Suppression[];
  /** Name of the configuration file. */
  readonly file: string;
  readonly baseline: ReadonlySet<string>;
  readonly today: Date;
}

/** The findings of a report. */
export function assembleFindings(
  decided: readonly DecidedFinding[],
  history: History | undefined,
  { accept, suppressions, file, baseline, today }: Acceptances,
): Finding[] {
  return decided.map((finding) => {
    const { id, vector, title, verdict, severity, object, message, evidence, fix, attempt } = finding;
    const statement = blame(finding, history);
    const place: Place | null = finding.place ?? statement?.place ?? null;
    return {
      id,
      vector,
      title,
      verdict,
      severity,
      object,
      message,
      evidence,
      place,
      migration: statement?.migration.name ?? null,
      fix,
      attempt,
      accepted: acceptanceOf({ id, vector, object, place }, accept, suppressions, today, file),
      known: baseline.has(id),
    };
  });
}

/** The statements of a replay, counted. */
export function countStatements(statements: readonly Statement[]): Report["statements"] {
  const at = ({ place: { file, line } }: Statement): { file: string; line: number } => ({ file, line });
  return {
    read: statements.length,
    ran: statements.filter(({ outcome }) => outcome.state === "ran").length,
    failed: statements.flatMap((statement) =>
      statement.outcome.state === "failed" ? [{ ...at(statement), reason: statement.outcome.reason }] : [],
    ),
    skipped: statements.flatMap((statement) => {
      const { outcome } = statement;
      return outcome.state === "skipped"
        ? [{ ...at(statement), reason: outcome.reason, matters: outcome.matters }]
        : [];
    }),
  };
}

/** The tables of the report, in words. */
export function describeTables({ tables }: Understanding): Report["tables"] {
  return tables.map(({ relation, tenancy, evidence }) => ({
    schema: relation.schema,
    name: relation.name,
    tenancy: tenancyText(tenancy),
    because: `${evidence.source}: ${evidence.because.join("; ")}`,
  }));
}
