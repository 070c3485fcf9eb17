/**
 * Breaks the clean schemas and asks the rules: a sample, the same in every run, or all. Must never call a schema clean about which the rules say
 * something of error level.
 */
import type { TestServer } from "@watertight/testkit";
import type { Severity } from "../../src/rules/rule.ts";
import { type Bench, openBench } from "./bench.ts";
import { findingsOf, isError, judge, type Judgement } from "./judge.ts";
import type { CleanSchema, Mutation, Operator } from "./mutation.ts";
import { operators } from "./operators/index.ts";
import { cleanSources, type CleanSource, readSource } from "./schemas.ts";

/** What became of a mutant. */
export interface Verdict {
  readonly operator: string;
  readonly schema: string;
  /** Operator, schema and what was broken: the same in every run. */
  readonly mutant: string;
  /** refused: PostgreSQL does not take it. */
  readonly state: Judgement["state"] | "refused";
  readonly because: readonly string[];
}

/** A clean schema with the database in which it is broken. */
interface Prepared {
  readonly schema: CleanSchema;
  readonly bench: Bench;
  readonly before: ReadonlyMap<string, Severity>;
}

/** All verdicts of a server. */
export interface Run {
  /** Major version. */
  readonly version: number;
  /** As the server says it. */
  readonly exact: string;
  readonly verdicts: readonly Verdict[];
}

interface Job extends Prepared {
  readonly operator: Operator;
  readonly mutation: Mutation;
}

/** How many mutants: of each operator in a sample, of each operator and schema in a wide run. */
export type Breadth = { readonly each: number } | { readonly eachSchema: number };

/** Runs them. */
export async function runMutants(server: TestServer, breadth: Breadth): Promise<Run> {
  const prepared: Prepared[] = [];
  try {
    for (const source of cleanSources) prepared.push(await prepare(server, source));
    const jobs = operators.flatMap((operator, at) => choose(operator, rotated(prepared, at), breadth));
    // two at a time: while the rules judge one, the server makes the other
    const lanes = [0, 1].map((lane) =>
      jobs.filter(({ bench }) => prepared.findIndex((each) => each.bench === bench) % 2 === lane),
    );
    const verdicts = await Promise.all(lanes.map((lane) => inTurn(lane)));
    const exact = prepared[0]?.schema.facts.snapshot.serverVersion ?? "";
    return { version: server.version, exact, verdicts: verdicts.flat() };
  } finally {
    await Promise.all(prepared.map(({ bench }) => bench.close()));
  }
}

async function inTurn(jobs: readonly Job[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const job of jobs) verdicts.push(await run(job));
  return verdicts;
}

/** Makes a clean schema, and makes sure that it is. */
export async function prepare(server: TestServer, source: CleanSource): Promise<Prepared> {
  const { statements, given } = await readSource(source);
  const texts = statements.map(({ text }) => text);
  const bench = await openBench(server, texts.join("\n;\n"), source.declared ?? {});
  try {
    await bench.keep(texts);
    const facts = await bench.try([], [texts]);
    const before = findingsOf(facts);
    const wrong = [...before].filter(([, severity]) => isError(severity));
    if (wrong.length > 0) throw new Error(`${source.name} is not clean: ${wrong.join("; ")}`);
    // those of signed-in users first
    const roles = ["tenant", "anonymous"].flatMap((kind) =>
      facts.understanding.roles.filter((role) => role.kind === kind).map(({ name }) => name),
    );
    return { schema: { name: source.name, statements, given, facts, roles }, bench, before };
  } catch (error) {
    await bench.close();
    throw error;
  }
}

/** So that the sample takes another schema first for each operator. */
const rotated = <T>(all: readonly T[], by: number): T[] => [
  ...all.slice(by % all.length),
  ...all.slice(0, by % all.length),
];

function choose(operator: Operator, prepared: readonly Prepared[], breadth: Breadth): Job[] {
  const lists = prepared.map((each) =>
    operator.mutate(each.schema).map((mutation) => ({ ...each, operator, mutation })),
  );
  if ("eachSchema" in breadth) return lists.flatMap((list) => list.slice(0, breadth.eachSchema));
  const rounds = Math.max(0, ...lists.map(({ length }) => length));
  const turns = Array.from({ length: rounds }, (_, round) =>
    lists.flatMap((list) => list.slice(round, round + 1)),
  ).flat();
  return turns.slice(0, breadth.each);
}

async function run({ schema, bench, before, operator, mutation }: Job): Promise<Verdict> {
  const mutant = `${operator.name}: ${schema.name}: ${mutation.target}`;
  const base = { operator: operator.name, schema: schema.name, mutant };
  try {
    const broken = await bench.try(mutation.delta, mutation.migrations);
    return { ...base, ...judge(operator, schema.facts, before, broken) };
  } catch (error) {
    if (!(error instanceof Error && "severity" in error)) throw error;
    return { ...base, state: "refused", because: [error.message] };
  }
}
