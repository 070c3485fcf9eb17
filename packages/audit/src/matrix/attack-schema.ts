/**
 * Seeds two tenants in the replayed database, attacks every table by every way that has a meaning there, proves of each attack that it would
 * have leaked, and answers with the matrix. The database stays as it is afterwards, seeds and all, so that a repro script runs in it. Must
 * never be given a database that matters.
 */
import { quoteName, rotateKey } from "@watertight/schema";
import type { QualifiedName } from "@watertight/schema";
import pg from "pg";
import { defaultLimits } from "../replay/limits.ts";
import type { Facts } from "../rules/rule.ts";
import { dotted, type SchemaGraph, schemaGraph } from "../understand/schema/graph.ts";
import type { Attack } from "./attacks/attack.ts";
import { copyAttacks } from "./attacks/copies.ts";
import { attacksOn } from "./attacks/index.ts";
import { markersOf } from "./attacks/judge.ts";
import { residualAttacks } from "./attacks/residual.ts";
import { readRights } from "./attacks/rights.ts";
import { materializedViews } from "./attacks/views.ts";
import { targetOf, type Target, type World } from "./attacks/world.ts";
import { labNames } from "./lab/lab-names.ts";
import { installLab, labIn } from "./lab/lab.ts";
import { assembleMatrix } from "./assemble-matrix.ts";
import type { Matrix, MatrixNote } from "./matrix.ts";
import { contextBook, type KitAccess } from "./personas/context.ts";
import { makeTenantRoles, prepareLogins } from "./personas/logins.ts";
import { columnMeaning } from "./personas/meaning.ts";
import { settersOf } from "./personas/setters.ts";
import { makeTenants, randomness } from "./personas/tenants.ts";
import { makeUnbound } from "./personas/unbound.ts";
import { LanePool } from "./run/pool.ts";
import { AttackRun } from "./run/run-attacks.ts";
import { readBook } from "./seed/book.ts";
import { isSeedable } from "./seed/order.ts";
import { seedTenants } from "./seed/seed.ts";
import { type AttackServer, endBy } from "./server.ts";
import { watchAttacks } from "./watch.ts";
import { Session } from "./wire/session.ts";

/** What is going on, for a progress line. */
interface AttackProgress {
  /** Proofs run attacks that were stopped again with the defence off. */
  readonly phase: "seed" | "attack" | "prove";
  readonly done: number;
  /** How many proofs there will be is not known before. */
  readonly total: number | null;
}

/** Options of {@link attackSchema}. */
export interface AttackOptions {
  /** After this many milliseconds no new attack begins, and soon what still runs is ended; default 60,000. */
  readonly budgetMs?: number;
  /** At most so many attacks; the rest is UNVERIFIED. Default: all. */
  readonly maxAttempts?: number;
  /** How much all of it may write to the server's folder, in bytes; default as for a replay. */
  readonly diskBytes?: number;
  readonly signal?: AbortSignal;
  onProgress?(progress: AttackProgress): void;
  /** Only these tables. */
  readonly only?: readonly QualifiedName[];
  /** Connections over all roles; default 8. */
  readonly connections?: number;
  /** The seed of ids and canaries; the same seed gives the same scripts. */
  readonly seed?: string;
}

const ms = { statement: 2_000, seed: 10_000, budget: 60_000 };

/** Reads how the kit is installed, and gets a key for it from the database itself. */
async function kitAccess(server: AttackServer, facts: Facts): Promise<KitAccess | null> {
  if (!facts.understanding.context.some(({ kind }) => kind === "kit")) return null;
  // what is there may only call itself the kit
  const client = new pg.Client({ ...server.config(null), statement_timeout: ms.seed, query_timeout: 2 * ms.seed });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rows } = await client.query("select value from watertight.setting where name = 'level'");
    const level = (rows[0]?.value ?? "plain") as KitAccess["level"];
    return { level, key: level === "plain" ? "" : (await rotateKey(client)).key };
  } finally {
    await client.end();
  }
}

async function registerTenants(admin: Session, ids: readonly string[]): Promise<void> {
  for (const id of ids) await admin.must(`select watertight.register_tenant('${id.replaceAll("'", "''")}')`);
}

/** Fills materialized views as a job would: without a context, or in B's where there must be one. */
async function refresh(admin: Session, world: World, deadline: number): Promise<string[]> {
  const notes: string[] = [];
  for (const name of materializedViews(world)) {
    const statement = `refresh materialized view ${name}`;
    if (Date.now() > deadline) {
      notes.push(`There was no time to run ${statement}.`);
      continue;
    }
    const [plain, seen] = await admin.run([statement, `select from ${name} limit 1`]);
    // an owner that row security binds sees nothing without a context, and an empty view shows nothing of what it would give away
    if (!plain!.error && seen!.count !== 0) continue;
    const answers = await admin.run([
      "begin",
      ...world.context.statements("strongest", world.tenants.b),
      statement,
      "commit",
    ]);
    const failed = answers.find(({ error }) => error);
    notes.push(
      failed
        ? `${statement} failed: ${(plain!.error ?? failed.error!).message}`
        : `${statement} needed a context and was run in tenant B's.`,
    );
  }
  return notes;
}

/**
 * Attacks the replayed database.
 * @example const matrix = await attackSchema(server, facts, { budgetMs: 20_000 });
 * @throws the reason of `signal` when it aborts, and connection errors of the superuser
 */
export async function attackSchema(server: AttackServer, facts: Facts, options: AttackOptions = {}): Promise<Matrix> {
  const deadline = Date.now() + (options.budgetMs ?? ms.budget);
  const admin = await openAdmin(server);
  const pool = new LanePool(server, ms.statement);
  const { signal } = options;
  const endAll = async (): Promise<void> => {
    await pool.abandon();
    await admin.abandon();
  };
  const watch = watchAttacks({
    server,
    deadline,
    diskBytes: options.diskBytes ?? defaultLimits.diskBytes,
    signal,
    endAll,
  });
  try {
    const graph = schemaGraph(facts.snapshot);
    const { world, notes } = await prepare(admin, server, facts, graph, options, deadline);
    const targets = facts.understanding.tables.flatMap(({ relation, tenancy }) => {
      const chosen = options.only?.some((name) => dotted(name) === dotted(relation)) ?? true;
      const target = chosen ? targetOf(world, relation, tenancy) : undefined;
      return target ? [target] : [];
    });
    const planned = targets.flatMap((target) => world.actors.flatMap((actor) => attacksOn(world, target, actor)));
    const residual = residualOf(world, targets);
    const copies = options.only === undefined ? world.actors.flatMap((actor) => copyAttacks(world, actor)) : [];
    const limited = planned.slice(0, options.maxAttempts ?? planned.length);
    await openLanes(pool, world, options.connections ?? 8);
    const total = limited.length + residual.length + copies.length;
    const run = new AttackRun(world, pool, {
      watch,
      signal,
      onDone: (phase, done) =>
        options.onProgress?.(
          phase === "attack" ? { phase, done: Math.min(done, total), total } : { phase, done, total: null },
        ),
    });
    const outcomes = await run.run([...limited, ...residual, ...copies]);
    for (const [login, reason] of pool.failures)
      notes.push({ vector: "", text: `${login} could not log in: ${reason}`, attempt: null });
    const [failure] = pool.failures;
    const over = watch.over() ?? (failure === undefined ? null : `${failure[0]} could not log in: ${failure[1]}`);
    return assembleMatrix({
      world,
      graph,
      only: options.only,
      targets,
      planned: [...planned, ...copies],
      residual,
      outcomes,
      remarks: notes,
      connections: pool.size,
      over,
    });
  } catch (error) {
    signal?.throwIfAborted();
    const reason = watch.cut();
    throw reason === null ? error : new Error(reason, { cause: error });
  } finally {
    watch.end();
    await Promise.all([pool.close(), admin.close()]);
  }
}

/**
 * Seeds the two tenants as an attack does and attacks nothing: for who wants to look at the rows, or to run a script by hand. The same seed makes the
 * same rows.
 * @throws the reason of `signal` when it aborts, and connection errors of the superuser
 */
export async function seedWorld(server: AttackServer, facts: Facts, options: AttackOptions = {}): Promise<World> {
  const deadline = Date.now() + (options.budgetMs ?? ms.budget);
  const admin = await openAdmin(server);
  const watch = watchAttacks({
    server,
    deadline,
    diskBytes: options.diskBytes ?? defaultLimits.diskBytes,
    signal: options.signal,
    endAll: () => admin.abandon(),
  });
  try {
    return (await prepare(admin, server, facts, schemaGraph(facts.snapshot), options, deadline)).world;
  } catch (error) {
    options.signal?.throwIfAborted();
    const reason = watch.cut();
    throw reason === null ? error : new Error(reason, { cause: error });
  } finally {
    watch.end();
    await admin.close();
  }
}

// the database may have defaults that nothing can be seeded with
const adminOptions = `-c timezone=UTC -c datestyle=ISO -c lock_timeout=5s -c statement_timeout=${ms.seed} -c default_transaction_read_only=off`;

const openAdmin = (server: AttackServer): Promise<Session> =>
  Session.open({ ...server.config(null), options: adminOptions }, endBy(server));

async function prepare(
  admin: Session,
  server: AttackServer,
  facts: Facts,
  graph: SchemaGraph,
  options: AttackOptions,
  deadline = Number.POSITIVE_INFINITY,
): Promise<{ world: World; notes: MatrixNote[] }> {
  const { understanding } = facts;
  const random = randomness(options.seed ?? `${Date.now()} ${Math.random()}`);
  const meaning = columnMeaning(facts, graph);
  const tenants = makeTenants(random, meaning, understanding.perUser);
  const pair = [tenants.a, tenants.b];
  const kit = await kitAccess(server, facts);
  const names = labNames(facts, random);
  const lab = labIn(names.schema);
  await installLab(admin, lab);
  // attacks that wait for each other are soon told so, and tried again
  const [[database] = []] = (await admin.must("select pg_catalog.current_database()")).rows;
  await server.superuser(`alter database ${quoteName(database!)} set deadlock_timeout = '25ms'`);
  const { actors, notes } = await prepareLogins(admin, server, facts);
  if (kit)
    await registerTenants(
      admin,
      pair.map(({ id }) => id),
    );
  const byRole = understanding.context.some(({ kind }) => kind === "role");
  if (byRole)
    await makeTenantRoles(
      admin,
      server,
      pair.map(({ id }) => id),
      actors.find(({ kind }) => kind === "tenant"),
    );
  await makeUnbound(admin, server, facts, actors, names.unbound);
  const hasUsers = meaning.userType !== null;
  const setters = settersOf(facts);
  const seeded = await seedTenants({
    admin,
    facts,
    graph,
    meaning,
    random,
    tenants,
    // a tenant's id may change while it is seeded
    context: async (tenant) =>
      (await contextBook(understanding.context, kit, pair, hasUsers, setters)).statements("strongest", tenant),
    deadline,
    signal: options.signal,
    onTable: (done, total) => options.onProgress?.({ phase: "seed", done, total }),
  });
  const context = await contextBook(understanding.context, kit, pair, hasUsers, setters);
  const extra = graph.tables.filter(
    (table) =>
      isSeedable(table) && understanding.memberships.some(({ relation }) => dotted(relation) === dotted(table)),
  );
  const book = await readBook(admin, lab, graph, understanding.tables, extra, pair);
  const ids = pair.slice(1).flatMap(({ id, users }) => [id, ...users]);
  const roles = [...new Set([...actors.map(({ role }) => role), ...facts.reach.settable])];
  const world: World = {
    facts,
    graph,
    meaning,
    tenants,
    context,
    actors: byRole ? actors.map((actor) => ({ ...actor, role: tenants.a.id, login: tenants.a.id })) : actors,
    rights: await readRights(admin, byRole ? [...roles, tenants.a.id] : roles),
    book,
    seeded,
    markers: markersOf(book.pages, ids, tenants.b.canary),
    random,
    lab,
    unbound: names.unbound,
  };
  const told = [...notes, ...seeded.notes, ...(await refresh(admin, world, deadline))];
  return { world, notes: told.map((text) => ({ vector: "", text, attempt: null })) };
}

async function openLanes(pool: LanePool, { actors, unbound }: World, connections: number): Promise<void> {
  // attacks that take on another role log in as themselves
  const logins = [...new Set(actors.flatMap(({ login }) => [login]))];
  const direct = actors.map(({ role }) => role).filter((role) => !logins.includes(role));
  // half of the connections attack, half prove
  const each = Math.max(1, Math.floor((connections / 2 - direct.length) / Math.max(logins.length, 1)));
  await Promise.all([
    ...logins.map((login) => pool.open(login, each)),
    ...direct.map((role) => pool.open(role, 1)),
    pool.open(unbound, Math.max(1, connections >> 1)),
  ]);
}

// Told once: on the first table that has row security.
function residualOf(world: World, targets: readonly Target[]): Attack[] {
  for (const target of targets)
    for (const actor of world.actors) {
      const attacks = residualAttacks(world, target, actor);
      if (attacks.length > 0) return attacks;
    }
  return [];
}
