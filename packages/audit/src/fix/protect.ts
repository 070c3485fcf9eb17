/**
 * The whole way of `protect`: check, plan, replay the plan on a copy, attack again, and take out what did not run. Must never write: the caller
 * does, after the person has seen the plan.
 */
import { check, type Checked, type CheckRequest } from "../check/check.ts";
import { worthFixing } from "../report/order.ts";
import type { Report } from "../report/report.ts";
import { applicationDuties } from "./application-duties.ts";
import type { FixPlan, LeftToPerson } from "./fix-plan.ts";
import { fitted, listingOf, migrationFiles, type NewFile } from "./migration-files.ts";
import { planFixes } from "./plan-fixes.ts";
import type { Listing } from "./tools/form.ts";
import { whyNotWritten } from "./tools/form-of.ts";

/** The outcome. */
export interface Protected {
  readonly before: Report;
  /** Null when there is nothing to write. */
  readonly after: Report | null;
  readonly plan: FixPlan;
  readonly files: readonly NewFile[];
  /** The list of migrations that must name the files, where the tool has one. */
  readonly listing?: Listing;
  /** Why the files are no migrations of the project's tool; null when they are. */
  readonly unwritable: string | null;
}

// A statement may need another that fails: each round takes out what failed and tries again.
const rounds = 5;

/** A check, and what the fix may do. */
export interface ProtectRequest extends CheckRequest {
  /** Give tables without a tenant column one, with a backfill in batches. */
  readonly expand?: boolean;
  /** Make this role for the application, so that it no longer owns its tables. */
  readonly splitRole?: string;
}

/**
 * Plans and proves the fixes of a project.
 * @throws as check does
 */
export async function protect(request: ProtectRequest): Promise<Protected> {
  const now = request.today ?? new Date();
  const first = await check(request);
  const { report: before, set, facts } = first;
  let plan: FixPlan;
  try {
    const planned = planFixes(facts, worthFixing(before.findings), {
      expand: request.expand === true,
      ...(request.splitRole === undefined ? {} : { splitRole: request.splitRole }),
    });
    plan = fitted(set, planned, now);
  } finally {
    await first.close();
  }
  for (let round = 0; round < rounds && plan.statements.length > 0; round++) {
    const files = migrationFiles(set, plan, now);
    const again = await check({ ...request, append: files.map(({ migration }) => migration) });
    await again.close();
    const { taken, failed } = sortOut(plan, files, again);
    if (failed.length === 0) {
      const listing = listingOf(set, files, now);
      return {
        before,
        after: again.report,
        plan: remaining(plan, again.report),
        files,
        ...(listing === undefined ? {} : { listing }),
        unwritable: whyNotWritten(set),
      };
    }
    plan = { statements: taken, left: [...plan.left, ...failed], application: applicationDuties(facts, taken) };
  }
  return {
    before,
    after: null,
    plan: { statements: [], left: [...plan.left, ...stillOwning(plan, before)], application: [] },
    files: [],
    unwritable: whyNotWritten(set),
  };
}

/** Statements that ran on the copy, and those that did not. */
function sortOut(
  plan: FixPlan,
  files: readonly NewFile[],
  { replay }: Checked,
): { taken: FixPlan["statements"]; failed: LeftToPerson[] } {
  const own = new Set(files.map(({ file }) => file));
  const reasons = new Map<string, string>();
  for (const { migration, text, outcome } of replay.statements)
    if (own.has(migration.file) && outcome.state !== "ran") reasons.set(text.trim().replace(/;$/, ""), outcome.reason);
  const failed: LeftToPerson[] = [];
  const noRole = plan.statements.some(({ sql, stage }) => stage === "roles" && reasons.has(sql));
  const taken = plan.statements.filter(({ sql, findings, stage }) => {
    const reason = reasons.get(sql);
    // what a role that can't be the application's would be granted goes with it
    if (reason === undefined) return !(noRole && stage === "roles");
    failed.push(...findings.map((finding) => ({ finding, why: `it fails on a copy: ${reason}`, advice: `${sql};` })));
    return false;
  });
  return { taken, failed };
}

/** What the plan meant to close and the copy still has. */
function remaining(plan: FixPlan, after: Report): FixPlan {
  const open = new Map(worthFixing(after.findings).map((finding) => [finding.id, finding]));
  const said = new Set(plan.left.map(({ finding }) => finding));
  const still = [...new Set(plan.statements.flatMap(({ findings }) => findings))].filter(
    (id) => open.has(id) && !said.has(id),
  );
  return {
    ...plan,
    left: [
      ...plan.left,
      ...still.map((id) => ({
        finding: id,
        why: "the statements do not close it on a copy",
        advice: open.get(id)!.fix,
      })),
      ...stillOwning(plan, after),
    ],
  };
}

/** What --split-role was to close, and is there still: the plan names no statement for it. */
function stillOwning(plan: FixPlan, { findings }: Report): LeftToPerson[] {
  const said = new Set(plan.left.map(({ finding }) => finding));
  return worthFixing(findings).flatMap(({ id, vector, fix }) =>
    vector === "A7" && !said.has(id)
      ? [{ finding: id, why: "the application still acts as an owner, also with --split-role", advice: fix }]
      : [],
  );
}
