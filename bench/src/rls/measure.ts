/**
 * Server CPU of each shape: short runs in turns, medians over the rounds, as a ratio to the explicit WHERE of the same database.
 */
import { type CaseName, caseNames } from "../data/cases.ts";
import { median, noise } from "../measure/quantile.ts";
import { cpuReader } from "../measure/server-cpu.ts";
import type { Session } from "./sessions.ts";

/** One shape and case. */
export interface RlsResult {
  readonly shape: string;
  readonly what: string;
  readonly case: CaseName;
  /** Median CPU of one execution, microseconds. */
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
  /** Rounds of one execution for shapes that read the whole table. */
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
    for (const session of sessions) await once(session, slow(session, name) ? 1 : 20);
    for (let round = 0; round < budget.rounds; round++) {
      for (let turn = 0; turn < sessions.length; turn++) {
        const session = sessions[(turn + round) % sessions.length]!;
        if (!slow(session, name)) perRound.get(session.name)!.push(await once(session, budget.executions));
        else if (round < budget.mistakeRounds) perRound.get(session.name)!.push(await once(session, 1));
      }
    }
    results.push(...sessions.map((session) => toResult(session, name, perRound)));
    say(name);
  }
  return results;
}

// Inserts and key look-ups do not read the whole table, whatever the policy.
function slow(session: Session, name: CaseName): boolean {
  return session.shape.mistake === true && (name === "list" || name === "join");
}

function toResult(session: Session, name: CaseName, perRound: ReadonlyMap<string, number[]>): RlsResult {
  const own = perRound.get(session.name)!;
  const base = perRound.get(session.base)!;
  const cost = median(own);
  return {
    shape: session.name,
    what: session.shape.what,
    case: name,
    serverCpuUs: Math.round(cost * 10) / 10,
    ratio: Math.round((cost / median(base)) * 1000) / 1000,
    extraCpuUs: Math.round((cost - median(base)) * 10) / 10,
    noise: Math.round(noise(own.map((value, i) => value / base[i]!)) * 1000) / 1000,
    samples: own.length,
  };
}
