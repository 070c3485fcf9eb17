/**
 * The result of a check: the one object behind the terminal, JSON, SARIF, JUnit, HTML and the rest.
 */
import type { Place } from "../history/statement.ts";
import type { Attempt, Matrix } from "../matrix/matrix.ts";
import type { FindingObject, Severity, Verdict } from "../rules/rule.ts";
import type { ProbeResult } from "../server/probe.ts";
import type { Understanding } from "../understand/understanding.ts";

/** A finding as it is reported: what a rule found, what the attack said, what the user accepted. */
export interface Finding {
  /** Stable over runs and lines: vector and object, for example A1-attachments. */
  readonly id: string;
  readonly vector: string;
  readonly title: string;
  readonly verdict: Verdict;
  readonly severity: Severity;
  readonly object: FindingObject;
  readonly message: string;
  readonly evidence: readonly string[];
  /** Null only on a live database. */
  readonly place: Place | null;
  /** The migration that made it so. */
  readonly migration: string | null;
  readonly fix: string;
  readonly attempt: Attempt | null;
  readonly accepted: { readonly reason: string; readonly until: string; readonly where: string } | null;
  /** In the baseline: reported, does not fail the run. */
  readonly known: boolean;
}

/** An accepted risk that does nothing: the person who wrote it believes that it does. */
export interface ReportWarning {
  readonly code: "WT_CONFIG_ACCEPT";
  /** It means no finding, its last day has passed, or it is written wrongly. */
  readonly kind: "unmatched" | "expired" | "invalid";
  /** As people read it: `watertight.config.ts: accept[0]`, `db/0002.sql:12`, or the file of the baseline. */
  readonly where: string;
  readonly file: string;
  /** Null in the configuration and the baseline. */
  readonly line: number | null;
  /** What it accepts: rule and target, the rule, or ids of the baseline. */
  readonly id: string;
  readonly text: string;
}

/** What only a check of a live database has to tell. */
interface LiveReport {
  /** The role that read it; what it may not read is missing. */
  readonly role: string;
  /** What it could not read, and why. */
  readonly unreadable: readonly { readonly what: string; readonly why: string }[];
  /** Vectors of the rules that need the statements of migrations. */
  readonly rulesNotRun: readonly string[];
  /** What the server answered in transactions that rolled back. */
  readonly probes: readonly ProbeResult[];
}

/** A check's report. */
export interface Report {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: "watertight"; readonly version: string };
  /** When it was made, and of which commit (with -dirty where files have changed since, or the checked folder has some that were never added); null outside of a repository. */
  readonly run?: { readonly at: string; readonly commit: string | null };
  readonly source: { readonly kind: string; readonly folder: string; readonly migrations: number };
  /** `also`: other versions on which the same was done. */
  readonly server: { readonly version: string; readonly bootMs: number; readonly also?: readonly string[] };
  readonly statements: {
    readonly read: number;
    readonly ran: number;
    readonly failed: readonly { readonly file: string; readonly line: number; readonly reason: string }[];
    readonly skipped: readonly {
      readonly file: string;
      readonly line: number;
      readonly reason: string;
      readonly matters: boolean;
    }[];
  };
  readonly understanding: Understanding;
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly tenancy: string;
    readonly because: string;
  }[];
  readonly findings: readonly Finding[];
  readonly matrix: Matrix;
  /** Ids of findings for which `watertight protect` has statements; none on a live database. */
  readonly fixable: readonly string[];
  /** Accepted risks that match nothing or have run out. */
  readonly warnings: readonly ReportWarning[];
  /** Channels that every database has; named once, never findings. */
  readonly residuals: readonly { readonly vector: string; readonly text: string }[];
  readonly timing: Readonly<Record<string, number>>;
  /** The tenants of the attacks were made from it: the same seed makes the same ids again. Absent where nothing was attacked. */
  readonly seed?: string;
  /** Of a live database only. */
  readonly live?: LiveReport;
}
