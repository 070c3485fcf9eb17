/**
 * kill -9 of the process that provisions, at every numbered place of every kind of operation; then again while the next one recovers; then to
 * the end. What must hold is read from the cell and the catalog, not from the operation.
 */
import { describeServers, sized, type TestServer } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { approveOperation } from "../../src/operations/control-operation.ts";
import type { Operation, OperationKind } from "../../src/operations/operation.ts";
import { getOperation, requestOperation } from "../../src/operations/operation-rows.ts";
import { type Workers, workers } from "../operations/workers.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane } from "./cells.ts";
import { killedSource } from "./sample-source.ts";
import { sound } from "./sound.ts";

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly input: (n: number) => Record<string, unknown>;
  /** A tenant or a place that must be there first. */
  readonly before?: (n: number) => [kind: string, input: Record<string, unknown>][];
  readonly fails?: true;
  /** Places that it has at least. */
  readonly places: number;
  /** Every how many-th place is a kill: in CI, and at a desk, where most kinds are left out. */
  readonly full: number;
  readonly desk?: number;
  readonly after: "active" | "undone" | "deleted" | "suspended" | "place";
}

let last = 0;
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const tenant = (n: number, model: string, more: Record<string, unknown> = {}) => ({
  model,
  tenant: { id: id(n), slug: `${model}-${n}` },
  ...more,
});
let failing = false;
let silo: string | undefined;
let pool: string | undefined;
const cases: readonly Case[] = [
  {
    name: "a database tenant",
    kind: "tenant.create",
    input: (n) => tenant(n, "database"),
    places: 55,
    full: 3,
    desk: 17,
    after: "active",
  },
  {
    name: "a database tenant that fails",
    kind: "tenant.create",
    input: (n) => tenant(n, "database"),
    fails: true,
    places: 60,
    full: 6,
    desk: 17,
    after: "undone",
  },
  {
    name: "a pool tenant",
    kind: "tenant.create",
    input: (n) => tenant(n, "pool"),
    places: 25,
    full: 3,
    desk: 17,
    after: "active",
  },
  {
    name: "a pool tenant that fails",
    kind: "tenant.create",
    input: (n) => tenant(n, "pool"),
    fails: true,
    places: 25,
    full: 6,
    after: "undone",
  },
  {
    name: "a schema tenant",
    kind: "tenant.create",
    input: (n) => tenant(n, "schema"),
    places: 35,
    full: 5,
    after: "active",
  },
  {
    name: "a silo tenant",
    kind: "tenant.create",
    input: (n) => tenant(n, "silo", { location: silo }),
    places: 25,
    full: 7,
    after: "active",
  },
  { name: "a silo", kind: "silo.create", input: (n) => ({ name: `silo-${n}` }), places: 45, full: 9, after: "place" },
  {
    name: "a tenant that takes a warm database",
    kind: "tenant.create",
    before: (n) => [["warm.fill", { name: `warm-${n}` }]],
    input: (n) => tenant(n, "database"),
    places: 45,
    full: 9,
    after: "active",
  },
  {
    name: "a tenant that takes a warm database and fails",
    kind: "tenant.create",
    before: (n) => [["warm.fill", { name: `warm-${n}` }]],
    input: (n) => tenant(n, "database"),
    fails: true,
    places: 45,
    full: 13,
    after: "undone",
  },
  {
    name: "suspending",
    kind: "tenant.suspend",
    before: (n) => [["tenant.create", tenant(n, "pool")]],
    input: (n) => ({ tenant: id(n) }),
    places: 14,
    full: 3,
    after: "suspended",
  },
  {
    name: "deleting a database tenant",
    kind: "tenant.delete",
    before: (n) => [["tenant.create", tenant(n, "database")]],
    input: (n) => ({ tenant: id(n), graceMs: 0 }),
    places: 35,
    full: 5,
    after: "deleted",
  },
  {
    name: "deleting a schema tenant",
    kind: "tenant.delete",
    before: (n) => [["tenant.create", tenant(n, "schema")]],
    input: (n) => ({ tenant: id(n), graceMs: 0 }),
    places: 35,
    full: 7,
    after: "deleted",
  },
  {
    name: "many tenants at once",
    kind: "tenants.register",
    input: (n) => ({
      location: pool,
      tenants: [0, 1].map((m) => ({ id: id(10 * n + m + 1_000_000), slug: `many-${n}-${m}` })),
    }),
    places: 25,
    full: 4,
    after: "place",
  },
  { name: "a template", kind: "template.build", input: () => ({ cell: "eu-2" }), places: 10, full: 3, after: "place" },
];

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let processes: Workers;
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server, { schemaOf: async () => killedSource(failing) });
    processes = await workers("../provision/provision-process.ts");
    await plane.addCell(cell, { id: "eu-1", maxDatabases: 10_000 });
    await plane.run("template.build", { cell: "eu-1" });
    pool = (await plane.run("pool.create", { name: "main" })).output["location"] as string;
    silo = (await plane.run("silo.create", { name: "group" })).output["location"] as string;
    await plane.addCell(cell, { id: "eu-2" });
    await plane.catalog.db.admin.query("update watertight_catalog.cell set state = 'draining' where id = 'eu-2'");
  }, 120_000);
  afterAll(async () => {
    await processes.close();
    await plane.close();
    await cell.stop();
  });

  const query = async (text: string, values: unknown[] = []) => (await plane.catalog.db.admin.query(text, values)).rows;
  const run = (operation: string, failpoint: string, fails: boolean): Promise<number | string> =>
    processes.start({
      CATALOG_URL: plane.catalog.url.control,
      SECRETS: plane.folder,
      OPERATION: operation,
      WATERTIGHT_FAILPOINT: failpoint,
      FAILS: fails ? "yes" : "",
    }).ended;
  const due = (operation: string) =>
    plane.catalog.db.admin.query(
      "update watertight_catalog.operation set lease_until = null, run_after = now() where id = $1 and state in ('pending', 'running', 'waiting')",
      [operation],
    );
  /** Runs a case with a kill at a place. Answers whether it died. */
  const killed = async (one: Case, place: number): Promise<{ operation: Operation; died: boolean; n: number }> => {
    const n = ++last;
    failing = false;
    for (const [kind, input] of one.before?.(n) ?? [])
      expect(await plane.run(kind, input)).toMatchObject({ state: "succeeded" });
    failing = one.fails === true;
    const kind = plane.kinds.get(one.kind) as unknown as OperationKind;
    const { id: operation } = await requestOperation(plane.catalog.pool, actor, kind, one.input(n));
    if (kind.fourEyes === true) await approveOperation(plane.catalog.pool, { name: "second" }, operation);
    const died = (await run(operation, String(place), one.fails === true)) === "SIGKILL";
    await due(operation);
    if (died) await run(operation, "3", one.fails === true);
    for (let tries = 0; tries < 6; tries++) {
      await due(operation);
      const { state } = await getOperation(plane.catalog.db.admin, operation);
      if (["succeeded", "failed", "cancelled"].includes(state)) break;
      await plane.resume(operation);
    }
    return { operation: await getOperation(plane.catalog.db.admin, operation), died, n };
  };
  const check = async (one: Case, { operation, n }: { operation: Operation; n: number }): Promise<void> => {
    expect([operation.state, operation.error?.code ?? null]).toEqual(
      one.after === "undone" ? ["failed", "WT_PROVISION_LEAK"] : ["succeeded", null],
    );
    expect(
      await query("select kind, name from watertight_catalog.cleanup where operation = $1 and settled_at is null", [
        operation.id,
      ]),
    ).toEqual([]);
    // what it said is found again, wherever it died
    const said = { "silo.create": "location", "template.build": "template" }[one.kind];
    if (said !== undefined) expect(operation.output).toHaveProperty(said);
    if (one.after === "place") return;
    const [row] = await query(
      `select t.state, (select count(*)::int from watertight_catalog.placement where tenant = t.id and state = 'active') as active,
              (select count(*)::int from watertight_catalog.placement where tenant = t.id and state = 'incoming') as incoming from watertight_catalog.tenant t where id = $1`,
      [id(n)],
    );
    const states = { active: "active", undone: "provisioning", deleted: "deleted", suspended: "suspended", place: "" };
    expect(row).toEqual({
      state: states[one.after],
      active: one.after === "active" || one.after === "suspended" ? 1 : 0,
      incoming: 0,
    });
  };
  test.for(cases)("$name", { timeout: 300_000 }, async (one, context) => {
    const step = server.version === 15 ? 23 : sized(one.full, one.desk);
    if (step === undefined) return context.skip("CI's run does this kind as well");
    // one template at a time; everything else three at once
    const lanes = one.kind === "template.build" || one.kind === "tenants.register" || one.before !== undefined ? 1 : 3;
    let next = 1;
    let seen = 0;
    const lane = async (): Promise<void> => {
      for (;;) {
        const place = next;
        next += step;
        if (one.kind === "template.build")
          await asSuperuser(cell, (admin) => admin.query("drop database if exists tmpl_v1"));
        const result = await killed(one, place);
        await check(one, result);
        if (!result.died) return;
        seen = Math.max(seen, place);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    processes.check();
    expect(seen + step).toBeGreaterThanOrEqual(one.places);
    await sound(query, cell, plane.folder);
    expect(await verifyAudit(plane.catalog.db.admin)).toMatchObject({ valid: true });
  });
});
