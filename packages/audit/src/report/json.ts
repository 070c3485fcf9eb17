/**
 * The report as JSON for other programs: findings with their file and line, the matrix as a list. Its schema is published as report.schema.json; within a
 * schemaVersion fields are only added. Must never lose anything of the report.
 */
import type { Cell, Matrix } from "../matrix/matrix.ts";
import type { Finding, Report } from "./report.ts";
import { visibleJson } from "./visible.ts";

/** A finding with its place in two fields; null where it stands in no file. */
interface FindingEntry extends Finding {
  readonly file: string | null;
  readonly line: number | null;
}

/** One cell of the matrix. */
interface MatrixEntry extends Omit<Cell, "table"> {
  /** schema.name */
  readonly table: string;
  /** Of the attack that leaked, else of the first one; null where none has a meaning. */
  readonly vector: string | null;
}

/** The document. */
export interface ReportDocument extends Omit<Report, "findings" | "matrix"> {
  readonly findings: readonly FindingEntry[];
  readonly matrix: readonly MatrixEntry[];
  /** What there is to say of all attacks together. */
  readonly attacks: Omit<Matrix, "cells">;
}

/** The document of a report. */
export function jsonDocument({ findings, matrix: { cells, ...attacks }, ...report }: Report): ReportDocument {
  return {
    ...report,
    findings: findings.map((finding) => ({
      ...finding,
      file: finding.place?.file ?? null,
      line: finding.place?.line ?? null,
    })),
    matrix: cells.map(({ table: { schema, name }, ...cell }) => ({
      table: `${schema}.${name}`,
      vector: (cell.attempts.find(({ result }) => result === "leaked") ?? cell.attempts[0])?.vector ?? null,
      ...cell,
    })),
    attacks,
  };
}

/** The document as text; `indent` 0 for one line. */
export function jsonReport(report: Report, indent: number = 2): string {
  return `${visibleJson(jsonDocument(report), indent)}\n`;
}
