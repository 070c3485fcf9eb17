/**
 * Mutation testing of the rules: a clean schema, one mistake put into it by an operator, and the question whether the rules see it. This file says what
 * an operator is given and what it answers. An operator is pure, and must never make a mutant that it does not believe to be worse than the original.
 */
import type { Facts } from "../../src/rules/rule.ts";
import type { FixtureStatement } from "../support/fixture-sql.ts";

/** A schema without flaws, as its statements and as the facts that follow from them. */
export interface CleanSchema {
  readonly name: string;
  readonly statements: readonly FixtureStatement[];
  /** How many of the first statements belong to a platform: they are not the user's, so nobody breaks them. */
  readonly given: number;
  readonly facts: Facts;
  /** Names of the roles as which requests come in. */
  readonly roles: readonly string[];
}

/** One broken schema. */
export interface Mutation {
  /** What was broken, for example "public.invoices own". */
  readonly target: string;
  /** The statements of one migration after the other: one, or two where the mistake lies between them. */
  readonly migrations: readonly (readonly string[])[];
  /** What brings the database of the clean schema there, run by a superuser: as if the migrations had been run from the start. */
  readonly delta: readonly string[];
}

/** A kind of mistake. */
export interface Operator {
  readonly name: string;
  /** What a person did, in words. */
  readonly what: string;
  /** Vectors that may report it. A finding of error level of any vector counts, too. */
  readonly vectors: readonly string[];
  /** Why it leaves some schemas alone: the mistake would do no harm there. */
  readonly sparing?: string;
  /** What it breaks only shows in the statements: the catalog at the end is the same. */
  readonly history?: boolean;
  mutate(schema: CleanSchema): Mutation[];
}
