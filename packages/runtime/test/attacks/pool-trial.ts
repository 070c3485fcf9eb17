/**
 * The trial of schema/test/attacks/trial.ts on the real pool: the same classes, the same verdict, but reset, names, retries and destruction
 * are the runtime's own. One connection, so that the next borrower always gets A's.
 */
import pg from "pg";
import type { Arena } from "../../../schema/test/attacks/arena.ts";
import type { Said } from "../../../schema/test/attacks/desk.ts";
import type { HostileClass, Step, Trial } from "../../../schema/test/attacks/hostile-class.ts";
import { refusals, secretsIn, usualLoot } from "../../../schema/test/attacks/trial.ts";
import { tenantPool, type TenantPool, type TenantPoolOptions } from "../../src/drivers/pg/index.ts";
import { listenTo, type PoolListener } from "./pool-listener.ts";

export type AnyPool = pg.Pool & TenantPool;

export function hostilePool(arena: Arena, options: TenantPoolOptions & pg.PoolConfig = {}): AnyPool {
  const pool = tenantPool(pg, {
    connectionString: arena.db.url(arena.roles.app),
    options: "-c search_path=app,public",
    key: arena.keyText,
    max: 1,
    report: false,
    ...options,
  });
  pool.on("error", () => {});
  return pool;
}

type Ask = (sql: string, values?: unknown[]) => Promise<{ rows: unknown[]; rowCount: number | null }>;

export async function runPoolTrial(
  arena: Arena,
  hostile: HostileClass,
  options: TenantPoolOptions = {},
): Promise<Trial> {
  const trial: Trial = {
    executed: 0,
    refused: 0,
    errored: 0,
    syntaxErrors: [],
    leaks: [],
    borrower: "served",
    destroyed: false,
    attack: [],
    meanwhile: [],
    loot: [],
  };
  const { world } = arena;
  const before = await arena.fingerprintB();
  const pool = hostilePool(arena, options);
  const listener = listenTo(pool);
  const neighbour = hostile.neighbour && hostilePool(arena);
  let pid = 0;
  let letGo: () => void = () => {};
  let held: Promise<unknown> = Promise.resolve();
  if (neighbour)
    await new Promise<void>((ready, failed) => {
      held = neighbour
        .for(world.b)
        .transaction(async (tx) => {
          await tx.query(hostile.neighbour!(world));
          pid = (tx.client as unknown as { processID: number }).processID;
          await new Promise<void>((resolve) => {
            letGo = resolve;
            ready();
          });
        })
        .catch(failed);
    });
  try {
    await honest(arena, pool, listener, hostile, trial);
    trial.meanwhile.length = 0;
    await attack(arena, pool, listener, hostile.attack(world), trial, trial.attack, "attack", pid);
    // Again, each as a request of its own: that is where an implicit transaction is all there is.
    if (!hostile.lasting) await attackOneByOne(arena, pool, listener, hostile.attack(world), trial, pid);
    trial.borrower = await honest(arena, pool, listener, hostile, trial);
    if (listener.heard().includes(arena.canaryA)) trial.leaks.push("row of A in B's request");
    await attack(
      arena,
      pool,
      listener,
      [...(hostile.loot?.(world) ?? []), ...usualLoot],
      trial,
      trial.loot,
      "loot",
      pid,
    );
  } finally {
    letGo();
    await held;
    await neighbour?.end();
    await pool.end();
  }
  if ((await arena.fingerprintB()) !== before) trial.leaks.push("B's rows changed");
  return trial;
}

const spread = (step: Step): Exclude<Step, string> => (typeof step === "string" ? { sql: step } : step);

async function answer(trial: Trial, step: Exclude<Step, string>, pid: number, ask: Ask): Promise<Said> {
  try {
    const { rows, rowCount } = await ask(step.sql.replaceAll("$PID", String(pid)));
    trial.executed++;
    return { rows: rows ?? [], count: rowCount ?? 0 };
  } catch (error) {
    const { sqlstate, code = "lost", cause } = error as { sqlstate?: string; code?: string; cause?: { code?: string } };
    const state = sqlstate ?? cause?.code ?? code;
    if (refusals.has(state) || state.startsWith("WT_") || (step.multi && state === "42601")) trial.refused++;
    else trial.errored++;
    if (state === "42601" && !step.multi) trial.syntaxErrors.push(step.sql);
    return { rows: [], count: 0, code: state };
  }
}

async function attack(
  arena: Arena,
  pool: AnyPool,
  listener: PoolListener,
  steps: readonly Step[],
  trial: Trial,
  answers: Said[],
  phase: string,
  pid: number,
): Promise<void> {
  listener.heard();
  listener.turn = "a";
  await pool
    .for(arena.world.a)
    .transaction(async (tx) => {
      for (const each of steps) {
        const step = spread(each);
        if (step.versions && !step.versions.includes(arena.db.server.version)) continue;
        const ask: Ask = (sql) => tx.query(sql);
        if (!step.alone) await ask("savepoint behind").catch(() => {});
        const said = await answer(trial, step, pid, ask);
        if (!step.alone && said.code) await ask("rollback to behind").catch(() => {});
        answers.push(said);
      }
    })
    .catch((error: unknown) => {
      trial.destroyed = true;
      answers.push({ rows: [], count: 0, code: String(error) });
    });
  verdict(arena, listener, trial, phase);
}

async function attackOneByOne(
  arena: Arena,
  pool: AnyPool,
  listener: PoolListener,
  steps: readonly Step[],
  trial: Trial,
  pid: number,
): Promise<void> {
  for (const each of steps) await answer(trial, spread(each), pid, (sql) => pool.for(arena.world.a).query(sql));
  verdict(arena, listener, trial, "one-shot attack");
}

export function verdict(arena: Arena, listener: PoolListener, trial: { leaks: string[] }, phase: string): void {
  const heard = listener.heard();
  trial.leaks.push(...secretsIn(arena, heard, phase));
  for (const { turn, hex } of listener.tokens)
    if (turn === "b" && heard.includes(hex)) trial.leaks.push(`token of B in ${phase}`);
}

async function honest(
  arena: Arena,
  pool: AnyPool,
  listener: PoolListener,
  hostile: HostileClass,
  trial: Trial,
): Promise<Trial["borrower"]> {
  const { world, canaryB } = arena;
  listener.heard();
  listener.turn = "b";
  const b = pool.for(world.b);
  try {
    const read = await b.query("select id, name, secret from projects order by id");
    const [added] = await b.batch([
      {
        text: "insert into tasks (tenant_id, project_id, title) values ($1, $2, $3) returning id",
        values: [world.b, world.bProject, `${canaryB} added`],
      },
    ]);
    const done = await b.transaction(async (tx) => {
      const removed = await tx.query("delete from tasks where id = $1", [added?.rows[0]?.["id"] ?? null]);
      const changed = await tx.query("update projects set name = name where id = $1", [world.bProject]);
      for (const step of hostile.meanwhile?.(world) ?? []) {
        await tx.query("savepoint behind").catch(() => {});
        const said = await answer({ ...trial }, spread(step), 0, (sql) => tx.query(sql));
        if (said.code) await tx.query("rollback to behind").catch(() => {});
        trial.meanwhile.push(said);
      }
      return (removed.rowCount ?? 0) + (changed.rowCount ?? 0);
    });
    const right =
      read.rows.length === 3 && read.rows.every((row) => String(row["secret"]).startsWith(canaryB)) && done === 2;
    return right ? "served" : "wrong";
  } catch {
    return "refused";
  }
}
