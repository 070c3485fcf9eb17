/**
 * H1: CONNECT is granted to PUBLIC on every new database, so a role made for one tenant's database may connect to all the others. Only said where
 * somebody grants CONNECT by name, or where databases stand side by side: with one database for all there is nothing to keep apart.
 */
import type { Grant, Snapshot } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { onDatabase } from "../judge/database-sql.ts";
import type { Rule } from "../rule.ts";

/** The rule. */
export const connectToPublic: Rule = {
  id: "H1",
  slug: "H1-connect-to-public",
  title: "PUBLIC may connect to the database",
  needs: "catalog",
  find: (facts) => {
    const { snapshot, history } = facts;
    const { database } = snapshot;
    if (!open(database.acl)) return [];
    const named = grantedByName(database.acl, database.owner);
    const siblings = siblingsOf(snapshot);
    if (named.length === 0 && siblings.length === 0) return [];
    return [
      {
        object: { kind: "database", schema: "", name: database.name },
        message: `PUBLIC may CONNECT to ${history === undefined ? database.name : "the database"}: ${named.length > 0 ? `the CONNECT of ${named.join(", ")} keeps nobody out` : `so may the roles of ${siblings.slice(0, 3).join(", ")}`}.`,
        severity: siblings.length > 0 ? "medium" : "low",
        evidence: [
          "CONNECT and TEMPORARY are PUBLIC's on every new database, also on one made from a template",
          ...(siblings.length > 0
            ? [`other databases here that PUBLIC may connect to: ${siblings.slice(0, 5).join(", ")}`]
            : []),
        ],
        keys: ["public", ...named].map((role) => objectKey.grant(objectKey.other("database", database.name), role)),
        fix: `${onDatabase(facts, (name) => `revoke connect, temporary on database ${name} from public`)}\n-- access lists are not copied by CREATE DATABASE … TEMPLATE: say it for every new database`,
        attackable: false,
      },
    ];
  },
};

function open(acl: readonly Grant[]): boolean {
  return acl.some(({ role, privilege }) => role === "public" && privilege === "CONNECT");
}

function grantedByName(acl: readonly Grant[], owner: string): string[] {
  return [
    ...new Set(
      acl
        .filter(({ role, privilege }) => privilege === "CONNECT" && role !== "public" && role !== owner)
        .map(({ role }) => role),
    ),
  ];
}

/** Databases of the same owner that PUBLIC may connect to: one for each tenant, or for each group of them. */
function siblingsOf({ otherDatabases, database }: Snapshot): string[] {
  return otherDatabases
    .filter(
      ({ template, acl, owner, name }) => !template && name !== "postgres" && owner === database.owner && open(acl),
    )
    .map(({ name }) => name);
}
