// One thing spoiled in a clean schema: the attack that it takes leaks, in its cell and under its vector, and nothing else does.
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import { attackGround } from "./attack-ground.ts";
import { cleanShop } from "./shop.ts";
import { spoiled } from "./shop-spoiled.ts";

describeServers((server) => {
  for (const { name, sql, table, column, vector, evidence, also = [] } of spoiled)
    test(name, async () => {
      const superuser = /alter role|create role|create extension|owner to shop_app/.test(sql);
      const ground = await attackGround(
        server,
        cleanShop + (superuser ? sql.replace("set role shop_owner; ", "") : sql),
      );
      try {
        const matrix = await attackSchema(ground.server, ground.facts, { seed: "spoiled" });
        const leaks = matrix.cells.filter(({ verdict }) => verdict === "LEAK");
        const attempts = leaks
          .filter((cell) => cell.table.name === table && cell.column === column)
          .flatMap((cell) => cell.attempts.filter(({ result }) => result === "leaked"));
        expect(attempts.map((attempt) => [attempt.vector, attempt.evidence])).toContainEqual([
          vector,
          expect.stringMatching(evidence),
        ]);
        const here = leaks.filter((cell) => cell.table.name === table).map((cell) => cell.column);
        expect(new Set(here)).toEqual(new Set([column, ...also]));
        if (!/alter role|owner to shop_app|create role|create rule|tell/.test(sql))
          expect(leaks.filter((cell) => cell.table.name !== table).map((cell) => cell.table.name)).toEqual([]);
      } finally {
        await ground.drop();
      }
    });
});
