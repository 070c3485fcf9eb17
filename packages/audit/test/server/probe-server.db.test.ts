/**
 * The behaviour probes against servers whose answers are known: the embedded minors, which lack the fixes of November 2026 and have that of
 * CVE-2025-8713, and Debian's 15.20, which has all. And that a probe leaves nothing, runs nothing of the user, and says when it can't tell.
 */
import { randomBytes } from "node:crypto";
import { createDatabase, describeServers, type TestDatabase, type TestServer } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FixedServer, missing, startFixed } from "../../../schema/test/attacks/fixed-server.ts";
import type { ProbeResult } from "../../src/server/probe.ts";
import { probeServer } from "../../src/server/probe-server.ts";

const november = ["CVE-2026-116311", "CVE-2026-120154", "CVE-2026-16237", "CVE-2026-14666"];
const verdicts = (results: readonly ProbeResult[]): Record<string, string> =>
  Object.fromEntries(results.map(({ cve, verdict }) => [cve, verdict]));

/** A database, and a role of its own with these attributes; `sql` sets it up, with the role as %R. */
async function asRole<T>(
  server: TestServer,
  attributes: string,
  sql: string,
  work: (client: pg.Client, database: TestDatabase) => Promise<T>,
): Promise<T> {
  const database = await createDatabase(server);
  const role = `probing_${randomBytes(4).toString("hex")}`;
  const client = new pg.Client({ connectionString: database.url(role) });
  client.on("error", () => {});
  try {
    await database.admin.query(`create role ${role} login ${attributes}`);
    await database.admin.query(sql.replaceAll("%R", role).replaceAll("%D", `"${database.name}"`));
    await client.connect();
    return await work(client, database);
  } finally {
    await client.end();
    await database.drop();
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    await admin.query(`drop role ${role}`);
    await admin.end();
  }
}

const traces = `select (select count(*) from pg_roles where rolname ~ '^watertight_probe_') as roles, (select count(*) from pg_class where relname like 'watertight_%') as relations,
  (select count(*) from pg_proc where proname like 'watertight_%') as functions, (select count(*) from pg_prepared_statements) as prepared`;

describeServers((server) => {
  describe("the embedded minor", () => {
    beforeEach((context) => {
      if (!server.embedded) context.skip("the minor of a server that was given to us is not known");
    });

    const known = {
      ...Object.fromEntries(november.map((cve) => [cve, "vulnerable"])),
      "CVE-2025-8713": "not vulnerable",
    };

    test.for([
      ["superuser", "select"],
      ["createrole", "alter database %D owner to %R"],
    ] as const)("as a role with %s all five answer", ([attributes, sql]) =>
      asRole(server, attributes, sql, async (client) => {
        expect(verdicts(await probeServer(client))).toEqual(known);
        expect((await client.query(traces)).rows).toEqual([
          { roles: "0", relations: "0", functions: "0", prepared: "0" },
        ]);
        expect((await client.query("show role")).rows).toEqual([{ role: "none" }]);
      }),
    );

    test("an ordinary role finds out what needs no other role", () =>
      asRole(server, "", "select", async (client) => {
        const results = await probeServer(client);
        expect(verdicts(results)).toEqual({
          ...known,
          "CVE-2026-116311": "could not tell",
          "CVE-2026-14666": "could not tell",
        });
        expect(results.find(({ cve }) => cve === "CVE-2026-14666")?.evidence).toContain("CREATEROLE");
      }));

    test.for([
      ["without TEMP", "", "revoke temporary on database %D from public", "temporary tables"],
      ["bound by nothing", "bypassrls", "select", "does not bind"],
      ["read-only", "", "alter role %R set default_transaction_read_only = on", "read-only"],
      [
        "with event triggers of others",
        "createrole",
        "create function public.seen() returns event_trigger language plpgsql as 'begin raise exception ''ran''; end'; create event trigger of_the_user on ddl_command_end execute function public.seen()",
        "of_the_user",
      ],
    ] as const)("%s: could not tell, and why", ([, attributes, sql, reason]) =>
      asRole(server, attributes, sql, async (client) => {
        for (const { cve, verdict, evidence } of await probeServer(client)) {
          // isolation by views needs no row security, so whoever bypasses it can ask that
          if (attributes === "bypassrls" && verdict === "vulnerable") continue;
          expect([cve, verdict]).toEqual([cve, "could not tell"]);
          expect(evidence).toContain(reason);
        }
      }),
    );

    test("a superuser keeps event triggers still", () =>
      asRole(
        server,
        "superuser",
        "create function public.seen() returns event_trigger language plpgsql as 'begin raise exception ''ran''; end'; create event trigger of_the_user on ddl_command_end execute function public.seen()",
        async (client) => {
          expect(verdicts(await probeServer(client))).toEqual(known);
        },
      ));
  });
});

const reason = missing(20);
describe("Debian's PostgreSQL 15, fixed", () => {
  let fixed: FixedServer | undefined;
  beforeAll(async () => {
    if (reason === undefined) fixed = await startFixed();
  });
  afterAll(() => fixed?.stop());
  test("not vulnerable to any of the five", async (context) => {
    if (fixed === undefined) return context.skip(reason);
    const client = new pg.Client({ connectionString: fixed.url });
    await client.connect();
    try {
      const results = await probeServer(client);
      expect(
        results.map(({ cve, verdict, evidence }) =>
          verdict === "not vulnerable" ? "" : `${cve} ${verdict} ${evidence}`,
        ),
      ).toEqual(["", "", "", "", ""]);
    } finally {
      await client.end();
    }
  });
});
