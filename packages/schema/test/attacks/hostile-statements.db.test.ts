/**
 * Every class of hostile statements on the database as shipped, with named and unnamed runtime statements: nothing of B reaches A, nothing is
 * left behind. Then every class with its defence removed: it must leak or harm, or the test above would prove nothing.
 */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Arena, makeArena } from "./arena.ts";
import { channelClasses } from "./classes/channels.ts";
import { contextClasses } from "./classes/context.ts";
import { leftoverClasses } from "./classes/leftovers.ts";
import { reachClasses } from "./classes/reach.ts";
import { shipped } from "./desk.ts";
import { brief, newTally, printTally, tally } from "./tally.ts";
import { runTrial } from "./trial.ts";
import { removal, type Weakness, weaknesses } from "./weaknesses.ts";

const classes = [...contextClasses, ...leftoverClasses, ...reachClasses, ...channelClasses];

describeServers((server) => {
  const templates: Record<"shipped" | "plain" | "soft", Arena> = {} as never;
  const counts = newTally();
  let arena: Arena;

  beforeAll(async () => {
    templates.shipped = await makeArena(server);
    templates.plain = await makeArena(server, { level: "plain" });
    templates.soft = await makeArena(server, { harden: false });
    for (const template of Object.values(templates)) await template.freeze();
    arena = await makeArena(server, { template: templates.shipped });
  });
  afterAll(async () => {
    printTally(`hostile statements, PostgreSQL ${server.version}`, counts);
    for (const each of [arena, ...Object.values(templates)]) await each?.drop();
  });

  // What a class does to other sessions or objects does not depend on names.
  const runs = [
    { names: "random", chosen: classes },
    { names: "none", chosen: leftoverClasses },
  ] as const;
  describe.each(runs)("as shipped, statement names: $names", ({ names, chosen }) => {
    test.each(chosen.map((each) => [each.id, each] as const))("%s", async (_, hostile) => {
      const trial = await runTrial(arena, hostile, { ...shipped, names });
      tally(counts, "shipped", trial);
      expect(trial.syntaxErrors).toEqual([]);
      expect(trial.leaks).toEqual([]);
      expect(trial.borrower).not.toBe("wrong");
      if (hostile.harm) expect(hostile.harm(trial), brief(trial)).toBe(hostile.open !== undefined);
    });
  });

  const bites = classes.filter((each) => each.biteWith !== undefined);
  describe.each([...new Set(bites.map((each) => each.biteWith as Weakness))])("without: %s", (weakness) => {
    let soft: Arena;
    const {
      from = "shipped",
      sql,
      undo,
      rig,
    } = removal(weakness) as ReturnType<typeof removal> & { sql?: Function; undo?: Function };
    beforeAll(async () => {
      soft = await makeArena(server, { template: templates[from] });
      if (sql) await soft.db.admin.query(sql(soft.world));
    });
    afterAll(async () => {
      if (undo) await soft.db.admin.query(undo(soft.world));
      await soft.drop();
    });

    test.each(bites.filter((each) => each.biteWith === weakness).map((each) => [each.id, each] as const))(
      "%s bites",
      async (_, hostile) => {
        const trial = await runTrial(soft, hostile, { ...shipped, ...rig });
        tally(counts, "weakened", trial);
        const harmed = hostile.harm?.(trial) ?? false;
        expect(trial.leaks.length > 0 || trial.borrower === "wrong" || harmed, brief(trial)).toBe(true);
      },
    );
  });

  test("every weakness is used", () => {
    expect(new Set(classes.map((each) => each.biteWith).filter(Boolean))).toEqual(new Set(Object.keys(weaknesses)));
  });
});
