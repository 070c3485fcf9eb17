/**
 * One tenant of each model, exported as itself: its rows and nobody else's, each once, as of one moment. The controls show that the same
 * statement sees foreign rows where row security is off, and that such a table stops the export.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeServers, type TestServer } from "@watertight/testkit";
import { fleetPool } from "@watertight/runtime/fleet";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit-log/verify-audit.ts";
import { type ExportOptions, exportTenant } from "../../src/export/export-tenant.ts";
import type { ExportManifest } from "../../src/export/manifest.ts";
import { verifyExport } from "../../src/export/verify-export.ts";
import type { SchemaSource } from "../../src/provision/schema-source.ts";
import { locationOf } from "../../src/routes/location-of.ts";
import { readRoute } from "../../src/routes/route.ts";
import { actor, asSuperuser, cellServer, type ControlPlane, controlPlane } from "../provision/cells.ts";

const own = "tenant_id uuid not null default watertight.tenant_id()::uuid, ";
const tables = (prefix: string, column: string, key: string): string[] => [
  `create table ${prefix}projects (${column}id int not null, name text, kind text, twice int generated always as (id * 2) stored, primary key (${key}id))`,
  `create table ${prefix}notes (project int not null, ${column === "" ? "" : "owner uuid not null, "}text text not null,
     foreign key (${column === "" ? "" : "owner, "}project) references ${prefix}projects (${key}id))`,
  `create table ${prefix}events (${column}id int not null, at date not null) partition by range (at)`,
  `create table ${prefix}events_old partition of ${prefix}events for values from ('2000-01-01') to ('2020-01-01')`,
  `create table ${prefix}events_new partition of ${prefix}events for values from ('2020-01-01') to ('2040-01-01')`,
];
const source: SchemaSource = {
  version: 1,
  database: [
    ...tables("public.", own, "tenant_id, "),
    "create table public.plans (id int primary key, name text)",
    "insert into public.plans values (1, 'small')",
    "grant select on public.plans to watertight_silo_readonly",
    "create table public.forgotten (tenant_id uuid, secret text)",
    "grant select on public.forgotten to watertight_silo_readonly",
  ],
  tables: [
    { table: "public.projects" },
    { table: "public.notes", parent: { table: "public.projects" } },
    { table: "public.events" },
  ],
  schema: tables("", "", ""),
};

const models = ["pool", "schema", "database", "silo"] as const;
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const stranger = uuid(99);
const nasty = 'one\n"two", \r\\.\n';

describeServers((server) => {
  let cell: TestServer;
  let plane: ControlPlane;
  let folder: string;
  const place: Record<string, { id: string; database: string; schema: string | null }> = {};
  const run = async (kind: string, input: Record<string, unknown>): Promise<Readonly<Record<string, unknown>>> => {
    const operation = await plane.run(kind, input);
    expect([kind, operation.state, operation.error]).toEqual([kind, "succeeded", null]);
    return operation.output;
  };
  const as = async <T>(
    tenant: string,
    fn: (pool: ReturnType<typeof fleetPool<typeof pg>>) => Promise<T>,
  ): Promise<T> => {
    const route = await readRoute(plane.catalog.db.admin, tenant, "main");
    const location = await locationOf(route!, plane.options.secrets);
    const pool = fleetPool(pg, { routes: { locate: async () => location }, budget: 2 });
    try {
      return await fn(pool);
    } finally {
      await pool.end();
    }
  };
  const take = (tenant: string, name: string, more: Partial<ExportOptions> = {}) =>
    exportTenant(plane.catalog.pool, actor, {
      secrets: plane.options.secrets,
      tenant,
      folder: join(folder, name),
      ...more,
    });
  const dataOf = async (name: string, { tables: files }: ExportManifest, table: string): Promise<string> =>
    readFile(join(folder, name, files.find((each) => each.name === table)!.file), "utf8");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "watertight-export-"));
    cell = await cellServer(server.version);
    plane = await controlPlane(server, { schemaOf: async () => source });
    await plane.addCell(cell, { id: "eu-1" });
    await run("template.build", { cell: "eu-1" });
    await run("pool.create", { name: "shared" });
    const { location: silo } = await run("silo.create", { name: "group" });
    for (const [at, model] of models.entries()) {
      const id = uuid(at);
      await run("tenant.create", {
        model,
        tenant: { id, slug: model },
        ...(model === "silo" ? { location: silo } : {}),
      });
      const { rows } = await plane.catalog.db.admin.query(
        "select l.database, l.schema from watertight_catalog.placement p join watertight_catalog.location l on l.id = p.location where p.tenant = $1",
        [id],
      );
      place[model] = { id, ...(rows[0] as { database: string; schema: string | null }) };
      await as(id, (pool) =>
        pool.for(id).transaction(async (tx) => {
          await tx.query("insert into projects (id, name, kind) values (1, $1, null), (2, '', 'x')", [nasty]);
          await tx.query(
            model === "schema"
              ? "insert into notes (project, text) values (1, 'mine')"
              : `insert into notes (project, owner, text) values (1, '${id}', 'mine')`,
          );
          await tx.query("insert into events (id, at) values (1, '2010-05-06'), (2, '2030-05-06')");
        }),
      );
      // rows of somebody else in the same tables, in every place that has a tenant column
      if (model !== "schema")
        await asSuperuser(
          cell,
          async (admin) => {
            await admin.query(
              "insert into public.projects (tenant_id, id, name) values ($1, 1, 'FOREIGN') on conflict do nothing",
              [stranger],
            );
            await admin.query("insert into public.notes (project, owner, text) values (1, $1, 'FOREIGN')", [stranger]);
            await admin.query("insert into public.events (tenant_id, id, at) values ($1, 1, '2010-01-01')", [stranger]);
          },
          place[model]!.database,
        );
    }
  }, 240_000);
  afterAll(async () => {
    await plane.close();
    await cell.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(models)("model %s", (model) => {
    test("has the tenant's own rows, each once, and nobody else's", async () => {
      const { id, schema } = place[model]!;
      const seen: string[] = [];
      const { manifest, sha256 } = await take(model, model, { progress: ({ table }) => void seen.push(table) });
      const inOwn = manifest.tables.filter((table) => table.schema === (schema ?? "public"));
      expect(inOwn.map(({ name, rows }) => [name, rows])).toEqual([
        ["events", 2],
        ["notes", 1],
        ["projects", 2],
      ]);
      expect(manifest).toMatchObject({ tenant: id, slug: model, model, schemaVersion: 1 });
      expect(seen).toContain(`${schema ?? "public"}.projects`);
      expect(manifest.leftOut.map(({ table }) => table)).toEqual(["public.forgotten", "public.plans"]);
      for (const { file } of manifest.tables) {
        expect(await readFile(join(folder, model, file), "utf8")).not.toContain("FOREIGN");
        expect((await stat(join(folder, model, file))).mode & 0o777).toBe(0o600);
      }
      const of = inOwn.find(({ name }) => name === "projects")!;
      expect(of.columns.find(({ name }) => name === "twice")).toMatchObject({ generated: true });
      const text = await readFile(join(folder, model, of.file), "utf8");
      const lead = model === "schema" ? "" : `${id},`;
      expect(text.slice(text.indexOf("\n") + 1)).toBe(
        `${lead}1,"${nasty.replaceAll('"', '""')}",,2\n${lead}2,"",x,4\n`,
      );
      expect(await verifyExport(join(folder, model))).toMatchObject({ valid: true, problems: [], sha256, tenant: id });
      expect(await readdir(join(folder, model))).not.toContain("UNFINISHED");
    });

    test("without row security the same statement shows foreign rows, and the table stops the export", async () => {
      const { id, database, schema } = place[model]!;
      const table = schema === null ? "public.projects" : `"${schema}".projects`;
      const read = () =>
        as(id, (pool) =>
          pool.for(id, { readOnly: true }).transaction(async (tx) => {
            const parts: Buffer[] = [];
            for await (const part of tx.copyTo(`copy (select name from ${table}) to stdout (format csv)`))
              parts.push(part);
            return Buffer.concat(parts).toString();
          }),
        );
      expect(await read()).not.toContain("FOREIGN");
      const security = (word: string) =>
        asSuperuser(cell, (admin) => admin.query(`alter table ${table} ${word} row level security`), database);
      await asSuperuser(
        cell,
        async (admin) =>
          schema === null ? undefined : admin.query(`insert into ${table} (id, name) values (77, 'FOREIGN')`),
        database,
      );
      await security("disable");
      try {
        // in a schema of one tenant every row is this tenant's: what is refused there is the open table
        expect(await read()).toContain("FOREIGN");
        await expect(take(id, `${model}-open`)).rejects.toMatchObject({ code: "WT_EXPORT_UNPROTECTED" });
        await expect(verifyExport(join(folder, `${model}-open`))).rejects.toMatchObject({
          code: "WT_EXPORT_INCOMPLETE",
        });
        expect(await readdir(join(folder, `${model}-open`))).toEqual(["UNFINISHED"]);
        // left out by name, it is named; with the parent open, what rests on it is open as well
        const { manifest } = await take(id, `${model}-without`, {
          leaveOut: [table.replaceAll('"', ""), ...(schema === null ? ["public.notes"] : [])],
        });
        expect(manifest.leftOut).toContainEqual({ table: table.replaceAll('"', ""), why: "left out by name" });
        expect(manifest.tables.map(({ name }) => name)).toContain("events");
      } finally {
        await security("enable");
      }
    });
  });

  test("all tables are of one moment: what is written meanwhile is in none of them", async () => {
    const { id } = place["pool"]!;
    const { manifest } = await take(id, "before");
    const before = manifest.tables.map(({ rows }) => rows);
    let written = false;
    const { manifest: during } = await take(id, "during", {
      progress: async () => {
        if (written) return;
        written = true;
        // the first table is read, the others are not: the new row is theirs as well, whole
        await as(id, (pool) =>
          pool.for(id).transaction(async (tx) => {
            await tx.query("insert into projects (id, name) values (3, 'LATE')");
            await tx.query(`insert into notes (project, owner, text) values (3, '${id}', 'LATE')`);
            await tx.query("insert into events (id, at) values (3, '2011-01-01')");
          }),
        );
      },
    });
    expect(written).toBe(true);
    expect(during.tables.map(({ rows }) => rows)).toEqual(before);
    expect(await dataOf("during", during, "projects")).not.toContain("LATE");
    // the control: it was committed while the export ran, and is whole in the next one
    const { manifest: after } = await take(id, "after");
    expect(after.tables.map(({ rows }) => rows)).toEqual(before.map((rows) => rows + 1));
  });

  test("a floor with a second way in is no floor, and what slips through is seen in the rows", async () => {
    const { id, database } = place["silo"]!;
    const withFloor = async (using: string, name: string): Promise<unknown> => {
      const change = (text: string) =>
        asSuperuser(
          cell,
          (admin) => admin.query(`alter policy watertight_floor on public.events using (${text})`),
          database,
        );
      const right = "events.tenant_id = (select watertight.tenant_id()::uuid)";
      await change(using);
      try {
        return await take(id, name).catch((error: { code: string }) => error.code);
      } finally {
        await change(right);
      }
    };
    expect(await withFloor("events.tenant_id = (select watertight.tenant_id()::uuid) or true", "or")).toBe(
      "WT_EXPORT_UNPROTECTED",
    );
    expect(
      await withFloor("case when watertight.tenant_id() is not null then events.tenant_id is not null end", "slip"),
    ).toBe("WT_EXPORT_FOREIGN_ROW");
    expect(await withFloor("events.tenant_id = (select watertight.tenant_id()::uuid)", "right")).toMatchObject({});
  });

  test("shared tables come along when they are named, tenants' tables that nobody protected never", async () => {
    const { id } = place["database"]!;
    const { manifest } = await take(id, "plans", { shared: ["public.plans"] });
    expect(manifest.tables.find(({ name }) => name === "plans")).toMatchObject({ shared: true, rows: 1 });
    expect(await dataOf("plans", manifest, "plans")).toBe("id,name\n1,small\n");
    await expect(take(id, "forgotten", { shared: ["public.forgotten"] })).rejects.toMatchObject({
      code: "WT_EXPORT_UNPROTECTED",
    });
    await expect(take(id, "unknown", { shared: ["public.nothing"] })).rejects.toMatchObject({
      code: "WT_CATALOG_NOT_FOUND",
    });
  });

  test("a folder with something in it is refused and left as it is; who is not served is refused", async () => {
    const full = join(folder, "full");
    await mkdir(full);
    await writeFile(join(full, "mine.txt"), "x");
    await expect(take("pool", "full")).rejects.toMatchObject({ code: "WT_EXPORT_FOLDER" });
    expect(await readdir(full)).toEqual(["mine.txt"]);
    await expect(take("nobody", "nobody")).rejects.toMatchObject({ code: "WT_CATALOG_NOT_FOUND" });
    await run("tenant.suspend", { tenant: place["database"]!.id });
    await expect(take("database", "suspended")).rejects.toMatchObject({ code: "WT_CATALOG_STATE" });
    await run("tenant.resume", { tenant: place["database"]!.id });
  });

  test("an export that was changed is found out", async () => {
    const { manifest } = await take("schema", "changed");
    const [first, second] = manifest.tables as unknown as [{ file: string }, { file: string }];
    const at = (name: string): string => join(folder, "changed", name);
    await writeFile(at(first.file), "x\n", { flag: "a" });
    await rm(at(second.file));
    await symlink("/etc/hostname", at(second.file));
    await writeFile(at("more.csv"), "");
    const { valid, problems } = await verifyExport(join(folder, "changed"));
    expect(valid).toBe(false);
    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      first.file,
      first.file,
      first.file,
      second.file,
      "more.csv",
    ]);
    const text = await readFile(at("manifest.json"), "utf8");
    await writeFile(at("manifest.json"), text.replace(first.file, "../../0001_x.csv"));
    await expect(verifyExport(join(folder, "changed"))).rejects.toMatchObject({ code: "WT_CATALOG_INPUT" });
  });

  test("is in the audit log from its beginning, also where it failed", async () => {
    const { rows } = await plane.catalog.db.admin.query(
      "select action, count(*)::int as n from watertight_catalog.audit_log where action like 'tenant.export%' group by 1",
    );
    const of = Object.fromEntries((rows as { action: string; n: number }[]).map(({ action, n }) => [action, n]));
    expect(of["tenant.export_begun"]).toBe(of["tenant.exported"]! + of["tenant.export_failed"]!);
    expect(of["tenant.export_failed"]).toBeGreaterThan(4);
    expect((await verifyAudit(plane.catalog.db.admin)).valid).toBe(true);
  });
});
