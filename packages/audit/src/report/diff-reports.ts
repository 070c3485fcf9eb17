/**
 * What changed between two checks: new and gone findings, cells whose verdict changed, tables that came and went. Pure.
 */
import { type Cell } from "../matrix/matrix.ts";
import type { Verdict } from "../rules/rule.ts";
import { counts } from "./order.ts";
import type { Finding, Report } from "./report.ts";

/** The difference. Null stands for "not there". */
export interface ReportDiff {
  readonly newFindings: readonly Finding[];
  readonly goneFindings: readonly Finding[];
  readonly tables: { readonly added: readonly string[]; readonly removed: readonly string[] };
  readonly cells: readonly {
    readonly table: string;
    readonly column: string;
    readonly before: Verdict | null;
    readonly after: Verdict | null;
  }[];
}

/** Compares an older report with a newer one. */
export function diffReports(before: Report, after: Report): ReportDiff {
  const missing = (from: Report, of: Report): Finding[] => {
    const ids = new Set(of.findings.filter(counts).map(({ id }) => id));
    return from.findings.filter((finding) => counts(finding) && !ids.has(finding.id));
  };
  const names = ({ tables }: Report): Set<string> => new Set(tables.map(({ schema, name }) => `${schema}.${name}`));
  const [old, now] = [names(before), names(after)];
  const key = ({ table, column }: Cell): string => `${table.schema}.${table.name} ${column}`;
  const verdicts = ({ matrix }: Report): Map<string, Verdict> =>
    new Map(matrix.cells.map((cell) => [key(cell), cell.verdict]));
  const [was, is] = [verdicts(before), verdicts(after)];
  return {
    newFindings: missing(after, before),
    goneFindings: missing(before, after),
    tables: {
      added: [...now].filter((name) => !old.has(name)),
      removed: [...old].filter((name) => !now.has(name)),
    },
    cells: [...new Set([...was.keys(), ...is.keys()])]
      .filter((each) => was.get(each) !== is.get(each))
      .map((each) => {
        const at = each.lastIndexOf(" ");
        return {
          table: each.slice(0, at),
          column: each.slice(at + 1),
          before: was.get(each) ?? null,
          after: is.get(each) ?? null,
        };
      }),
  };
}
