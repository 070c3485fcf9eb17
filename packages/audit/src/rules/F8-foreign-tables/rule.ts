/**
 * F8: foreign tables can't have row security, and whoever may use a foreign server with somebody's user mapping reads what that user may read there.
 * The other server's policies may hold; this catalog can't know.
 */
import { quoteName, type Relation } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { grantees, revoke, roleList } from "../judge/grants.ts";
import { needsSql } from "../judge/sql-access.ts";
import { holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const foreignTables: Rule = {
  id: "F8",
  slug: "F8-foreign-tables",
  title: "Foreign table or server open to the application",
  needs: "catalog",
  find: (facts) => [...tables(facts), ...servers(facts)],
};

function tables(facts: Facts): RuleFinding[] {
  const commands = ["SELECT", "INSERT", "UPDATE", "DELETE"];
  return facts.snapshot.relations
    .filter((relation) => relation.kind === "f")
    .flatMap((table) => {
      const roles = [...new Set(commands.flatMap((command) => grantees(facts, command, table)))];
      if (roles.length === 0) return [];
      return {
        object: { kind: "table", schema: table.schema, name: table.name } as const,
        message: `${table.name} is a foreign table, which can't have row security: ${roles.join(", ")} reaches every row that the other side gives.`,
        severity: looksTenanted(facts, table) ? ("high" as const) : ("medium" as const),
        evidence: [
          `foreign table of server ${table.server ?? "?"}`,
          "ENABLE ROW LEVEL SECURITY is refused on foreign tables",
        ],
        keys: [...roles.map((role) => objectKey.grant(objectKey.relation(table), role)), objectKey.relation(table)],
        fix: `${revoke("all", table, roles)}\n-- give the application a function or view that filters by the tenant, owned by a role of its own; or a user mapping for each tenant`,
        attackable: false,
      };
    });
}

function looksTenanted(facts: Facts, table: Relation): boolean {
  if (holdsTenantRows(facts, table)) return true;
  const tenants = new Set(
    facts.understanding.tables.flatMap(({ tenancy }) => (tenancy.kind === "column" ? [tenancy.column] : [])),
  );
  return table.columns.some(({ name }) => tenants.has(name));
}

function servers(facts: Facts): RuleFinding[] {
  return facts.snapshot.foreignServers.flatMap((server) => {
    const roles = server.acl
      .filter(({ privilege, role }) => privilege === "USAGE" && (role === "public" || facts.reach.all.has(role)))
      .map(({ role }) => role);
    const mapped = server.users.filter((user) => user === "public" || facts.reach.all.has(user));
    if (roles.length === 0 || mapped.length === 0 || facts.reach.all.has(server.owner)) return [];
    const dblink = facts.snapshot.extensions.some(({ name }) => name === "dblink");
    const makes = facts.snapshot.schemas.some(({ name }) => facts.reach.canCreateIn(name));
    return {
      object: { kind: "server", schema: "", name: server.name } as const,
      message: `${roles.join(", ")} may use foreign server ${server.name} with a stored login (mapping for ${mapped.join(", ")}): ${dblink ? "dblink sends any SQL there" : "a foreign table of one's own reads there what that login may read"}.`,
      severity: dblink || makes ? needsSql(facts, "high") : ("low" as const),
      evidence: [
        `wrapper ${server.wrapper}; USAGE for ${roles.join(", ")}`,
        `user mappings: ${server.users.join(", ")}`,
        dblink
          ? "extension dblink is installed"
          : makes
            ? "the application may create foreign tables"
            : "neither dblink nor a schema to create in",
      ],
      keys: [objectKey.other("server", server.name)],
      fix: `revoke usage on foreign server ${quoteName(server.name)} from ${roleList(roles)};`,
      attackable: false,
    };
  });
}
