/**
 * A mutant is made from the clean database by a few statements, for speed. Here one of each operator is made from its migrations instead, and the two
 * catalogs must be the same.
 */
import { diffSnapshots } from "@watertight/schema";
import { servers } from "@watertight/testkit";
import { describe, expect, test } from "vitest";
import { loadParser } from "../../src/understand/sql/parser.ts";
import { openBench } from "./bench.ts";
import { operators } from "./operators/index.ts";
import { prepare } from "./run-mutants.ts";
import { cleanSources } from "./schemas.ts";

const names = ["club", "shop", "ledger"];

// the newest server: what is compared are our own statements, not versions
for (const server of servers().slice(0, 1))
  describe(`PostgreSQL ${server.version}`, () => {
    test("are what their migrations make", { timeout: 300_000 }, async () => {
      await loadParser();
      const prepared = await Promise.all(
        cleanSources.filter(({ name }) => names.includes(name)).map((source) => prepare(server, source)),
      );
      const empty = await Promise.all(
        prepared.map(({ schema }) => openBench(server, schema.statements.map(({ text }) => text).join("\n;\n"), {})),
      );
      try {
        const compared = new Set<string>();
        for (const operator of operators)
          for (const [at, { schema, bench }] of prepared.entries())
            for (const { delta, migrations, target } of operator.mutate(schema).slice(0, 1)) {
              const first = migrations[0]!.slice(schema.statements.length);
              // more statements behind the schema are the same either way
              if (compared.has(operator.name) || delta.join() === first.join()) continue;
              const short = await bench.try(delta, migrations);
              const long = await empty[at]!.try(migrations.flat(), migrations);
              const differences = diffSnapshots(long.snapshot, short.snapshot).filter(
                ({ kind }) => kind !== "database",
              );
              expect(
                differences.map(({ text }) => text),
                `${operator.name}: ${schema.name}: ${target}`,
              ).toEqual([]);
              compared.add(operator.name);
            }
        expect(compared.size).toBeGreaterThanOrEqual(40);
      } finally {
        await Promise.all([...prepared.map(({ bench }) => bench.close()), ...empty.map((bench) => bench.close())]);
      }
    });
  });
