/**
 * The hostile classes through the real pool, with named and unnamed statements, and a grammar of row accesses: nothing of B reaches A.
 * The grammar's control is the same on tables without row security.
 */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Arena, makeArena } from "../../../schema/test/attacks/arena.ts";
import { channelClasses } from "../../../schema/test/attacks/classes/channels.ts";
import { contextClasses } from "../../../schema/test/attacks/classes/context.ts";
import { leftoverClasses } from "../../../schema/test/attacks/classes/leftovers.ts";
import { reachClasses } from "../../../schema/test/attacks/classes/reach.ts";
import { brief, count, newTally, printTally, tally } from "../../../schema/test/attacks/tally.ts";
import { removal } from "../../../schema/test/attacks/weaknesses.ts";
import { contexts, shapes, targets } from "./grammar.ts";
import { listenTo } from "./pool-listener.ts";
import { hostilePool, runPoolTrial, verdict } from "./pool-trial.ts";

const classes = [...contextClasses, ...leftoverClasses, ...reachClasses, ...channelClasses];

// After a lone COMMIT the runtime opens the context again, so what then works is A's own right.
const reopened = new Set(["own-seal-later"]);

const tables = ["projects", "tasks", "comments", "events"];
const backup = `create schema kept; ${tables.map((table) => `create table kept.${table} as table app.${table};`).join(" ")}`;
const restore = `truncate ${tables.map((table) => `app.${table}`).join(", ")};
  ${tables.map((table) => `insert into app.${table} overriding system value table kept.${table};`).join(" ")}`;

describeServers((server) => {
  const counts = newTally();
  let template: Arena;
  let arena: Arena;

  beforeAll(async () => {
    template = await makeArena(server);
    await template.freeze();
    arena = await makeArena(server, { template });
  });
  afterAll(async () => {
    printTally(`hostile statements through the pool, PostgreSQL ${server.version}`, counts);
    await arena?.drop();
    await template?.drop();
  });

  const runs = [
    { prepare: "all", chosen: classes },
    { prepare: "none", chosen: leftoverClasses },
  ] as const;
  describe.each(runs)("classes, prepare: $prepare", ({ prepare, chosen }) => {
    test.each(chosen.map((each) => [each.id, each] as const))("%s", async (_, hostile) => {
      const trial = await runPoolTrial(arena, hostile, { prepare });
      tally(counts, "shipped", trial);
      expect(trial.syntaxErrors).toEqual([]);
      expect(trial.leaks).toEqual([]);
      expect(trial.borrower, brief(trial)).not.toBe("wrong");
      if (hostile.harm && hostile.open === undefined && !reopened.has(hostile.id))
        expect(hostile.harm(trial), brief(trial)).toBe(false);
    });
  });

  test.each(Object.keys(shapes))("grammar, %s: nothing of B", async (shape) => {
    const { leaks, unparsed } = await runShape(arena, shape);
    expect(unparsed).toEqual([]);
    expect(leaks).toEqual([]);
  });

  // Refusals alone would pass as well: A's own rows must have been served all along.
  test("grammar: A was served", () => {
    expect(counts.get("grammar")?.executed).toBeGreaterThan(300);
  });

  test("grammar: every shape leaks without row security", async () => {
    const soft = await makeArena(server, { template });
    const harmless: string[] = [];
    try {
      await soft.db.admin.query(removal("row security off").sql!(soft.world));
      await soft.db.admin.query(`grant all on all tables in schema app to "${soft.roles.app}"; ${backup}`);
      for (const shape of Object.keys(shapes)) {
        const { leaks } = await runShape(soft, shape, ["own"], "weakened grammar");
        if (leaks.length === 0) harmless.push(shape);
        if (leaks.some((leak) => leak.startsWith("B's rows"))) await soft.db.admin.query(restore);
      }
    } finally {
      await soft.drop();
    }
    expect(harmless).toEqual([]);
  });

  async function runShape(
    on: Arena,
    shape: string,
    which: readonly string[] = Object.keys(contexts),
    phase = "grammar",
  ): Promise<{ leaks: string[]; unparsed: string[] }> {
    const before = await on.fingerprintB();
    const found = { leaks: [] as string[], unparsed: [] as string[] };
    const pool = hostilePool(on, { prepare: "none" });
    const listener = listenTo(pool);
    const a = pool.for(on.world.a);
    let executed = 0;
    let errored = 0;
    let refused = 0;
    for (const target of targets(on.world))
      for (const context of which) {
        const text = shapes[shape]!(target, on.world);
        const result = await a
          .batch([{ text: contexts[context]!(on.world) }, { text }])
          .catch((error: { code?: string; sqlstate?: string }) => error.sqlstate ?? error.code ?? "lost");
        if (typeof result !== "string") executed++;
        else if (/^(WT|42501)/.test(result)) refused++;
        else errored++;
        if (result === "42601") found.unparsed.push(text);
      }
    verdict(on, listener, found, shape);
    await pool.end();
    if ((await on.fingerprintB()) !== before) found.leaks.push(`B's rows changed by ${shape}`);
    count(counts, phase, { classes: 1, executed, errored, refused, leaked: found.leaks.length > 0 ? 1 : 0 });
    return found;
  }
});
