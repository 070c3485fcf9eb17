/**
 * The answer of the attacks: one verdict for each table and column of the matrix, with the attempts behind it.
 */
import type { QualifiedName } from "@watertight/schema";
import type { Verdict } from "../rules/rule.ts";

/** Columns of the matrix, in order. */
export const matrixColumns = [
  "read",
  "insert",
  "update",
  "reassign",
  "delete",
  "truncate",
  "fk-probe",
  "unique-probe",
  "side-door",
] as const;
/** A column of the matrix. */
export type MatrixColumn = (typeof matrixColumns)[number];

/** One attack that was run. */
export interface Attempt {
  /** Vector of the catalogue that it exercises, for example A1 or F1. */
  readonly vector: string;
  readonly column: MatrixColumn;
  readonly table: QualifiedName;
  /** Words for a person: "select without filter, fresh connection". */
  readonly name: string;
  /** The role that it logged in as. */
  readonly role: string;
  readonly connection: "fresh" | "reused";
  /** blocked: refused or nothing foreign; leaked: foreign rows read, written or revealed; error: could not tell. */
  readonly result: "blocked" | "leaked" | "error";
  /** What was seen: rows, SQLSTATE. */
  readonly evidence: string;
  /** The attack leaks with the defence off; null where it was not tried (result leaked needs none). */
  readonly bites: boolean | null;
  /** A script for psql, complete: context, attack, rollback. */
  readonly repro: string;
}

/** One cell. */
export interface Cell {
  readonly table: QualifiedName;
  readonly column: MatrixColumn;
  readonly verdict: Verdict;
  /** Why, when it is not BLOCKED or LEAK. */
  readonly reason: string | null;
  readonly attempts: readonly Attempt[];
}

/** The matrix. */
export interface Matrix {
  readonly cells: readonly Cell[];
  readonly seeded: readonly { readonly table: QualifiedName; readonly rows: number; readonly problem: string | null }[];
  readonly attempts: number;
  readonly connections: number;
}
