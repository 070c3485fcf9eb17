/**
 * From a leak in a long run to the shortest interleaving that shows it again: first one handler before the one that
 * saw the leak, over a pool of one connection, then one beside it. The story of the run says which handlers to try.
 */
import { iterationRandom } from "./random.ts";
import { kinds, type Kind } from "./kinds.ts";
import type { Leak } from "./ledger.ts";
import type { MakeSubject, Subject } from "./subject.ts";
import { tenants, type Tenant } from "./tenants.ts";
import { Turn } from "./turn.ts";

const attempts = 40;
const boundMs = 60_000;

/** A description of the smallest interleaving found, or that there was none. */
export async function minimise(
  leaks: readonly Leak[],
  makeSubject: MakeSubject,
  kill: (pid: number) => Promise<void>,
): Promise<string> {
  const deadline = Date.now() + boundMs;
  for (const leak of leaks.slice(0, 5)) {
    const victim = kinds.find((kind) => kind.name === leak.kind) as Kind;
    const suspects = kinds.filter(
      (kind) => !kind.correct && leak.story.some((line) => line.includes(` ${kind.name} as `)),
    );
    for (const beside of [false, true]) {
      for (const suspect of suspects) {
        const seed = await reproduce(makeSubject, kill, suspect, victim, beside, deadline);
        if (seed !== undefined)
          return `smallest interleaving: (${suspect.name} as ${tenants[0]?.number}) ${beside ? "beside" : "then"} (${victim.name} as ${tenants[1]?.number}), one connection, action seed ${seed}`;
        if (Date.now() > deadline) return "no smaller interleaving found in time";
      }
    }
  }
  return "no interleaving of two handlers shows it: it takes more than two, or rare timing";
}

async function reproduce(
  makeSubject: MakeSubject,
  kill: (pid: number) => Promise<void>,
  suspect: Kind,
  victim: Kind,
  beside: boolean,
  deadline: number,
): Promise<number | undefined> {
  for (let seed = 1; seed <= attempts && Date.now() < deadline; seed++) {
    const subject = makeSubject(1);
    try {
      const first = new Turn(subject, iterationRandom(seed, 0), tenants[0] as Tenant, tenants[1] as Tenant, kill);
      const second = new Turn(subject, iterationRandom(seed, 1), tenants[1] as Tenant, tenants[0] as Tenant, kill);
      const one = play(first, suspect);
      if (!beside) await one;
      await Promise.all([one, play(second, victim)]);
      if (second.foreign.length > 0) return seed;
    } finally {
      await ended(subject);
    }
  }
  return undefined;
}

async function play(turn: Turn, kind: Kind): Promise<void> {
  const limit = new Promise<void>((resolve) => setTimeout(resolve, 5000).unref());
  const work = kind.handler(turn).then(
    () => Promise.all(turn.loose),
    (error: unknown) => turn.caught(error),
  );
  await Promise.race([work, limit]);
}

async function ended(subject: Subject): Promise<void> {
  await Promise.race([subject.end(), new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
}
