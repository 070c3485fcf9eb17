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
import { copyAttacks, looksForCopies } from "./attacks/copies.ts";
import { attacksOn } from "./attacks/index.ts";
import { markersOf } from "./attacks/judge.ts";
import { partsOf } from "./attacks/partitions.ts";
import { policiesOf } from "./attacks/paths.ts";
import { residualAttacks } from "./attacks/residual.ts";
import { readRights } from "./attacks/rights.ts";
import { materializedViews } from "./attacks/views.ts";
import { targetOf, type Target, type World } from "./attacks/world.ts";
import { cellsOf, type TableState, withPartitionLeaks } from "./cells.ts";
import { labNames } from "./lab/lab-names.ts";
import { installLab, labIn } from "./lab/lab.ts";
import { type Attempt, type Matrix, type MatrixColumn, matrixColumns, type MatrixNote } from "./matrix.ts";
import { contextBook, type KitAccess } from "./personas/context.ts";
import { makeTenantRoles, prepareLogins } from "./personas/logins.ts";
import { columnMeaning } from "./personas/meaning.ts";
import { settersOf } from "./personas/setters.ts";
import { makeTenants, randomness } from "./personas/tenants.ts";
import { makeUnbound } from "./personas/unbound.ts";
import { opaqueHelper } from "./opaque.ts";
import { reproScript } from "./repro.ts";
import { LanePool } from "./run/pool.ts";
import { AttackRun, isPointless, isWildGuess, type Outcome } from "./run/run-attacks.ts";
import { readBook } from "./seed/book.ts";
import { isSeedable } from "./seed/order.ts";
import { seedTenants, unseedable } from "./seed/seed.ts";
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
    return assemble(world, graph, options, targets, planned, residual, outcomes, notes, pool.size, watch.over());
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
  const admin = await openAdmin(server);
  try {
    return (await prepare(admin, server, facts, schemaGraph(facts.snapshot), options)).world;
  } finally {
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

function attemptOf(world: World, { attack, ruling, bites, proof }: Outcome): Attempt {
  return {
    vector: attack.vector,
    column: attack.column,
    table: { schema: attack.table.schema, name: attack.table.name },
    name: attack.name,
    object: attack.object,
    role: attack.actor.role,
    connection: attack.age,
    result: ruling.result,
    evidence: ruling.evidence,
    bites,
    proof: proof === "" ? null : proof,
    repro: reproScript(world, attack, ruling.evidence),
  };
}

// A's own rows are the proof that the context is the right one, where policies and rights let it see any.
function isBlind(world: World, target: Target, outcomes: readonly Outcome[]): boolean {
  if (!target.relation.rowSecurity) return false;
  const reads = policiesOf(world, target.relation).some(
    ({ command, permissive, roles }) =>
      permissive && (command === "all" || command === "select") && world.facts.reach.applies(roles),
  );
  if (!reads) return false;
  const main = outcomes.filter(
    ({ attack }) => attack.table === target.relation && attack.column === "read" && attack.persona === "strongest",
  );
  const bare = main.filter(
    ({ ruling }) => ruling.result === "blocked" && ruling.evidence.startsWith("0 rows of tenant B"),
  );
  // an error is no sight of one's own rows; only a missing right is an answer
  const failed = main.filter(
    ({ ruling }) => ruling.result === "blocked" && !/^(0 rows of tenant B|42501 )/.test(ruling.evidence),
  );
  if (bare.length === 0) return failed.length > 0;
  return bare.every(({ ruling }) => ruling.evidence.endsWith(", 0 others"));
}

function assemble(
  world: World,
  graph: SchemaGraph,
  options: AttackOptions,
  targets: readonly Target[],
  planned: readonly Attack[],
  residual: readonly Attack[],
  outcomes: readonly Outcome[],
  notes: MatrixNote[],
  connections: number,
  over: string | null,
): Matrix {
  const told = new Set(residual);
  const useful = outcomes.filter(
    (outcome) =>
      !isPointless(outcome) &&
      !isWildGuess(outcome, outcomes) &&
      // a table of nobody without a copy in it is no news
      !(looksForCopies(outcome.attack) && outcome.ruling.result !== "leaked"),
  );
  const attempts = useful.filter(({ attack }) => !told.has(attack)).map((outcome) => attemptOf(world, outcome));
  const ran = new Set(outcomes.map(({ attack }) => attack));
  for (const outcome of useful.filter(({ attack }) => told.has(attack)))
    if (outcome.ruling.result === "noted")
      notes.push({ vector: outcome.attack.vector, text: outcome.ruling.evidence, attempt: attemptOf(world, outcome) });
  for (const target of targets) {
    const { parts, left } = partsOf(world, target);
    if (parts.length > 0 && left > 0)
      notes.push({
        vector: "F4",
        text: `${dotted(target.relation)}: ${parts.length} partitions were attacked one by one, ${left} were not.`,
        attempt: null,
      });
  }
  const byTarget = new Map(targets.map((target) => [dotted(target.relation), target]));
  const tables = world.facts.understanding.tables.filter(({ relation }) => {
    const found = graph.relation(relation);
    return (
      found !== undefined &&
      !found.isPartition &&
      (options.only?.some((name) => dotted(name) === dotted(relation)) ?? true)
    );
  });
  const rootOf = (table: QualifiedName): QualifiedName => {
    const found = graph.relation(table);
    return found === undefined ? table : graph.root(found);
  };
  const listed = new Set(tables.map(({ relation }) => dotted(relation)));
  const ownCells = tables.flatMap((table) => {
    const target = byTarget.get(dotted(table.relation));
    const missed = new Map<MatrixColumn, number>();
    for (const attack of planned) {
      // a partition has no row of its own in the matrix
      const side = dotted(rootOf(attack.table)) === dotted(table.relation) && !listed.has(dotted(attack.table));
      const column = attack.table === target?.relation ? attack.column : side ? "side-door" : undefined;
      if (column !== undefined && !ran.has(attack)) missed.set(column, (missed.get(column) ?? 0) + 1);
    }
    const state: TableState = {
      table,
      unseeded: target ? null : whyUnseeded(world, graph, table.relation),
      missed,
      over,
      blind: target ? isBlind(world, target, outcomes) : false,
      opaque: target ? opaqueHelper(world, target.relation) : null,
      allPublic: target ? target.b.every(({ isPublic }) => isPublic) : false,
    };
    return cellsOf(matrixColumns, state, attempts);
  });
  const cells = withPartitionLeaks(ownCells, attempts, rootOf);
  const withoutRoles = world.actors.length === 0;
  return {
    cells: withoutRoles
      ? cells.map((cell) =>
          cell.verdict === "N/A"
            ? { ...cell, verdict: "UNVERIFIED" as const, reason: "no role of the application is known" }
            : cell,
        )
      : cells,
    notes,
    seeded: tables
      .filter(({ tenancy }) => tenancy.kind !== "global" && tenancy.kind !== "unknown")
      .map(({ relation }) => {
        const target = byTarget.get(dotted(relation));
        return {
          table: { schema: relation.schema, name: relation.name },
          rows: target ? target.a.length + target.b.length : 0,
          problem: target ? null : whyUnseeded(world, graph, relation),
        };
      }),
    attempts: attempts.length,
    connections,
  };
}

function whyUnseeded(world: World, graph: SchemaGraph, table: QualifiedName): string {
  const relation = graph.relation(table);
  return (
    world.seeded.problems.get(dotted(table)) ??
    (relation ? unseedable(relation) : null) ??
    "no row of both tenants could be recognised in it"
  );
}
