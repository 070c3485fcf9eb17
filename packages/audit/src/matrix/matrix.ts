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
  /** The view, function, partition, constraint or other object that it went through; null for the table itself. */
  readonly object: string | null;
  /** The role that it acted as. */
  readonly role: string;
  readonly connection: "fresh" | "reused";
  /**
   * blocked: refused or nothing foreign; leaked: foreign rows read, written or revealed; noted: a channel that such a design always has (C8, G1,
   * existence of surrogate keys), told once and never a leak; error: could not tell.
   */
  readonly result: "blocked" | "leaked" | "noted" | "error";
  /** What was seen: rows, SQLSTATE. */
  readonly evidence: string;
  /** The attack leaks with the defence off; null where it was not tried (result leaked needs none). */
  readonly bites: boolean | null;
  /** What was off when it leaked, or why no such proof could be had; null where none was needed. */
  readonly proof: string | null;
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

/** Something that holds for the whole database and is no cell's fault. */
export interface MatrixNote {
  readonly vector: string;
  readonly text: string;
  readonly attempt: Attempt | null;
}

/** The matrix. */
export interface Matrix {
  readonly cells: readonly Cell[];
  /** Channels of the design, and what was done to the throw-away server to attack it. */
  readonly notes: readonly MatrixNote[];
  readonly seeded: readonly { readonly table: QualifiedName; readonly rows: number; readonly problem: string | null }[];
  readonly attempts: number;
  readonly connections: number;
}
