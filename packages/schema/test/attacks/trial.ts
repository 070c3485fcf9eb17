/**
 * One trial: B's honest request, A's attack, B's honest request on the same connection, A's search for loot; then the verdict from the
 * bytes that each of them received and from B's rows as a superuser sees them. Must never look at what a statement meant to do.
 */
import type { Arena } from "./arena.ts";
import { Desk, type Rig, type Said, shipped } from "./desk.ts";
import type { HostileClass, Step, Trial } from "./hostile-class.ts";

export const refusals: ReadonlySet<string> = new Set([
  "42501",
  "WT001",
  "WT002",
  "WT003",
  "WT004",
  "0A000",
  "55000",
  "55006",
  "2D000",
  "25001",
  "42809",
]);

// Whatever an earlier borrower may have left, whoever it was.
export const usualLoot: readonly string[] = [
  "select name, setting from pg_catalog.pg_settings where source = 'session' or name ~ '[.]'",
  "select relname from pg_catalog.pg_class where relnamespace = pg_catalog.pg_my_temp_schema()",
  "select pg_catalog.lo_get(oid) from pg_catalog.pg_largeobject_metadata",
  "select * from pg_catalog.pg_prepared_statements",
  "select * from pg_catalog.pg_cursors",
  "select pg_catalog.current_setting('watertight.ctx', true), pg_catalog.current_setting('x.loot', true)",
  "fetch all from left_open",
  "select * from projects, tasks",
];

export async function runTrial(arena: Arena, hostile: HostileClass, rig: Rig = shipped): Promise<Trial> {
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
  const before = await arena.fingerprintB();
  const neighbour = hostile.neighbour && (await hold(arena, hostile.neighbour(arena.world)));
  let desk = await Desk.open(arena, rig);
  const relend = async (): Promise<void> => {
    if (desk.idle()) return;
    trial.destroyed = true;
    await desk.close();
    desk = await Desk.open(arena, rig);
  };
  try {
    await honest(arena, desk, hostile, trial);
    desk.heard();
    trial.meanwhile.length = 0;
    await hostileRequest(arena, desk, hostile.attack(arena.world), trial, trial.attack, neighbour?.pid);
    listen(arena, desk, trial, "attack");
    await relend();
    trial.borrower = await honest(arena, desk, hostile, trial);
    if (desk.heard().includes(arena.canaryA)) trial.leaks.push("row of A in B's request");
    await relend();
    await hostileRequest(
      arena,
      desk,
      [...(hostile.loot?.(arena.world) ?? []), ...usualLoot],
      trial,
      trial.loot,
      neighbour?.pid,
    );
    listen(arena, desk, trial, "loot");
  } finally {
    await desk.close();
    await neighbour?.close();
  }
  if ((await arena.fingerprintB()) !== before) trial.leaks.push("B's rows changed");
  return trial;
}

async function hold(arena: Arena, sql: string): Promise<Desk> {
  const desk = await Desk.open(arena);
  await desk.begin(arena.world.b);
  await desk.say(sql);
  return desk;
}

/** Which secrets are among the bytes that A received. */
export function secretsIn(arena: Arena, heard: string, phase: string): string[] {
  const dense = heard.replaceAll(/\s/g, "");
  return [...arena.secrets]
    .filter(([, secret]) => heard.includes(secret) || dense.includes(secret))
    .map(([name]) => `${name} in ${phase}`);
}

// The bytes of one phase of A.
function listen(arena: Arena, desk: Desk, trial: Trial, phase: string): void {
  const heard = desk.heard();
  trial.leaks.push(...secretsIn(arena, heard, phase));
  for (const { tenant, hex } of desk.tokens)
    if (tenant === arena.world.b && heard.includes(hex)) trial.leaks.push(`token of B in ${phase}`);
}

async function hostileRequest(
  arena: Arena,
  desk: Desk,
  steps: readonly Step[],
  trial: Trial,
  answers: Said[],
  pid = 0,
): Promise<void> {
  try {
    await desk.begin(arena.world.a);
  } catch {
    return;
  }
  for (const step of steps) {
    const { sql, alone, multi, versions } = typeof step === "string" ? ({ sql: step } as Exclude<Step, string>) : step;
    if (versions && !versions.includes(arena.db.server.version)) continue;
    const guarded = !alone && desk.inTransaction();
    if (guarded) await desk.say("savepoint behind");
    const said = await desk.say(sql.replaceAll("$PID", String(pid)));
    if (guarded && said.code) await desk.say("rollback to behind");
    answers.push(said);
    if (said.code === undefined) trial.executed++;
    else if (refusals.has(said.code) || (multi && said.code === "42601")) trial.refused++;
    else trial.errored++;
    if (said.code === "42601" && !multi) trial.syntaxErrors.push(sql);
  }
  if (desk.inTransaction()) await desk.say("commit");
}

// What an application does in a request: reads by an unqualified name, changes, adds and removes rows of its own.
async function honest(arena: Arena, desk: Desk, hostile: HostileClass, trial: Trial): Promise<Trial["borrower"]> {
  const { world, canaryB } = arena;
  try {
    await desk.begin(world.b);
    const read = await desk.honest(1, "select id, name, secret from projects order by id", []);
    const changed = await desk.honest(2, "update projects set name = name where id = $1", [world.bProject]);
    const added = await desk.honest(
      3,
      "insert into tasks (tenant_id, project_id, title) values ($1, $2, $3) returning id",
      [world.b, world.bProject, `${canaryB} added`],
    );
    const removed = await desk.honest(4, "delete from tasks where id = $1", [added.rows[0]?.id ?? null]);
    for (const step of hostile.meanwhile?.(world) ?? [])
      trial.meanwhile.push(await guardedSay(desk, typeof step === "string" ? step : step.sql));
    await desk.end();
    const right = read.rows.length === 3 && read.rows.every((row) => String(row.secret).startsWith(canaryB));
    return right && changed.rowCount === 1 && removed.rowCount === 1 ? "served" : "wrong";
  } catch {
    if (desk.inTransaction()) await desk.say("rollback");
    return "refused";
  }
}

async function guardedSay(desk: Desk, sql: string): Promise<Said> {
  await desk.say("savepoint behind");
  const said = await desk.say(sql);
  if (said.code) await desk.say("rollback to behind");
  return said;
}
