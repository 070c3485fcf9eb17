/**
 * Leases of the catalog: the sum is never above the budget, whoever asks for what and in whatever order, also when a process is killed; nobody
 * changes the lease of another. Controls: with the rights that the router role had before, another's lease is deleted.
 */
import {
  createDatabase,
  describeServers,
  fullRun,
  propertySeed,
  type TestDatabase,
  watchBackends,
} from "@watertight/testkit";
import { registerTenants } from "@watertight/schema";
import { staticShare } from "@watertight/runtime/fleet";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { addCell } from "../../src/catalog/cells.ts";
import { type CatalogLeases, catalogLeases } from "../../src/leases/catalog-leases.ts";
import { type CatalogDatabase, catalogDatabase } from "../catalog-database.ts";
import { type Workers, workers } from "../operations/workers.ts";

const budget = 12;

describeServers((server) => {
  let catalog: CatalogDatabase;
  const opened: CatalogLeases[] = [];
  const open = (instances: number, more: { ttlMs?: number; secret?: string } = {}): CatalogLeases => {
    const leases = catalogLeases({ url: catalog.url.router, instances, ...more });
    opened.push(leases);
    return leases;
  };
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    await addCell(
      catalog.pool,
      { name: "test" },
      { id: "eu-1", host: "127.0.0.1", port: 1, adminSecret: "env:X", connectionBudget: budget },
    );
  });
  beforeEach(() => catalog.db.admin.query("delete from watertight_catalog.budget_lease"));
  afterAll(async () => {
    for (const leases of opened) await leases.close();
    await catalog.close();
  });
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "done",
      (error: { code: string }) => error.code,
    );
  const taken = async (instances: number): Promise<number> => {
    const { rows } = await catalog.db.admin.query(
      "select count(*)::int as n, coalesce(sum(greatest(share, held)), 0)::int as taken from watertight_catalog.budget_lease where lease_until + interval '10 s' > clock_timestamp()",
    );
    return rows[0].taken + Math.max(0, instances - rows[0].n) * staticShare(budget, instances);
  };
  const ask = (leases: CatalogLeases, instance: string, wanted: number, share = 0) =>
    leases.renew({ server: "eu-1", instance, held: share, share, wanted });

  test("the sum is within the budget at any time, whatever is wanted", async () => {
    const { random } = seeded();
    const instances = 4;
    const stores = Array.from({ length: instances }, () => open(instances));
    const shares = stores.map(() => staticShare(budget, instances));
    for (let round = 0; round < 60; round++) {
      const at = Math.floor(random() * instances);
      if (random() < 0.1) {
        await stores[at]!.release("eu-1", `i${at}`);
        shares[at] = staticShare(budget, instances);
      } else shares[at] = (await ask(stores[at]!, `i${at}`, Math.floor(random() * 30), shares[at])).share;
      expect(await taken(instances)).toBeLessThanOrEqual(budget);
    }
    // at once as well
    await Promise.all(stores.map((store, at) => ask(store, `i${at}`, 30, shares[at])));
    expect(await taken(instances)).toBeLessThanOrEqual(budget);
  });

  test("a lease is its holder's: another process neither renews nor ends it", async () => {
    const [own, other] = [open(2), open(2)];
    await ask(own, "a", 9);
    expect(await codeOf(ask(other, "a", 9))).toBe("42501");
    await other.release("eu-1", "a");
    const left = async () =>
      (await catalog.db.admin.query("select instance from watertight_catalog.budget_lease")).rows;
    expect(await left()).toEqual([{ instance: "a" }]);
    const router = await catalog.as("router");
    for (const text of [
      "delete from watertight_catalog.budget_lease",
      "update watertight_catalog.budget_lease set share = 0",
      "select secret from watertight_catalog.budget_lease",
    ])
      expect([text, await codeOf(router.query(text))]).toEqual([text, "42501"]);
    // more than is free, asked for without the runtime's rule
    expect(
      await codeOf(
        router.query(
          "select watertight_catalog.write_lease('eu-1', 'greedy', 'a secret of its own', 12, 0, 12, 2, 3000)",
        ),
      ),
    ).toBe("42501");
    // the control: what the role was given before
    await catalog.db.admin.query(`grant delete on watertight_catalog.budget_lease to "${catalog.roles.router}"`);
    await router.query("delete from watertight_catalog.budget_lease");
    await catalog.db.admin.query(`revoke delete on watertight_catalog.budget_lease from "${catalog.roles.router}"`);
    expect(await left()).toEqual([]);
    await own.release("eu-1", "a");
  });

  test("advisory locks that a router takes hold up nobody's lease", async () => {
    const router = await catalog.as("router");
    // whatever key a lock had: the control is that this very session can take any of them
    await router.query(
      "begin; select pg_advisory_xact_lock(hashtextextended('budget:eu-1', 7071008)), pg_advisory_xact_lock(7071006)",
    );
    expect((await ask(open(2), "a", 9)).share).toBe(9);
    await router.query("rollback");
  });

  test("a restarted process takes over with the secret that it kept, and without it when the lease is over", async () => {
    await ask(open(2, { secret: "kept over a restart" }), "a", 9);
    expect((await ask(open(2, { secret: "kept over a restart" }), "a", 9)).share).toBe(9);
    await catalog.db.admin.query("update watertight_catalog.budget_lease set lease_until = now() - interval '11 s'");
    expect((await ask(open(2), "a", 9)).share).toBe(9);
  });

  test("instances that disagree on their number, and cells that nobody knows, are refused", async () => {
    await ask(open(2), "a", 1);
    expect(await codeOf(ask(open(3), "b", 1))).toBe("22023");
    expect(await codeOf(open(2).renew({ server: "nowhere", instance: "a", held: 0, share: 0, wanted: 1 }))).toBe(
      "P0002",
    );
  });

  test("two processes under load, one is killed: within the budget by the server's own count, and the other one takes over", async () => {
    const app: TestDatabase = await createDatabase(server, { kit: true });
    let running: Workers | undefined;
    try {
      const tenants = ["a", "b", "c"];
      await registerTenants(app.admin, tenants);
      running = await workers("../leases/lease-process.ts");
      const order = JSON.stringify({ catalog: catalog.url.router, app: app.appUrl, key: app.key, tenants, budget });
      const watch = await watchBackends(server, app.roles.app);
      const both = [running.start({ ORDER: order }), running.start({ ORDER: order })] as const;
      await Promise.all(both.map((each) => each.ready()));
      const shares = async (): Promise<number[]> =>
        (
          await catalog.db.admin.query(
            "select share from watertight_catalog.budget_lease where lease_until > clock_timestamp() order by share",
          )
        ).rows.map((row) => row.share as number);
      // both want everything: each gets half
      await expect.poll(shares, { timeout: 10_000 }).toEqual([6, 6]);
      await expect.poll(() => watch.peak, { timeout: 10_000 }).toBeGreaterThan(8);
      both[0].child.kill("SIGKILL");
      await both[0].ended;
      // what a lease that ends by itself takes is CI's to wait for; the living one is renewed at once
      if (!fullRun)
        await catalog.db.admin.query(
          "update watertight_catalog.budget_lease set lease_until = clock_timestamp() - interval '11 s'",
        );
      // its lease is believed in for a while, and its static share for ever: it might only be cut off
      await expect.poll(shares, { timeout: 25_000 }).toEqual([9]);
      await watch.stop();
      expect(watch.peak).toBeLessThanOrEqual(budget);
      running.check();
    } finally {
      await running?.close();
      await app.drop();
    }
  });
});

/** Chance that can be had again. */
function seeded(): { random: () => number } {
  let state = propertySeed() >>> 0;
  return {
    random: () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    },
  };
}
