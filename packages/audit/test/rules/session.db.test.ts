/**
 * Mechanisms of families B and C that a rolled-back attack can't show: what a commit leaves on a connection, what a new connection starts with, and
 * outages. Red and green fixtures side by side, as the rules' other attacks.
 */
import { describeServers, type TestServer } from "@watertight/testkit";
import type pg from "pg";
import { expect, test } from "vitest";
import { factsOf, type LiveFacts } from "../support/facts.ts";
import { type Colour, readRuleFile } from "../support/fixture-sql.ts";
import { A, B, CANARY, twoTenants } from "./attacks/attack.ts";

const invoices = `insert into public.invoices (tenant_id, note) values ('${A}', 'Ann 1'), ('${B}', '${CANARY}')`;
const read = "select note from public.invoices";
const colours = ["red", "green"] as const;

async function on<T>(
  server: TestServer,
  slug: string,
  colour: Colour,
  work: (facts: LiveFacts) => Promise<T>,
): Promise<T> {
  const facts = await factsOf(server, await readRuleFile(slug, `${colour}.sql`));
  try {
    return await work(facts);
  } finally {
    await facts.drop();
  }
}

/** What a statement answers: its rows as text, or its SQLSTATE. */
async function answer(client: pg.Client, sql: string): Promise<string> {
  try {
    return JSON.stringify((await client.query(sql)).rows);
  } catch (error) {
    return (error as pg.DatabaseError).code ?? String(error);
  }
}

describeServers((server) => {
  test.for(
    ["C1-session-setting-in-function", "C3-set-in-function"].flatMap((slug) =>
      colours.map((colour) => [slug, colour] as const),
    ),
  )("%s %s: the next borrower of a connection", ([slug, colour]) =>
    on(server, slug, colour, async ({ admin, as }) => {
      await admin.query(twoTenants);
      await admin.query(invoices);
      const client = await as("shop_app");
      await client.query("begin");
      await client.query(`select public.open_tenant('${B}')`);
      await client.query("commit");
      const seen = await answer(client, read);
      if (colour === "red") expect(seen).toContain(CANARY);
      else expect(seen).toBe("[]");
    }),
  );

  test.for(colours)("C2 %s: what a procedure does after its COMMIT", (colour) =>
    on(server, "C2-local-setting-lost", colour, async ({ admin, as }) => {
      await admin.query(twoTenants);
      await admin.query(invoices);
      const client = await as("shop_app");
      await client.query(`call public.bill_all('${A}')`);
      const { rows } = await admin.query(`select note from public.invoices where tenant_id = '${A}'`);
      expect(rows).toEqual([{ note: colour === "red" ? "billed" : "billed, sent" }]);
    }),
  );

  test.for(colours)("C6 %s: what a new connection starts with", (colour) =>
    on(server, "C6-preset-tenant", colour, async ({ admin, as }) => {
      await admin.query(twoTenants);
      await admin.query(invoices);
      const client = await as("shop_app");
      await client.query("discard all");
      const seen = await answer(client, read);
      if (colour === "red") expect(seen).toContain(CANARY);
      else expect(seen).toBe("[]");
    }),
  );

  test.for(colours)("C7 %s: a report that stays on the connection", (colour) =>
    on(server, "C7-residue", colour, async ({ admin, as }) => {
      await admin.query(twoTenants);
      await admin.query(invoices);
      const client = await as("shop_app");
      await client.query("begin");
      await client.query("select set_config('app.tenant_id', $1, true)", [B]);
      await client.query("select public.make_report()");
      await client.query("commit");
      await client.query("reset all");
      const seen = await answer(client, "select note from pg_temp.report");
      if (colour === "red") expect(seen).toContain(CANARY);
      else expect(seen).toBe("42P01");
    }),
  );

  test("B3: IS NULL leaks on a fresh connection, and hides on a used one", () =>
    on(server, "B2-tautology", "green", async ({ admin, as }) => {
      await admin.query(twoTenants);
      await admin.query(invoices);
      await admin.query(
        "create policy forgot on public.invoices for select using (current_setting('app.tenant_id', true) is null)",
      );
      const client = await as("shop_app");
      expect(await answer(client, read)).toContain(CANARY);
      await client.query(`begin; select set_config('app.tenant_id', '${A}', true); commit`);
      expect(await answer(client, read)).toBe("[]");
    }));

  test("B5: a raw cast fails on a used connection, and finds nothing on a fresh one", () =>
    on(server, "B2-tautology", "green", async ({ admin, as }) => {
      await admin.query(
        "alter policy tenant_isolation on public.invoices using (tenant_id = current_setting('app.tenant_id', true)::uuid)",
      );
      await admin.query(twoTenants);
      await admin.query(invoices);
      const client = await as("shop_app");
      expect(await answer(client, read)).toBe("[]");
      await client.query(`begin; select set_config('app.tenant_id', '${A}', true); commit`);
      expect(await answer(client, read)).toBe("22P02");
    }));

  test("B9: a granted command without a policy reaches nothing, and adds nothing", () =>
    on(server, "B9-command-gap", "red", async ({ admin, as }) => {
      await admin.query(twoTenants);
      await admin.query(invoices);
      const client = await as("shop_app");
      await client.query("select set_config('app.tenant_id', $1, false)", [A]);
      expect(await answer(client, "delete from public.invoices returning note")).toBe("[]");
      expect(await answer(client, `insert into public.invoices (tenant_id) values ('${A}')`)).toBe("42501");
    }));

  test("B19: a VOLATILE helper answers anew for each row, a STABLE one in a sub-select once", () =>
    on(server, "B19-volatile-helper", "red", async ({ admin, as }) => {
      await admin.query(twoTenants);
      await admin.query(invoices);
      const client = await as("shop_app");
      const switching = `${read} where set_config('app.tenant_id', case note when '' then note else '${B}' end, false) is not null order by note`;
      await client.query("select set_config('app.tenant_id', $1, false)", [A]);
      expect(await answer(client, switching)).toBe(JSON.stringify([{ note: "Ann 1" }, { note: CANARY }]));
      await admin.query("alter function public.current_tenant() stable");
      await admin.query(
        "alter policy tenant_isolation on public.invoices using (tenant_id = (select public.current_tenant()))",
      );
      await client.query("select set_config('app.tenant_id', $1, false)", [A]);
      expect(JSON.parse(await answer(client, switching))).toHaveLength(1);
    }));

  test.for(colours)("B20 %s: a policy that reads its own table", (colour) =>
    on(server, "B20-policy-outage", colour, async ({ as }) => {
      const client = await as("shop_app");
      expect(await answer(client, "select from public.memberships")).toBe(colour === "red" ? "42P17" : "[]");
    }),
  );

  test("B20: a policy that reads a table without a right to it", () =>
    on(server, "B20-policy-outage", "green", async ({ admin, as, translate }) => {
      await admin.query(translate("revoke select on public.memberships from shop_app"));
      const client = await as("shop_app");
      expect(await answer(client, "select from public.tenants")).toBe("42501");
    }));
});
