/**
 * Behind PgBouncer as Debian ships it (1.18: knows nothing of named statements): 20 clients over 2 server
 * connections, tenants mixed. The start-up probe must notice the pooler and change the way of speaking; each
 * promise stands beside a control that breaks without it.
 */
import { describeServers, sized, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { correctHandlers, readAll } from "../fuzz/correct.ts";
import { type FuzzDatabase, fuzzDatabase } from "../fuzz/fuzz-database.ts";
import { chooseSeed, fromEnvironment, iterationRandom } from "../fuzz/random.ts";
import { say, stories, tell } from "../fuzz/report.ts";
import { runFuzz } from "../fuzz/run-fuzz.ts";
import { plainSubject } from "../fuzz/subject-plain.ts";
import { watertightSubject } from "../fuzz/subject-watertight.ts";
import { type Foreign, tenants, type Tenant } from "../fuzz/tenants.ts";
import { Turn } from "../fuzz/turn.ts";
import type { Subject } from "../fuzz/subject.ts";
import { tenantPool } from "../../src/drivers/pg/index.ts";
import { findPgbouncer, type Pgbouncer, type PoolMode, startPgbouncer } from "./start-pgbouncer.ts";

const clients = 20;
const serverConnections = 2;
const program = findPgbouncer();

interface Setup {
  db: FuzzDatabase;
  bouncer: Pgbouncer;
}

/** Fails where the program could have been installed, skips with its reason where it could not. */
function needProgram(context: TestContext): string {
  if ("path" in program) return program.path;
  if (program.aptExists && process.env["CI"] !== undefined) throw new Error(program.missing);
  return context.skip(program.missing);
}

function setUp(server: TestServer, flavour: "kit" | "plain", mode: PoolMode): Setup {
  const setup = {} as Setup;
  beforeAll(async () => {
    if (!("path" in program)) return;
    setup.db = await fuzzDatabase(server, flavour);
    setup.bouncer = await startPgbouncer(program.path, setup.db, mode, serverConnections);
  });
  afterAll(async () => {
    await setup.bouncer?.stop();
    await setup.db?.close();
  });
  return setup;
}

const failing = [
  "select 1 / (id - id) from item",
  "select nothing from nowhere",
  `insert into item select tenant_id, id, body from item`,
  "select 'x'::int",
];

interface Tally {
  done: number;
  failedOnPurpose: number;
  wrong: number;
  readonly foreign: Foreign[];
  readonly codes: Map<string, number>;
}

/** Mixed correct work of many tenants, failing statements among it. */
async function mixedWork(subject: Subject, seed: number, count: number, names: readonly string[]): Promise<Tally> {
  const tally: Tally = { done: 0, failedOnPurpose: 0, wrong: 0, foreign: [], codes: new Map() };
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < count) {
        const random = iterationRandom(seed, next++);
        const tenant = random.pick(tenants);
        const turn = new Turn(subject, random, tenant, tenant, async () => {});
        if (random.chance(0.1)) {
          if (!(await turn.careless(() => subject.query(tenant, random.pick(failing))))) tally.failedOnPurpose++;
        } else {
          const right = await correctHandlers[random.pick(names)]?.(turn).catch((error: unknown) => turn.caught(error));
          if (right !== true) {
            tally.wrong++;
            for (const code of turn.codes) tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
          }
        }
        tally.foreign.push(...turn.foreign);
        tally.done++;
      }
    }),
  );
  return tally;
}

const profileOf = (pool: unknown): unknown => (pool as { engine: { profile: unknown } }).engine.profile;

describeServers((server) => {
  describe("transaction mode", () => {
    const setup = setUp(server, "kit", "transaction");
    const subjectThroughBouncer = (max = clients): Subject =>
      watertightSubject({ url: setup.bouncer.url, key: setup.db.key, level: "sealed", pooled: true }, max);

    test("the probe notices the pooler", async (context) => {
      needProgram(context);
      const pool = tenantPool(pg, { connectionString: setup.bouncer.url, key: setup.db.key, prepare: "all" });
      await pool.ready();
      expect(profileOf(pool)).toMatchObject({ pooled: true, named: false, alwaysReset: true });
      await pool.end();
      const direct = tenantPool(pg, { connectionString: setup.db.appUrl, key: setup.db.key, prepare: "all" });
      await direct.ready();
      expect(profileOf(direct)).toMatchObject({ pooled: false, named: true, alwaysReset: false });
      await direct.end();
    });

    const pieces = sized(server.version === 15 ? 2000 : 10_000, 2000);
    test(`${pieces} mixed pieces of work of 24 tenants: none wrong`, { timeout: 180_000 }, async (context) => {
      needProgram(context);
      const seed = chooseSeed("FUZZ_SEED");
      const subject = subjectThroughBouncer();
      const started = performance.now();
      const tally = await mixedWork(subject, seed, pieces, [
        "read all",
        "read one",
        "write",
        "batch",
        "transaction",
        "read one",
        "read all",
      ]);
      const connections = await serverSide(setup.db);
      await subject.end();
      say(
        `PgBouncer, PostgreSQL ${server.version}: ${tally.done} pieces of work (${tally.failedOnPurpose} failing on purpose) in ${((performance.now() - started) / 1000).toFixed(1)} s, ` +
          `${clients} clients over ${connections} server connections, wrong: ${tally.wrong}, foreign: ${tally.foreign.length}, FUZZ_SEED=${seed}`,
      );
      expect(connections).toBeLessThanOrEqual(serverConnections);
      expect({ wrong: tally.wrong, foreign: tally.foreign, codes: [...tally.codes] }).toEqual({
        wrong: 0,
        foreign: [],
        codes: [],
      });
      expect(tally.failedOnPurpose).toBeGreaterThan(pieces / 20);
      expect(await setup.db.crossedWrites()).toBe(0);
    });

    test("sloppy handlers behind the pooler: no foreign row", { timeout: 300_000 }, async (context) => {
      needProgram(context);
      const seed = chooseSeed("FUZZ_SEED");
      const iterations = fromEnvironment("FUZZ_BOUNCER_ITERATIONS", server.version === 15 ? 1100 : sized(3300, 1100));
      const result = await runFuzz({
        seed,
        iterations,
        makeSubject: subjectThroughBouncer,
        kill: setup.db.kill,
        pools: 2,
        max: 8,
        workers: 16,
      });
      tell(`pool fuzz behind PgBouncer, PostgreSQL ${server.version}`, seed, result);
      const { ledger, lost } = result;
      if (ledger.leakCount > 0) say(stories(ledger.leaks));
      expect({ leaks: ledger.leakCount, hangs: ledger.hangs, unhandled: ledger.unhandled, lost }).toEqual({
        leaks: 0,
        hangs: [],
        unhandled: [],
        lost: 0,
      });
      expect(await setup.db.crossedWrites()).toBe(0);
    });

    test("control: named statements break there, and ours are not named", async (context) => {
      needProgram(context);
      const stock = new pg.Pool({ connectionString: setup.bouncer.url, max: clients });
      stock.on("error", () => {});
      let broken = 0;
      await Promise.all(
        Array.from({ length: 400 }, (_, i) =>
          stock.query({ name: `named_${i % 7}`, text: `select ${i % 7} as n` }).catch((error: { code?: string }) => {
            if (error.code === "42P05" || error.code === "26000") broken++;
          }),
        ),
      );
      await stock.end();
      expect(broken).toBeGreaterThan(0);
      const pool = tenantPool(pg, {
        connectionString: setup.bouncer.url,
        key: setup.db.key,
        prepare: "all",
        max: clients,
      });
      const answers = await Promise.all(
        Array.from({ length: 400 }, (_, i) =>
          pool.for((tenants[i % 24] as Tenant).id).query({ name: `named_${i % 7}`, text: `select ${i % 7} as n` }),
        ),
      );
      expect(answers.map(({ rows }) => rows[0]?.["n"])).toEqual(answers.map((_, i) => i % 7));
      await pool.end();
    });
  });

  describe("transaction mode, stock pg", () => {
    const setup = setUp(server, "plain", "transaction");
    test("control: a tenant set for the session reaches other clients", async (context) => {
      needProgram(context);
      const subject = plainSubject(setup.bouncer.url, clients);
      const tally = await mixedWork(subject, 1, 1000, ["read all", "read one"]);
      await subject.end();
      expect(tally.foreign.length).toBeGreaterThan(0);
    });
  });

  describe("session mode", () => {
    const setup = setUp(server, "kit", "session");
    test("works, spoken to as a pooler", async (context) => {
      needProgram(context);
      const pool = tenantPool(pg, { connectionString: setup.bouncer.url, key: setup.db.key });
      await pool.ready();
      expect(profileOf(pool)).toMatchObject({ pooled: true, named: false, alwaysReset: true });
      await pool.end();
      const subject = watertightSubject(
        { url: setup.bouncer.url, key: setup.db.key, level: "sealed", pooled: true },
        serverConnections,
      );
      const tally = await mixedWork(subject, 2, 1000, Object.keys(correctHandlers));
      await subject.end();
      expect({ wrong: tally.wrong, foreign: tally.foreign, codes: [...tally.codes] }).toEqual({
        wrong: 0,
        foreign: [],
        codes: [],
      });
    });
  });

  describe("statement mode", () => {
    const setup = setUp(server, "kit", "statement");
    test("single queries are right, transactions are refused by the pooler, nothing leaks", async (context) => {
      needProgram(context);
      const subject = watertightSubject(
        { url: setup.bouncer.url, key: setup.db.key, level: "sealed", pooled: true },
        clients,
      );
      const tally = await mixedWork(subject, 3, 1000, ["read all", "read one", "write", "batch"]);
      expect({ wrong: tally.wrong, foreign: tally.foreign, codes: [...tally.codes] }).toEqual({
        wrong: 0,
        foreign: [],
        codes: [],
      });
      const [tenant] = tenants as readonly [Tenant];
      const reply = await subject
        .transaction(tenant, (tx) => tx.query(readAll))
        .then(
          () => "answered",
          () => "refused",
        );
      expect(reply).toBe("refused");
      expect((await subject.query(tenant, readAll)).rows.length).toBe(5);
      await subject.end();
    });
  });
});

async function serverSide(db: FuzzDatabase): Promise<number> {
  const { rows } = await db.admin.query<{ n: number }>(
    "select count(*)::int as n from pg_stat_activity where datname = $1 and usename = $2",
    [db.name, db.roles.app],
  );
  return rows[0]?.n ?? 0;
}
