/**
 * E8: a migration that changes rows, or adds a foreign key, on a table whose FORCE binds the migration's own role. UPDATE 0 is no error, and a
 * foreign key counts as validated although its orphans were not seen. Needs the statements in order; silent for roles with BYPASSRLS.
 */
import { objectKey } from "../../history/object-key.ts";
import { quoteQualified } from "@watertight/schema";
import type { Rule } from "../rule.ts";
import { type BlindStatement, blindStatements } from "./blind-statements.ts";

/** The rule. */
export const ownerMigratesBlind: Rule = {
  id: "E8",
  slug: "E8-owner-migrates-blind",
  title: "Migration of a forced table sees no rows",
  needs: "history",
  find: (facts) =>
    blindStatements(facts).map(({ statement, table, does, role }) => {
      const name = quoteQualified(table.schema, table.name);
      return {
        object: { kind: "statement", schema: table.schema, name: table.name, part: statement.migration.name } as const,
        table: { schema: table.schema, name: table.name },
        message: `${role ?? "A migration role without BYPASSRLS"} runs this on ${table.name} under FORCE ROW LEVEL SECURITY and without a tenant: ${harm[does]}.`,
        severity: role === null ? ("low" as const) : ("medium" as const),
        evidence: [
          statement.text.slice(0, 200),
          role === null
            ? `row security of ${table.name} is forced; the files do not tell whether the role that runs them has BYPASSRLS`
            : `row security of ${table.name} is forced, and ${role} has no BYPASSRLS`,
        ],
        keys: [objectKey.relation(table)],
        place: statement.place,
        fix: `Run migrations as a role with BYPASSRLS, or lift FORCE inside the migration's transaction:\nalter table ${name} no force row level security;\n-- the statement\nalter table ${name} force row level security;`,
        attackable: false,
      };
    }),
};

const harm: Record<BlindStatement["does"], string> = {
  update: "it changes 0 rows and says so to nobody",
  delete: "it deletes 0 rows and says so to nobody",
  merge: "it matches no row of any tenant",
  insert: "it copies 0 rows and says so to nobody",
  "foreign key": "the key counts as valid although rows that break it were not seen",
};
