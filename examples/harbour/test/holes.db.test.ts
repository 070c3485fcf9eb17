// Every hole on a real server: each of its attempts succeeds while it alone is open, and fails again once its `down` has run and the
// application is back to its shipped parts. A hole that does not leak proves nothing, and a pair that does not close is a hole itself.
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { generate } from "../src/data/generate.ts";
import { clusterOn } from "../src/database/cluster.ts";
import type { Cluster } from "../src/database/cluster.ts";
import { buildTemplate, copySite, installSite } from "../src/database/install.ts";
import type { Site } from "../src/database/site.ts";
import { fill } from "../src/database/sql-files.ts";
import { holes } from "../src/holes/holes.ts";
import type { Hole } from "../src/holes/hole.ts";
import { attempts } from "../src/intruder/attempts.ts";
import type { Outcome } from "../src/intruder/intruder.ts";
import { intrude, logInAll } from "../src/run/act.ts";
import { castOf } from "../src/run/cast.ts";
import { startHarbour } from "../src/server/start-harbour.ts";

const dataset = generate({ seed: "holes", tenants: 4, invoices: 160 });
const cast = castOf(dataset, 1, 0);

describeServers((server) => {
  let cluster: Cluster;
  const sites = {} as Record<"plain" | "sealed", Site>;
  beforeAll(async () => {
    cluster = clusterOn(server, true);
    const template = await buildTemplate(cluster, dataset);
    for (const level of ["plain", "sealed"] as const) sites[level] = await installSite(cluster, template, level, level);
  });
  afterAll(() => cluster?.close());

  const play = async (site: Site, open: readonly Hole[], ids: readonly string[]): Promise<Outcome[]> => {
    const harbour = await startHarbour(site, open);
    try {
      return await intrude(
        site,
        harbour,
        cast,
        await logInAll(harbour, cast),
        attempts.filter(({ id }) => ids.includes(id)),
      );
    } finally {
      await harbour.close();
    }
  };
  const onCopy = async <T>(level: "plain" | "sealed", work: (site: Site) => Promise<T>): Promise<T> => {
    const copy = await copySite(sites[level], "copy");
    try {
      return await work(copy);
    } finally {
      await cluster.drop(copy.database);
    }
  };

  it("stops every attempt as shipped, and knows by what", async () => {
    const outcomes = await onCopy("sealed", (site) =>
      play(
        site,
        [],
        attempts.map(({ id }) => id),
      ),
    );
    expect(outcomes).toHaveLength(attempts.length);
    for (const outcome of outcomes) {
      expect(outcome.leaked, outcome.id).toBe(false);
      expect(outcome.stops, outcome.id).not.toHaveLength(0);
    }
    expect(new Set(outcomes.flatMap((outcome) => outcome.stops.map((stop) => stop.layer)))).toEqual(
      new Set(["application", "context", "policy", "grant", "key"]),
    );
  });

  it.each(holes.map((hole) => [`${hole.vector} ${hole.id}`, hole] as const))(
    "%s leaks when it alone is open",
    async (_, hole) => {
      const outcomes = await onCopy(hole.plainLevel ? "plain" : "sealed", (site) => play(site, [hole], hole.attacks));
      expect(outcomes.filter((outcome) => outcome.leaked).map(({ id }) => id)).toEqual(outcomes.map(({ id }) => id));
      expect(outcomes).toHaveLength(hole.attacks.length);
    },
  );

  it.each(["sealed", "plain"] as const)("all holes are closed by their downs, at level %s", async (level) => {
    // the hole that IS the level cannot be closed at that level
    const others = attempts.filter(
      ({ id }) =>
        level === "sealed" ||
        !holes.some(
          (hole) => hole.attacks.includes(id) && hole.database === undefined && hole.application === undefined,
        ),
    );
    const outcomes = await onCopy(level, async (site) => {
      await cluster.asAdmin(site.database, async (client) => {
        for (const { database } of holes)
          if (database !== undefined) await client.query(fill(database.up, site.variables));
        for (const { database } of holes.toReversed())
          if (database !== undefined) await client.query(fill(database.down, site.variables));
      });
      return play(
        site,
        [],
        others.map(({ id }) => id),
      );
    });
    expect(outcomes.filter((outcome) => outcome.leaked).map(({ id }) => id)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(30);
  });
});
