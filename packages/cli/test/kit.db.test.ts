// The commands on real servers: install, observe, protect, status, shell, keys, tenants, back out, uninstall; JSON documents, dry runs,
// exit codes.
import { randomBytes } from "node:crypto";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { capture, type Captured, type CaptureOptions } from "./support/capture.ts";

describeServers((server) => {
  describe("kit commands", () => {
    let db: TestDatabase;
    let env: Record<string, string>;
    const wt = (line: string[], options: CaptureOptions = {}): Promise<Captured> => capture(line, { ...options, env });
    const kit = (...line: string[]): Promise<Captured> => wt(["kit", ...line]);

    beforeEach(async () => {
      db = await createDatabase(server, { kit: true });
      env = { DATABASE_URL: db.adminUrl, APP_URL: db.appUrl, WATERTIGHT_KEY: db.key };
      await db.admin.query(
        `create table public.projects (id int primary key, tenant_id text not null, name text); insert into public.projects values (1, 'a', 'one'), (2, 'b', E'two\\u001b[2J')`,
      );
      await db.admin.query(
        `create table public.tenants (id text primary key); insert into public.tenants values ('a'), ('b')`,
      );
    });
    afterEach(() => db.drop());

    it("goes the whole way: observe, enforce, shell, back out", async () => {
      expect((await kit("tenants", "follow", "tenants", "id", "--json")).json()).toMatchObject({
        schemaVersion: 1,
        command: "kit tenants follow",
        added: 2,
      });
      expect((await kit("observe", "projects")).exitCode).toBe(0);
      const observed = await kit("status", "--json");
      expect(observed.json().checks.find((check: { id: string }) => check.id === "table:public.projects").state).toBe(
        "warn",
      );
      const enforced = (await kit("enforce", "projects", "--json")).json();
      expect(enforced.tables[0]).toMatchObject({ mode: "enforce", tenantColumn: "tenant_id", tenantType: "text" });
      expect(enforced.tables[0].findings.map((finding: { vectorId: string }) => finding.vectorId)).toEqual(["E5"]);

      const own = await kit("shell", "--as", "a", "-c", "select id, name from projects", "--json");
      expect(own.json()).toMatchObject({ tenant: "a", columns: ["id", "name"], rows: [[1, "one"]] });
      const other = await wt(["kit", "shell", "--as", "b", "--db", "env:APP_URL", "-c", "select * from projects"]);
      expect(other.out).toContain("two\\u001b[2J");
      expect(other.out).toContain("(1 row)");
      expect((await kit("shell", "--as", "a", "-c", "insert into projects values (9, 'b', 'x')")).exitCode).toBe(1);
      expect((await kit("shell", "--as", "nobody", "-c", "select 1")).exitCode).toBe(3);
      // one statement a message: nothing after a semicolon runs outside of the context
      expect((await kit("shell", "--as", "a", "-c", "commit; select 1")).exitCode).toBe(1);

      expect((await kit("unprotect", "projects")).exitCode).toBe(0);
      expect(
        (await db.admin.query("select relrowsecurity as on from pg_class where relname = 'projects'")).rows[0].on,
      ).toBe(false);
      expect((await kit("enforce", "projects")).exitCode).toBe(2);
    });

    it("prompts as one tenant", async () => {
      await kit("tenants", "add", "a", "b");
      await kit("protect", "projects");
      const session = await wt(["kit", "shell", "--as", "a"], {
        input:
          "select count(*) from\n  projects;\nselect nonsense;\nupdate projects set name = 'new';\n\\dt\n\\q\nselect 1;\n",
      });
      expect(session.exitCode).toBe(1);
      expect(session.out).toContain("UPDATE 1");
      expect(session.out).toContain("forced");
      expect(session.err).toContain("42703");
      expect((await db.admin.query("select id from projects where name = 'new'")).rows).toEqual([{ id: 1 }]);
    });

    it("tells by its exit code whether every statement of a script ran, the last one without semicolon included", async () => {
      await kit("tenants", "add", "a");
      await kit("protect", "projects");
      const shell = (input: string, interactive = false): Promise<Captured> =>
        wt(["kit", "shell", "--as", "a"], { input, interactive });
      expect((await shell("select 1;\nselect 2")).exitCode).toBe(0);
      expect((await shell("select 1;\nselect nonsense")).exitCode).toBe(1);
      expect((await shell("select nonsense;\nselect 1;\n")).exitCode).toBe(1);
      expect((await shell("select nonsense;\n\\q\n", true)).exitCode).toBe(0);
      // no statement can run at all
      expect((await wt(["kit", "shell", "--as", "nobody"], { input: "select 1;\n" })).exitCode).toBe(3);
    });

    it("answers a wrong statement with PostgreSQL's own hint", async () => {
      await kit("tenants", "add", "a");
      const { error } = (await kit("shell", "--as", "a", "-c", "select lenth('x')", "--json")).json();
      expect(error.code).toBe("42883");
      expect(error.next).toMatch(/argument types|function/);
      const other = (await kit("shell", "--as", "a", "-c", "selec 1", "--json")).json();
      expect(other.error.code).toBe("42601");
      expect(other.error.next).not.toContain("kit status");
    });

    it("changes no table when one of them cannot be protected", async () => {
      await db.admin.query("create table public.odd (id int); create table public.tasks (tenant_id text not null)");
      const switches = async (): Promise<string[]> =>
        (
          await db.admin.query(
            "select relname as name from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace order by 1",
          )
        ).rows.map((row) => row.name);
      for (const verb of ["protect", "observe"])
        for (const [last, code] of [
          ["typo", "WT_KIT_TABLE"],
          ["odd", "WT_KIT_TENANT_COLUMN"],
        ] as const) {
          const result = await kit(verb, "projects", "tasks", last, "--json");
          expect([verb, result.exitCode, result.json().error.code]).toEqual([verb, 2, code]);
          expect(await switches()).toEqual([]);
        }
      expect((await kit("observe", "projects", "tasks")).exitCode).toBe(0);
      await db.admin.query("insert into public.projects values (3, 'a', 'three')");
      expect((await kit("enforce", "projects", "tasks", "odd")).exitCode).toBe(2);
      expect((await db.admin.query("select distinct mode from watertight.protected")).rows).toEqual([
        { mode: "observe" },
      ]);
      expect((await kit("enforce", "projects", "tasks")).exitCode).toBe(0);
      expect(await switches()).toEqual(["projects", "tasks"]);
      // an observed parent and its child become enforced in one call
      await db.admin.query("create table public.steps (id int, project_id int references public.projects)");
      await kit("observe", "projects");
      expect((await kit("observe", "steps", "--parent", "projects")).exitCode).toBe(0);
      expect((await kit("enforce", "projects", "steps")).exitCode).toBe(0);
    });

    it("lists what observing recorded, by statement", async () => {
      await db.admin.query("grant select on public.projects to " + db.roles.app);
      const observed = await kit("observe", "projects");
      expect(observed.err).toContain("watertight kit observations");
      expect((await kit("observations", "--json")).json().observations).toEqual([]);
      const app = new pg.Client({ connectionString: db.appUrl });
      await app.connect();
      for (const text of ["select id from projects", "select id from projects", "select name\nfrom projects"])
        await app.query(text);
      await app.end();
      const { observations } = (await kit("observations", "--json")).json();
      expect(observations.map((each: Record<string, unknown>) => [each.statements, each.example])).toEqual([
        [2, "select id from projects"],
        [1, "select name\nfrom projects"],
      ]);
      expect(observations[0]).toMatchObject({ relation: "public.projects", kind: "observed_no_context" });
      expect((await kit("observations")).out).toContain("select name from projects");
    });

    it("takes the id column as an option too", async () => {
      expect((await kit("tenants", "follow", "tenants")).exitCode).toBe(2);
      expect((await kit("tenants", "follow", "tenants", "id", "--column", "other")).exitCode).toBe(2);
      expect((await kit("tenants", "follow", "tenants", "--column", "id", "--json")).json()).toMatchObject({
        column: "id",
        added: 2,
      });
    });

    it("prints SQL and changes nothing with --dry-run", async () => {
      const plan = await kit("protect", "projects", "--dry-run");
      expect(plan.out).toContain('alter table "public"."projects" force row level security;');
      // what is printed is what would run
      await db.admin.query("begin");
      await db.admin.query(plan.out);
      await db.admin.query("rollback");
      expect(
        (await kit("status", "--json"))
          .json()
          .checks.some((check: { id: string }) => check.id === "table:public.projects"),
      ).toBe(false);
      const gone = await kit("uninstall", "--dry-run");
      expect(gone.out).toContain("drop schema watertight cascade;");
      expect((await kit("install", "--dry-run")).exitCode).toBe(0);
      expect((await kit("keys", "list", "--json")).json().keys).toHaveLength(1);
    });

    it("rotates keys and changes tenants", async () => {
      const rotated = (await kit("keys", "rotate", "--json")).json();
      expect(rotated.key).toMatch(/^[a-z0-9]{4}:/);
      expect((await kit("keys", "retire", rotated.kid)).exitCode).toBe(2);
      expect((await kit("keys", "retire", rotated.retiring[0])).exitCode).toBe(0);
      expect((await kit("tenants", "add", "a", "b")).out).toContain("2 new");
      expect((await kit("tenants", "suspend", "a")).exitCode).toBe(0);
      expect((await kit("tenants", "list", "--state", "suspended", "--json")).json().tenants).toHaveLength(1);
      env.WATERTIGHT_KEY = rotated.key;
      expect((await kit("shell", "--as", "a", "-c", "select 1")).exitCode).toBe(3);
      await kit("tenants", "resume", "a");
      expect((await kit("shell", "--as", "a", "-c", "select 1")).exitCode).toBe(0);
    });

    it("fails the status on drift, unless told otherwise", async () => {
      await kit("tenants", "add", "a");
      await kit("protect", "projects");
      expect((await kit("status")).exitCode).toBe(0);
      await db.admin.query("alter table projects no force row level security");
      const status = await kit("status");
      expect(status.exitCode).toBe(1);
      expect(status.out).toContain("FAIL");
      expect((await kit("status", "--fail-on", "never")).exitCode).toBe(0);
      await kit("protect", "projects");
      expect((await kit("status")).exitCode).toBe(0);
    });

    it("says what to do where nothing is installed", async () => {
      const bare = await createDatabase(server);
      const status = await capture(["kit", "status"], { env: { DATABASE_URL: bare.adminUrl } });
      expect([status.exitCode, status.err]).toEqual([3, expect.stringContaining("WT_KIT_NOT_INSTALLED")]);
      const shell = await capture(["kit", "shell", "--as", "a", "-c", "select 1", "--json"], {
        env: { DATABASE_URL: bare.adminUrl },
      });
      expect([shell.exitCode, shell.json().error.code]).toEqual([3, "WT_KIT_NOT_INSTALLED"]);
      await bare.drop();
    });

    it("uninstalls only when somebody says so", async () => {
      const tag = `c${randomBytes(4).toString("hex")}_`;
      const bare = await createDatabase(server);
      const url = { DATABASE_URL: bare.adminUrl };
      const roles = ["owner", "migrator", "app", "readonly", "control", "prober"].flatMap((kind) => [
        "--role",
        `${kind}=${tag}${kind}`,
      ]);
      const installed = (await capture(["kit", "install", "--json", ...roles], { env: url })).json();
      expect(installed.key).toMatch(/^[a-z0-9]{4}:/);
      const again = await capture(["kit", "install"], { env: url });
      expect(again.out).not.toMatch(/^(done|skipped)/m);
      expect((await capture(["kit", "uninstall"], { env: url })).exitCode).toBe(2);
      expect((await capture(["kit", "uninstall"], { env: url, interactive: true, input: "no\n" })).exitCode).toBe(2);
      expect((await capture(["kit", "status", "--fail-on", "never"], { env: url })).exitCode).toBe(0);
      expect(
        (await capture(["kit", "uninstall"], { env: url, interactive: true, input: `${bare.name}\n` })).exitCode,
      ).toBe(0);
      expect((await capture(["kit", "uninstall", "--yes"], { env: url })).exitCode).toBe(3);
      expect((await bare.admin.query("select from pg_roles where starts_with(rolname, $1)", [tag])).rowCount).toBe(0);
      await bare.drop();
    });
  });
});
