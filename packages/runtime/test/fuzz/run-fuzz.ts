/**
 * Runs the fuzz: several small pools, each with more workers than connections, one shared list of iterations. Must
 * never wait without a limit: a handler that does not end is a finding of its own.
 */
import { iterationRandom, Random } from "./random.ts";
import { kinds, type Kind, plan } from "./kinds.ts";
import { Ledger } from "./ledger.ts";
import type { MakeSubject, Subject } from "./subject.ts";
import { tenants, type Tenant } from "./tenants.ts";
import { Turn } from "./turn.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly iterations: number;
  readonly makeSubject: MakeSubject;
  readonly kill: (pid: number) => Promise<void>;
  readonly pools?: number;
  readonly max?: number;
  readonly workers?: number;
  /** A handler that takes longer hangs. */
  readonly patienceMs?: number;
  /** Stop early, with what was done so far. */
  readonly until?: number;
}

export interface FuzzResult {
  readonly ledger: Ledger;
  readonly seconds: number;
  readonly done: number;
  /** Writes of the correct handlers: acknowledged, and of unknown outcome. */
  readonly acknowledged: Map<Tenant, number>;
  readonly unknown: Map<Tenant, number>;
  /** Connections that nobody gave back. */
  readonly lost: number;
}

export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed, iterations, kill, pools = 3, max = 4, workers = 32, patienceMs = 20_000, until = Infinity } = options;
  const ledger = new Ledger();
  const order = plan(iterations, new Random(seed));
  const subjects = Array.from({ length: pools }, () => options.makeSubject(max));
  const acknowledged = new Map<Tenant, number>();
  const unknown = new Map<Tenant, number>();
  let next = 0;
  let done = 0;

  const onUnhandled = (reason: unknown): void =>
    void ledger.unhandled.push(reason instanceof Error ? `${reason.stack}` : String(reason));
  process.on("unhandledRejection", onUnhandled);
  process.on("uncaughtException", onUnhandled);
  const started = performance.now();
  const running = new Map<Turn, { since: number; label: string }>();

  const work = async (pool: number): Promise<void> => {
    while (next < iterations && Date.now() < until) {
      const iteration = next++;
      const kind = kinds[order[iteration] as number] as Kind;
      const random = iterationRandom(seed, iteration);
      const tenant = random.pick(tenants);
      const other = random.pick(tenants.filter((one) => one !== tenant));
      const turn = new Turn(subjects[pool] as Subject, random, tenant, other, kill);
      const label = `${iteration} ${kind.name} as ${tenant.number}`;
      running.set(turn, { since: performance.now(), label });
      ledger.note(pool, `> ${label}`);
      await oneTurn(turn, kind, ledger);
      ledger.note(pool, `< ${label}${turn.codes.length > 0 ? ` ${turn.codes.join(" ")}` : ""}`);
      running.delete(turn);
      done++;
      for (const found of turn.foreign) ledger.leak(kind, { ...found, iteration, tenant: tenant.number, pool });
      if (turn.acknowledged > 0) acknowledged.set(tenant, (acknowledged.get(tenant) ?? 0) + turn.acknowledged);
      if (turn.unknown > 0) unknown.set(tenant, (unknown.get(tenant) ?? 0) + turn.unknown);
    }
  };
  const all = Promise.all(subjects.flatMap((_, pool) => Array.from({ length: workers }, () => work(pool))));
  let watch: NodeJS.Timeout | undefined;
  const stuck = new Promise<void>((resolve) => {
    watch = setInterval(() => {
      const now = performance.now();
      for (const { since, label } of running.values()) if (now - since > patienceMs) ledger.hangs.push(label);
      if (ledger.hangs.length > 0) resolve();
    }, 1000);
  });
  await Promise.race([all, stuck]);
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1000;
  // Destroyed connections leave after their cancel request is out.
  for (let i = 0; i < 100 && subjects.some((subject) => subject.count().total > subject.count().idle); i++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const lost = subjects.reduce((sum, subject) => sum + subject.count().total - subject.count().idle, 0);
  await Promise.race([
    Promise.all(subjects.map((subject) => subject.end())),
    new Promise((resolve) => setTimeout(resolve, 10_000).unref()),
  ]);
  process.off("unhandledRejection", onUnhandled);
  process.off("uncaughtException", onUnhandled);
  return { ledger, seconds, done, acknowledged, unknown, lost };
}

async function oneTurn(turn: Turn, kind: Kind, ledger: Ledger): Promise<void> {
  const count = ledger.count(kind);
  try {
    const right = await kind.handler(turn);
    if (right === true) count.right++;
    else if (kind.correct) turn.codes.push("wrong answer");
  } catch (error) {
    count.failed++;
    turn.caught(error);
  }
  if (turn.loose.length > 0) await Promise.all(turn.loose);
  count.done++;
  for (const code of turn.codes) count.codes.set(code, (count.codes.get(code) ?? 0) + 1);
}
