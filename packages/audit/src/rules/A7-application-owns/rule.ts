/**
 * A7: the application owns what protects it. An owner may DISABLE ROW LEVEL SECURITY, DROP POLICY, and the owner of a schema or database may drop or
 * replace what policies rest on. One finding for each owner, with everything it owns: the cure is one, too.
 */
import { quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { assumedOwner } from "../exposure/rights.ts";
import { listed, said, sqlName } from "../exposure/words.ts";
import { needsSql } from "../judge/sql-access.ts";
import { tenantRelations } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const applicationOwns: Rule = {
  id: "A7",
  slug: "A7-application-owns",
  title: "The application owns its tables, schema or database",
  needs: "catalog",
  find: (facts) => {
    const owners = new Set(
      tenantRelations(facts)
        .map(({ owner }) => owner)
        .filter((owner) => reached(facts, owner)),
    );
    return [...[...owners].map((owner) => tables(facts, owner)), ...schemas(facts, owners), ...database(facts, owners)];
  },
};

/** A superuser owns nothing by name and everything by right: A4 and A5 say that. */
function reached({ reach }: Facts, owner: string): boolean {
  return (
    reach.all.has(owner) &&
    reach.role(owner)?.superuser !== true &&
    ![...reach.all].some((name) => reach.role(name)?.superuser === true)
  );
}

function tables(facts: Facts, owner: string): RuleFinding {
  const owned = tenantRelations(facts).filter((table) => table.owner === owner);
  const [first] = owned;
  return {
    object: { kind: "role", schema: "", name: owner },
    ...(first === undefined ? {} : { table: { schema: first.schema, name: first.name } }),
    message: `The application acts as ${owner}, the owner of ${listed(owned.map(said))}: one injected ALTER TABLE … DISABLE ROW LEVEL SECURITY opens them.`,
    severity: assumedOwner(facts) ? "medium" : needsSql(facts, "high"),
    evidence: [
      `owned by ${owner}: ${owned.map(said).join(", ")}`,
      facts.reach.inherited.has(owner)
        ? `the application is ${owner} or inherits from it`
        : `the application may SET ROLE to ${owner}`,
    ],
    keys: owned.flatMap((table) => [objectKey.owner(objectKey.relation(table)), objectKey.relation(table)]),
    fix: `let a NOLOGIN role own them: ${first === undefined ? "" : `alter table ${sqlName(first)} owner to …; `}and grant the application SELECT, INSERT, UPDATE, DELETE`,
    attackable: true,
  };
}

function schemas(facts: Facts, known: ReadonlySet<string>): RuleFinding[] {
  const used = new Set(tenantRelations(facts).map(({ schema }) => schema));
  return facts.snapshot.schemas
    .filter(
      ({ name, owner }) =>
        used.has(name) && owner !== "pg_database_owner" && !known.has(owner) && reached(facts, owner),
    )
    .map(({ name, owner }) => ({
      object: { kind: "schema", schema: "", name } as const,
      message: `The application acts as ${owner}, the owner of schema ${name}: it may drop the tables and functions in it, and with CASCADE the policies that rest on them.`,
      severity: needsSql(facts, "high"),
      evidence: [`pg_namespace.nspowner of ${name} is ${owner}`],
      keys: [objectKey.schema(name)],
      fix: `alter schema ${quoteName(name)} owner to …; a role that the application can't become`,
      attackable: false,
    }));
}

function database(facts: Facts, known: ReadonlySet<string>): RuleFinding[] {
  const { name, owner } = facts.snapshot.database;
  if (known.has(owner) || !reached(facts, owner)) return [];
  return [
    {
      object: { kind: "database", schema: "", name },
      message: `The application acts as ${owner}, the owner of the database: it may set parameters for every role in it and drop it.`,
      severity: needsSql(facts, "medium"),
      evidence: [
        `pg_database.datdba is ${owner}`,
        "the owner is a member of pg_database_owner, which owns schema public",
      ],
      keys: [objectKey.other("database", name)],
      fix: "alter database … owner to …; a role that the application can't become",
      attackable: false,
    },
  ];
}
