/**
 * How bad it is that a caller borrows a definer function's rights: by what comes back, what is written, and what the body looks at before. A
 * function that compares the tenant itself is another thing than one that returns everything.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import type { CheckLevel } from "../bodies/caller-check.ts";
import { tenantColumn } from "../judge/tenant-rows.ts";
import type { Facts, Severity } from "../rule.ts";
import type { ExposedTouch } from "./routines.ts";

/** A judged function. */
export interface Grade {
  readonly severity: Severity;
  /** What it does, to follow "Anyone who may call it …". */
  readonly does: string;
  readonly touch: ExposedTouch;
}

const order: readonly Severity[] = ["critical", "high", "medium", "low", "info"];
const answers = /^(void|boolean)$/;
const figures =
  /^(smallint|integer|bigint|numeric(\(.*\))?|real|double precision|uuid|date|timestamp .*|time .*|interval)$/;

/** The worst that a function does; null where it does nothing with other tenants' rows. */
export function gradeOf(facts: Facts, routine: Routine, touches: readonly ExposedTouch[]): Grade | null {
  const grades = touches.map((touch) => judged(facts, routine, touch));
  return grades.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))[0] ?? null;
}

/** What stands before, where it is less than a comparison with the context. */
const guards: Readonly<Partial<Record<CheckLevel, string>>> = {
  caller: ", after looking only at whether somebody is signed in or has a fixed role",
  helper: ", behind a function that compares with the context and may refuse",
  secret: ", for whoever brings its token, code or hash",
};

function judged(facts: Facts, routine: Routine, exposed: ExposedTouch): Grade {
  const { table, mode, check, touch } = exposed;
  const name = `${table.schema === "public" ? "" : `${table.schema}.`}${table.name}`;
  if (check === "tenant")
    return {
      severity: "info",
      touch: exposed,
      does: `works on ${name} past row security, behind a comparison with the context`,
    };
  const only = guards[check] ?? "";
  const lowered = (severity: Severity): Severity => (only === "" ? severity : atMost(severity, "medium"));
  if (mode === "insert")
    return { severity: lowered("medium"), touch: exposed, does: `adds rows to ${name} for any tenant${only}` };
  // "forgot my password": the caller neither chooses what is written nor sees it
  if (mode === "update" && check === "address" && answers.test(routine.returns) && !routine.returnsSet && !touch.chosen)
    return {
      severity: "medium",
      touch: exposed,
      does: `can update the rows of ${name} that belong to an e-mail address that the caller gives, without choosing or seeing the values`,
    };
  if (mode !== "read")
    return { severity: lowered("high"), touch: exposed, does: `can ${mode} rows of ${name} of any tenant${only}` };
  const named = byParameter(facts, routine, exposed);
  const whose = named ? "of the tenant that the caller names" : "of every tenant";
  if (answers.test(routine.returns) && !routine.returnsSet)
    return {
      severity: "low",
      touch: exposed,
      does: `reads ${name} past row security and answers at most yes or no${only}`,
    };
  if (figures.test(routine.returns) && !routine.returnsSet)
    return {
      severity: lowered("medium"),
      touch: exposed,
      does: `computes a value from rows of ${name} ${whose}${only}`,
    };
  return {
    severity: lowered(named ? "high" : "critical"),
    touch: exposed,
    does: `returns what it reads in ${name} ${whose}${only}`,
  };
}

function atMost(severity: Severity, limit: Severity): Severity {
  return order.indexOf(severity) < order.indexOf(limit) ? limit : severity;
}

/** Whether the statement compares the table's tenant with an argument: then the caller chooses, and one call gives one tenant. */
function byParameter(facts: Facts, routine: Routine, { table, touch }: ExposedTouch): boolean {
  const tenant = tenantColumn(facts, table);
  let found = false;
  walkTree(touch.tree, (type, node) => {
    if (type !== "A_Expr" || found) return;
    const sides = [node.lexpr, node.rexpr] as (SyntaxNode | undefined)[];
    const isTenant = (side: SyntaxNode | undefined): boolean =>
      tenant !== null && nameWords(side?.ColumnRef?.fields as SyntaxNode[] | undefined).at(-1) === tenant;
    const isArgument = (side: SyntaxNode | undefined): boolean =>
      side?.ParamRef !== undefined ||
      routine.argumentNames.includes(nameWords(side?.ColumnRef?.fields as SyntaxNode[] | undefined).at(-1) ?? " ");
    found = (isTenant(sides[0]) && isArgument(sides[1])) || (isTenant(sides[1]) && isArgument(sides[0]));
  });
  return found;
}
