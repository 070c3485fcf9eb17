/**
 * H4: CREATE on schema public, which every database made before 15 gave to PUBLIC and every upgrade and dump keeps. Who may create there puts
 * functions, operators and tables in the way of names that others do not qualify, and tables that pass data from one tenant to another.
 */
import { objectKey } from "../../history/object-key.ts";
import { quoteName } from "@watertight/schema";
import { roleList } from "../judge/grants.ts";
import { needsSql } from "../judge/sql-access.ts";
import type { Facts, Rule } from "../rule.ts";

/** The rule. */
export const createOnPublic: Rule = {
  id: "H4",
  slug: "H4-create-on-public",
  title: "Application may create in schema public",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.schemas
      // an owner can't be kept from creating: that is A7
      .filter(({ name, owner }) => name === "public" && facts.reach.canCreateIn(name) && !owns(facts, owner))
      .flatMap(({ name, acl }) => {
        const roles = [
          ...new Set(
            acl
              .filter(
                ({ privilege, role }) => privilege === "CREATE" && (role === "public" || facts.reach.all.has(role)),
              )
              .map(({ role }) => role),
          ),
        ];
        if (roles.length === 0) return [];
        return {
          object: { kind: "schema", schema: name, name } as const,
          message: `${roles.join(", ")} may create in schema ${name}: a function or operator there can stand in for one that a policy, function or administrator names without a schema, and a table there passes rows between tenants.`,
          severity: needsSql(facts, "medium"),
          evidence: [`CREATE granted to ${roles.join(", ")}`, "the default search_path ends with public"],
          keys: [...roles.map((role) => objectKey.grant(objectKey.schema(name), role)), objectKey.schema(name)],
          fix: `revoke create on schema ${quoteName(name)} from ${roleList(roles)};`,
          attackable: true,
        };
      }),
};

// Since 15 public belongs to pg_database_owner, in which only the database's owner is.
function owns({ snapshot, reach }: Facts, owner: string): boolean {
  return reach.all.has(owner === "pg_database_owner" ? snapshot.database.owner : owner);
}
