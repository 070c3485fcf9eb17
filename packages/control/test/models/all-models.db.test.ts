/**
 * Tenants of all four models behind one pool: the same statements give the same answers, nobody sees or writes anybody else's rows, the reading
 * login cannot write, and who is suspended is refused, wherever a tenant lives.
 */
import { describeServers, type TestServer } from "@watertight/testkit";
import { tenancy } from "@watertight/runtime";
import { fleetPool } from "@watertight/runtime/fleet";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SchemaSource } from "../../src/provision/schema-source.ts";
import { type CatalogRoutes, catalogRoutes } from "../../src/routes/catalog-routes.ts";
import { cellServer, type ControlPlane, controlPlane } from "../provision/cells.ts";

const own = "tenant_id uuid not null default watertight.tenant_id()::uuid, ";
const tables = (prefix: string, column: string, key: string): string[] => [
  `create table ${prefix}projects (${column}id int not null, name text not null, primary key (${key}id))`,
  `create table ${prefix}tasks (${column}id int not null, project int not null, title text not null, primary key (${key}id),
     foreign key (${key}project) references ${prefix}projects (${key}id))`,
];
const source: SchemaSource = {
  version: 1,
  database: tables("public.", own, "tenant_id, "),
  tables: [{ table: "public.projects" }, { table: "public.tasks" }],
  schema: tables("", "", ""),
};

const models = ["pool", "schema", "database", "silo"] as const;
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
/** Two tenants of each model. */
const tenants = models.flatMap((model, at) =>
  [0, 1].map((n) => ({ model, id: uuid(10 * at + n), mark: `${model}-${n}` })),
);

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let routes: CatalogRoutes;
  let pool: ReturnType<typeof fleetPool<typeof pg>>;
  const run = async (kind: string, input: Record<string, unknown>): Promise<Readonly<Record<string, unknown>>> => {
    const operation = await plane.run(kind, input);
    expect([kind, operation.state, operation.error]).toEqual([kind, "succeeded", null]);
    return operation.output;
  };
  beforeAll(async () => {
    cell = await cellServer(server.version);
    plane = await controlPlane(server, { schemaOf: async () => source });
    await plane.addCell(cell, { id: "eu-1" });
    await run("template.build", { cell: "eu-1" });
    await run("pool.create", { name: "shared" });
    const { location: silo } = await run("silo.create", { name: "group" });
    for (const { model, id, mark } of tenants)
      await run("tenant.create", {
        model,
        tenant: { id, slug: mark },
        ...(model === "silo" ? { location: silo } : {}),
      });
    routes = catalogRoutes({ url: plane.catalog.url.router, secrets: plane.options.secrets });
    pool = fleetPool(pg, { routes, budget: 12 });
  }, 240_000);
  afterAll(async () => {
    await pool.end();
    await routes.close();
    await plane.close();
    await cell.stop();
  });
  const rowsOf = async (id: string, text: string, values: unknown[] = []): Promise<unknown[]> =>
    (await pool.for(id).query(text, values)).rows;
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "done",
      (error: { code: string }) => error.code,
    );

  test("the same day of work has the same answers in all models", async () => {
    const days = await Promise.all(
      tenants.map(async ({ id, mark }) => {
        const answers: unknown[] = [];
        for (const n of [1, 2, 3])
          answers.push(
            await rowsOf(id, "insert into projects (id, name) values ($1, $2) returning id", [n, `${mark} ${n}`]),
          );
        answers.push(
          await pool.for(id).transaction(async (tx) => {
            await tx.query("insert into tasks (id, project, title) values (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')");
            return (await tx.query("select project, count(*)::int as n from tasks group by 1 order by 1")).rows;
          }),
        );
        answers.push(await rowsOf(id, "update tasks set title = upper(title) where project = 1 returning id, title"));
        answers.push(await rowsOf(id, "delete from projects where id = 3 returning id"));
        answers.push(await codeOf(rowsOf(id, "insert into tasks (id, project, title) values (9, 9, 'nowhere')")));
        answers.push(await codeOf(rowsOf(id, "insert into projects (id, name) values (1, 'twice')")));
        answers.push(
          await rowsOf(
            id,
            "select p.id, count(t)::int as tasks from projects p left join tasks t on t.project = p.id group by 1 order by 1",
          ),
        );
        answers.push(
          (await rowsOf(id, "select name from projects order by id")).map((row) =>
            (row as { name: string }).name.replace(mark, "…"),
          ),
        );
        return answers;
      }),
    );
    for (const day of days) expect(day).toEqual(days[0]);
    // and the answers are those that a person expects
    expect(days[0]!.slice(-2)).toEqual([
      [
        { id: 1, tasks: 2 },
        { id: 2, tasks: 1 },
      ],
      ["… 1", "… 2"],
    ]);
  });

  describe.each(tenants.map((each) => [each.mark, each] as const))("%s", (_, { id, mark }) => {
    test("sees its own rows and nobody else's, by whatever id", async () => {
      const names = (await rowsOf(id, "select name from projects")) as { name: string }[];
      expect(names.map(({ name }) => name).every((name) => name.startsWith(`${mark} `))).toBe(true);
      expect(names).toHaveLength(2);
      // every statement that names no tenant works on its own rows alone
      expect(await rowsOf(id, "update tasks set title = title returning id")).toHaveLength(3);
      for (const other of tenants.filter((each) => each.id !== id))
        expect(
          (await rowsOf(other.id, "select name from projects")).some((row) =>
            (row as { name: string }).name.startsWith(`${mark} `),
          ),
        ).toBe(false);
    });

    test("cannot write as another, nor reach another's place by its name", async () => {
      for (const other of tenants.filter((each) => each.id !== id)) {
        const { schema, model } = await routes.locate(other.id);
        if (schema !== undefined)
          expect(await rowsOf(id, `select name from "${schema}".projects`).catch(() => [])).toEqual([]);
        if (schema !== undefined)
          expect(await codeOf(rowsOf(id, `insert into "${schema}".projects values (77, 'planted')`))).not.toBe("done");
        if (model !== "schema")
          expect(
            await codeOf(
              rowsOf(id, "insert into public.projects (tenant_id, id, name) values ($1, 77, 'planted')", [other.id]),
            ),
          ).not.toBe("done");
      }
      for (const other of tenants) expect(await rowsOf(other.id, "select id from projects where id = 77")).toEqual([]);
    });

    test("reads with a login that the server lets read only", async () => {
      const reader = pool.for(id, { readOnly: true });
      expect((await reader.query("select id from projects order by id")).rows).toEqual([{ id: 1 }, { id: 2 }]);
      for (const text of [
        "delete from tasks",
        "update projects set name = 'x'",
        "insert into projects (id, name) values (8, 'x')",
      ])
        expect([text, await codeOf(reader.query(text))]).not.toEqual([text, "done"]);
      expect(await rowsOf(id, "select count(*)::int as n from tasks")).toEqual([{ n: 3 }]);
    });

    test("is refused while it is suspended, and served afterwards", async () => {
      await run("tenant.suspend", { tenant: id });
      expect(await codeOf(rowsOf(id, "select 1 from projects"))).toBe("WT_TENANT_NOT_SERVED");
      await run("tenant.resume", { tenant: id });
      expect(await rowsOf(id, "select count(*)::int as n from projects")).toEqual([{ n: 2 }]);
    });
  });

  test("without a tenant nothing is sent, with two nothing is done", async () => {
    expect(await codeOf(pool.query("select * from projects"))).toBe("WT_NO_TENANT");
    const [a, b] = [tenants[0]!, tenants[7]!];
    expect(await codeOf(tenancy.run(a.id, () => pool.for(b.id).query("select 1")))).toBe("WT_TENANT_MISMATCH");
  });
});
