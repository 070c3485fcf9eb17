/**
 * Reach against PostgreSQL's own answers on random roles and rights: has_*_privilege, pg_has_role, row_security_active, and for what a role
 * can grant itself, trying it. PROPERTY_SEED repeats a run, PROPERTY_FACTOR lengthens it.
 */
import { randomBytes } from "node:crypto";
import { readSnapshot, type Snapshot } from "@watertight/schema";
import {
  createDatabase,
  describeServers,
  propertyRun,
  propertySeed,
  type TestDatabase,
  type TestServer,
} from "@watertight/testkit";
import { expect, test } from "vitest";
import { type Reach, reachOf } from "../../src/understand/reach.ts";
import { factsOf } from "../support/facts.ts";
import { randomRoles } from "./random-roles.ts";

interface Answers {
  readonly roles: readonly string[];
  readonly snapshot: Snapshot;
  reach(role: string): Reach;
  /** Rows as one set of texts. */
  ask(sql: string): Promise<Set<string>>;
}

const graphs = propertyRun(6).numRuns;

/** Makes the roles, runs `work`, and leaves no role behind: they belong to the whole server. */
async function withRandomRoles(
  server: TestServer,
  seed: number,
  work: (answers: Answers, db: TestDatabase) => Promise<void>,
): Promise<void> {
  const db = await createDatabase(server);
  const { roles, sql } = randomRoles(seed, randomBytes(4).toString("hex"), server.version, db.name);
  try {
    for (const statement of sql) await db.admin.query(statement);
    const snapshot = await readSnapshot(db.admin);
    const reaches = new Map(roles.map((role) => [role, reachOf(snapshot, [role])]));
    const ask = async (text: string): Promise<Set<string>> =>
      new Set(
        (await db.admin.query({ text, values: [roles], rowMode: "array" })).rows.map((row: unknown[]) => row.join(" ")),
      );
    await work({ roles, snapshot, reach: (role) => reaches.get(role)!, ask }, db);
  } finally {
    await db.admin.query("rollback");
    await db.admin.query("reset role");
    await db.admin.query(`alter database ${db.name} owner to ${server.superuser}`);
    await db.admin.query(`drop owned by ${roles.join(", ")} cascade; drop role ${roles.join(", ")}`);
    await db.drop();
  }
}

/** What our own answer says, as texts in the form of `ask`. */
const said = (pairs: Iterable<readonly string[]>): Set<string> => new Set([...pairs].map((pair) => pair.join(" ")));

describeServers((server) => {
  const first = propertySeed();
  const seeds = Array.from({ length: graphs }, (_, i) => first + i);

  test.for(seeds)("agrees with PostgreSQL, PROPERTY_SEED=%s", async (seed) => {
    await withRandomRoles(server, seed, async ({ roles, snapshot, reach, ask }, db) => {
      const known = (names: Iterable<string>): string[] =>
        [...names].filter((name) => roles.includes(name) || name.startsWith("pg_"));
      const become = server.version >= 16 ? "SET" : "MEMBER";
      const others =
        "unnest($1::text[]) r, pg_catalog.pg_roles o where (o.rolname = any ($1) or o.rolname like 'pg\\_%')";

      const inherits = await ask(`select r, o.rolname from ${others} and pg_has_role(r, o.oid, 'USAGE')`);
      expect(said(roles.flatMap((role) => known(reach(role).inherited).map((other) => [role, other])))).toEqual(
        inherits,
      );
      const sets = await ask(`select r, o.rolname from ${others} and pg_has_role(r, o.oid, '${become}')`);
      expect(said(roles.flatMap((role) => known(reach(role).settable).map((other) => [role, other])))).toEqual(sets);

      // each right for a role's own self, then for all whom it can become
      const acting = (role: string, own: ReadonlySet<string>, ...what: string[]): boolean =>
        [...reach(role).settable].some((other) => own.has([other, ...what].join(" ")));
      const everyone = [
        ...roles,
        "pg_read_all_data",
        "pg_write_all_data",
        "pg_maintain",
        "pg_monitor",
        "pg_database_owner",
        server.superuser,
      ];
      const relations = `from pg_catalog.pg_roles r, pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
        unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'${server.version >= 17 ? ", 'MAINTAIN'" : ""}]) p
        where r.rolname in ('${everyone.join("', '")}') and n.nspname in ('public', 's1', 's2') and $1::text[] is not null`;
      const columnRight = "p in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')";
      const whole = await ask(
        `select r.rolname, n.nspname, c.relname, p ${relations} and c.relkind in ('r', 'v') and has_schema_privilege(r.oid, n.oid, 'USAGE')
           and (has_table_privilege(r.oid, c.oid, p) or (${columnRight} and has_any_column_privilege(r.oid, c.oid, p)))`,
      );
      const columns = await ask(
        `select r.rolname, n.nspname, c.relname, p, a.attname ${relations.replace(" where", ", pg_catalog.pg_attribute a where")} and c.relkind in ('r', 'v') and a.attrelid = c.oid and a.attnum > 0
           and has_schema_privilege(r.oid, n.oid, 'USAGE') and (has_table_privilege(r.oid, c.oid, p) or (${columnRight} and has_column_privilege(r.oid, c.oid, a.attnum, p)))`,
      );
      const sequences = await ask(
        `select r.rolname, n.nspname, c.relname, p ${relations.replace(/array\[.*\]/, "array['USAGE', 'SELECT', 'UPDATE']")} and c.relkind = 'S' and has_sequence_privilege(r.oid, c.oid, p)`,
      );
      const differ: string[] = [];
      const compare = (ours: boolean, theirs: boolean, ...what: string[]): void => {
        if (ours !== theirs) differ.push(`${what.join(" ")}: we say ${ours}`);
      };
      const privileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"];
      let asked = 0;
      for (const role of roles)
        for (const relation of snapshot.relations) {
          const { schema, name } = relation;
          for (const privilege of relation.kind === "S" ? ["USAGE", "SELECT", "UPDATE"] : privileges) {
            if (privilege === "MAINTAIN" && server.version < 17) continue;
            asked++;
            const truth = relation.kind === "S" ? sequences : whole;
            compare(
              reach(role).can(privilege, relation),
              acting(role, truth, schema, name, privilege),
              role,
              privilege,
              schema,
              name,
            );
            if (relation.kind !== "S")
              for (const column of ["a", "b"])
                compare(
                  reach(role).can(privilege, relation, column),
                  acting(role, columns, schema, name, privilege, column),
                  role,
                  privilege,
                  schema,
                  name,
                  column,
                );
          }
        }
      expect(asked).toBeGreaterThan(12 * 9 * 3);

      const schemas = await ask(
        `select r.rolname, n.nspname, p from pg_catalog.pg_roles r, pg_catalog.pg_namespace n, unnest(array['USAGE', 'CREATE']) p where n.nspname in ('public', 's1', 's2') and $1::text[] is not null and has_schema_privilege(r.oid, n.oid, p)`,
      );
      const calls = await ask(
        `select r.rolname, f.oid::regprocedure from pg_catalog.pg_roles r, pg_catalog.pg_proc f where f.pronamespace in (select oid from pg_catalog.pg_namespace where nspname in ('public', 's1', 's2')) and $1::text[] is not null
           and has_function_privilege(r.oid, f.oid, 'EXECUTE') and has_schema_privilege(r.oid, f.pronamespace, 'USAGE')`,
      );
      const temporary = await ask(
        `select r.rolname from pg_catalog.pg_roles r where has_database_privilege(r.oid, current_database(), 'TEMPORARY') and $1::text[] is not null`,
      );
      for (const role of roles) {
        for (const schema of ["public", "s1", "s2"]) {
          compare(reach(role).canUseSchema(schema), acting(role, schemas, schema, "USAGE"), role, "use", schema);
          compare(reach(role).canCreateIn(schema), acting(role, schemas, schema, "CREATE"), role, "create in", schema);
        }
        for (const routine of snapshot.routines)
          compare(
            reach(role).canCall(routine),
            acting(role, calls, routine.signature.replace(/^public\./, "")),
            role,
            "call",
            routine.signature,
          );
        compare(reach(role).canMakeTemp(), acting(role, temporary), role, "temp");
      }

      const bound = new Set<string>();
      for (const role of roles) {
        await db.admin.query(`set role ${role}`);
        for (const row of await ask(
          `select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relrowsecurity and row_security_active(c.oid) and $1::text[] is not null`,
        ))
          bound.add(`${role} ${row}`);
        await db.admin.query("reset role");
      }
      for (const role of roles)
        for (const table of snapshot.relations.filter(({ rowSecurity }) => rowSecurity)) {
          const isBound = (who: string): boolean => bound.has(`${who} ${table.schema} ${table.name}`);
          compare(reach(role).roleBypasses(role, table), !isBound(role), role, "bypasses", table.name);
          const free = known(reach(role).settable).filter((other) => roles.includes(other) && !isBound(other));
          const answer = reach(role).bypasses(table);
          compare(answer !== null, free.length > 0, role, "can bypass", table.name);
          if (answer !== null) compare(answer.bySetRole, isBound(role), role, "must set role to bypass", table.name);
        }
      expect(differ).toEqual([]);
    });
  });

  test.for(seeds.slice(0, Math.ceil(graphs / 2)))(
    "what a role can grant itself, by trying, PROPERTY_SEED=%s",
    async (seed) => {
      await withRandomRoles(server, seed, async ({ roles, reach, ask }, db) => {
        await db.admin.query(`
        create function pg_temp.try_grant(actor text, role text, member text) returns boolean language plpgsql as $$
        begin
          perform set_config('role', actor, true);
          execute format('grant %I to %I', role, member);
          perform set_config('role', 'none', true);
          return true;
        exception when others then return false;
        end $$`);
        const targets = [
          ...roles,
          "pg_read_all_data",
          "pg_write_all_data",
          "pg_execute_server_program",
          "pg_database_owner",
          server.superuser,
        ];
        for (const role of roles) {
          if (reach(role).role(role)?.superuser === true) continue;
          await db.admin.query("begin");
          // the attacker stands behind the role: grants to itself could close a circle with its own members
          const attacker = `z_${role}`;
          await db.admin.query(`create role ${attacker}; grant ${role} to ${attacker}`);
          const becomes = (other: string): string =>
            `pg_has_role('${attacker}', ${other}, '${server.version >= 16 ? "SET" : "MEMBER"}')`;
          const reached = `select o.rolname from pg_catalog.pg_roles o where o.rolname = any ('{${targets.join(",")}}') and $1::text[] is not null
          and exists (select from pg_catalog.pg_roles s where ${becomes("s.oid")} and pg_has_role(s.oid, o.oid, 'USAGE'))`;
          let has = await ask(reached);
          for (let before = -1; has.size > before; has = await ask(reached)) {
            before = has.size;
            await db.admin.query(
              `select pg_temp.try_grant(actor, target, $1) from unnest($2::text[]) target, unnest($3::text[]) actor where ${becomes("actor")} and not ${becomes("target")}`,
              [attacker, targets, roles],
            );
          }
          const own = [...reach(role).all, ...reach(role).selfGrantable].filter((name) => targets.includes(name));
          expect(new Set(own), role).toEqual(has);
          await db.admin.query("rollback");
        }
      });
    },
  );

  test("a sequence is reached by number, without USAGE on its schema", async () => {
    const facts = await factsOf(
      server,
      `create role shop_app login; create schema closed; create sequence closed.numbers; create table closed.things ();
       grant all on closed.numbers, closed.things to shop_app;`,
      { roles: ["shop_app"] },
    );
    try {
      const { rows } = await facts.admin.query("select 'closed.numbers'::regclass::oid::int as number");
      const app = await facts.as("shop_app");
      expect((await app.query(`select nextval(${rows[0].number}::regclass)`)).rows).toEqual([{ nextval: "1" }]);
      await expect(app.query("select nextval('closed.numbers')")).rejects.toMatchObject({ code: "42501" });
      await expect(app.query("select from closed.things")).rejects.toMatchObject({ code: "42501" });
      const can = (privilege: string, name: string): boolean =>
        facts.reach.can(privilege, facts.reach.relation({ schema: "closed", name })!);
      expect([can("USAGE", "numbers"), can("SELECT", "things")]).toEqual([true, false]);
    } finally {
      await facts.drop();
    }
  });
});
