// Harbour's tenants in all four models behind one application. Isolation: every attempt of the intruder, for every pair of models, is a row of a
// table; each model has a hole that must be seen. Differential: the same random requests get the same answers in all models, errors included.
import { describeServers, propertySeed, sized } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generate } from "../src/data/generate.ts";
import type { Company } from "../src/data/generate.ts";
import { clusterOn } from "../src/database/cluster.ts";
import type { Cluster } from "../src/database/cluster.ts";
import { openFleet } from "../src/fleet/fleet.ts";
import type { Fleet } from "../src/fleet/fleet.ts";
import { startFleetHarbour } from "../src/fleet/fleet-harbour.ts";
import type { FleetHarbour } from "../src/fleet/fleet-harbour.ts";
import { models } from "../src/fleet/models.ts";
import type { Model } from "../src/fleet/models.ts";
import { encounter, playFleet } from "../src/fleet/play.ts";
import type { FleetReport } from "../src/fleet/play.ts";
import { placeAttempts } from "../src/intruder/attempts.ts";
import type { Outcome } from "../src/intruder/intruder.ts";
import { differences } from "./differential/differences.ts";
import { randomDay } from "./differential/random-day.ts";
import { newcomer } from "./differential/newcomer.ts";
import { holesOfModels } from "./models/holes-of-models.ts";
import { sameTables } from "./models/same-tables.ts";

const dataset = generate({ seed: "models", tenants: 10, invoices: 120 });

describeServers((server) => {
  let cluster: Cluster;
  let fleet: Fleet;
  let harbour: FleetHarbour;
  beforeAll(async () => {
    cluster = clusterOn(server, true);
    fleet = await openFleet(cluster, dataset);
    harbour = await startFleetHarbour(fleet);
  }, 120_000);
  afterAll(async () => {
    await harbour?.close();
    await fleet?.close();
    await cluster?.close();
  }, 60_000);
  const pairOf = (attacker: Model, victim: Model): readonly [Company, Company] => [
    fleet.companies[attacker].at(-2)!,
    fleet.companies[victim].at(-1)!,
  ];
  const attack = (attacker: Model, victim: Model, ids: readonly string[]): Promise<Outcome[]> =>
    encounter(
      fleet,
      harbour,
      dataset,
      pairOf(attacker, victim),
      placeAttempts.filter(({ id }) => ids.includes(id)),
    );

  it("has the same tables in a tenant's schema as in the shared ones, without the tenant column", async () => {
    const { schema, database } = fleet.residences.get(fleet.companies.schema[0]!.id)!;
    const { shared, own } = await cluster.asAdmin(database, (client) => sameTables(client, schema!));
    expect(own).toEqual(shared);
    expect(own.length).toBeGreaterThan(80);
  });

  describe("every attempt, by an intruder of each model against a victim of each", () => {
    let report: FleetReport;
    beforeAll(async () => {
      // two instances of the application, so that nobody waits for nothing
      const second = await startFleetHarbour(fleet);
      const [a, b] = fleet.companies.pool;
      report = await playFleet(fleet, [harbour, second], dataset, [a!, b!]).finally(() => second.close());
    }, 180_000);

    it("leaves honest users their day", () => {
      expect(report.days.map(({ model }) => model)).toEqual(models.flatMap((model) => [model, model]));
      for (const { model, day } of report.days)
        expect([model, day]).toMatchObject([model, { failed: [], foreignRows: 0 }]);
    });
    it.each(models.flatMap((attacker) => models.map((victim) => ({ attacker, victim }))))(
      "$attacker -> $victim: nothing comes out, and what stopped it is known",
      ({ attacker, victim }) => {
        const { outcomes } = report.encounters.find((each) => each.attacker === attacker && each.victim === victim)!;
        expect(outcomes.filter(({ leaked }) => leaked)).toEqual([]);
        expect(outcomes.filter(({ stops }) => stops.length === 0).map(({ id }) => id)).toEqual([]);
        expect(outcomes.length).toBeGreaterThanOrEqual(placeAttempts.length - 2);
      },
    );
  });

  it.each(holesOfModels)("$title: seen", { timeout: 60_000 }, async ({ attacker, victim, attempts, open, close }) => {
    const [a, b] = pairOf(attacker, victim).map(({ id }) => fleet.residences.get(id)!);
    const sql = (database: string, text: string) => cluster.asAdmin(database, (client) => client.query(text));
    const site = { own: a!, theirs: b!, prefix: cluster.prefix };
    await sql(b!.database, open(site));
    try {
      const outcomes = await attack(attacker, victim, attempts);
      expect(outcomes.map(({ id, leaked }) => [id, leaked])).toEqual(outcomes.map(({ id }) => [id, true]));
      expect(outcomes).toHaveLength(attempts.length);
    } finally {
      await sql(b!.database, close(site));
    }
    expect((await attack(attacker, victim, attempts)).filter(({ leaked }) => leaked)).toEqual([]);
  });

  describe("four newcomers, one in each model", () => {
    let newcomers: readonly { model: Model; token: string }[];
    beforeAll(async () => {
      newcomers = await Promise.all(models.map((model) => newcomer(fleet, harbour, dataset, model)));
    }, 60_000);

    it("get the same answers to the same requests", { timeout: 120_000 }, async () => {
      const seed = propertySeed();
      const days = await Promise.all(
        newcomers.map(({ token }) => randomDay(harbour.url, token, { seed, length: sized(150, 60) })),
      );
      for (const [i, day] of days.entries())
        expect([models[i], differences(days[0]!, day)[0]]).toEqual([models[i], undefined]);
      // a day on which nothing happens, or everything fails, would be the same everywhere
      const statuses = new Set(days[0]!.map(({ status }) => status));
      for (const status of [200, 201, 202, 204, 400, 404, 409]) expect(statuses).toContain(status);
    });

    it("are refused a line of an invoice that is not there, by the floor or by the foreign key", async () => {
      const sql =
        "insert into invoice_lines (invoice_id, position, description, quantity, unit_price_cents) values (gen_random_uuid(), 1, 'x', 1, 1)";
      for (const { model, token } of newcomers) {
        const { status } = await fetch(`${harbour.url}/v1/reports/custom`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ sql }),
        });
        expect([model, status]).toEqual([model, model === "schema" ? 404 : 403]);
      }
    });

    it("are told apart as soon as one place answers differently", { timeout: 60_000 }, async () => {
      const { database, schema } = fleet.residences.get(fleet.companies.schema[0]!.id)!;
      const [pool, own] = newcomers.filter(({ model }) => model === "pool" || model === "schema");
      const table = `"${(await fleet.routes.locate(tenantOf(own!.token))).schema!}".customers`;
      expect(schema).toBeDefined();
      await cluster.asAdmin(database, (client) =>
        client.query(`alter table ${table} drop constraint customers_email_per_tenant`),
      );
      const run = { seed: propertySeed() + 1, length: 60 };
      const [one, other] = await Promise.all([
        randomDay(harbour.url, pool!.token, run),
        randomDay(harbour.url, own!.token, run),
      ]);
      expect(differences(one, other).length).toBeGreaterThan(0);
    });
  });
});

const tenantOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as { tenant: string }).tenant;
