/**
 * Server CPU of each shape: short runs in turns, the lowest tenth of the rounds, as a ratio to the explicit WHERE of the same database.
 */
import { type CaseName, caseNames } from "../data/cases.ts";
import { noise, quantile } from "../measure/quantile.ts";
import { cpuReader } from "../measure/server-cpu.ts";
import type { Session } from "./sessions.ts";

/** One shape and case. */
export interface RlsResult {
  readonly shape: string;
  readonly what: string;
  readonly case: CaseName;
  /** CPU of one execution, microseconds: the lowest tenth of all rounds. */
  readonly serverCpuUs: number;
  /** Against explicit WHERE without row security, on the same tables. */
  readonly ratio: number;
  readonly extraCpuUs: number;
  /** Half the quartile distance of the ratio over the rounds, relative. */
  readonly noise: number;
  readonly samples: number;
}

/** How long to measure. */
export interface RlsBudget {
  readonly rounds: number;
  /** Executions in one round. */
  readonly executions: number;
  /** Rounds for the mistakes, which take a thousand times as long. */
  readonly mistakeRounds: number;
}

/** Measures all sessions; `say` hears about progress. */
export async function measureShapes(
  sessions: readonly Session[],
  budget: RlsBudget,
  say: (text: string) => void,
): Promise<RlsResult[]> {
  const cpu = cpuReader(sessions.map((session) => session.pid));
  if (cpu(sessions.map((session) => session.pid)) === null)
    throw new Error("The server's CPU time can't be read: this benchmark needs a server on this Linux machine.");
  const next = new Map<string, number>();
  const results: RlsResult[] = [];
  for (const name of caseNames) {
    const perRound = new Map<string, number[]>(sessions.map((session) => [session.name, []]));
    const once = async (session: Session, count: number): Promise<number> => {
      const from = next.get(session.name) ?? 0;
      next.set(session.name, from + count);
      const before = cpu([session.pid])!;
      await session.run(name, from, count);
      return (cpu([session.pid])! - before) / count;
    };
    const count = (session: Session): number => executionsOf(session, name, budget);
    for (const session of sessions) await once(session, Math.min(20, count(session)));
    for (let round = 0; round < budget.rounds; round++) {
      for (let turn = 0; turn < sessions.length; turn++) {
        const session = sessions[(turn + round) % sessions.length]!;
        if (session.shape.mistake === true && round >= budget.mistakeRounds) continue;
        perRound.get(session.name)!.push(await once(session, count(session)));
      }
    }
    results.push(...sessions.map((session) => toResult(session, name, perRound)));
    say(name);
  }
  return results;
}

// A mistake reads the whole table for a list or a join, and a whole index for a key.
function executionsOf(session: Session, name: CaseName, budget: RlsBudget): number {
  if (session.shape.mistake !== true) return budget.executions;
  return name === "list" || name === "join" ? 1 : 20;
}

// CPU time errs upwards only: what other work throws out of the caches is charged to whoever comes next. So the lowest tenth counts.
function undisturbedCost(costs: readonly number[]): number {
  return quantile(costs, 0.1);
}

function toResult(session: Session, name: CaseName, perRound: ReadonlyMap<string, number[]>): RlsResult {
  const own = perRound.get(session.name)!;
  const base = perRound.get(session.base)!;
  const cost = undisturbedCost(own);
  const baseCost = undisturbedCost(base);
  return {
    shape: session.name,
    what: session.shape.what,
    case: name,
    serverCpuUs: Math.round(cost * 10) / 10,
    ratio: Math.round((cost / baseCost) * 1000) / 1000,
    extraCpuUs: Math.round((cost - baseCost) * 10) / 10,
    noise: Math.round(noise(own.map((value, i) => value / base[i]!)) * 1000) / 1000,
    samples: own.length,
  };
}
