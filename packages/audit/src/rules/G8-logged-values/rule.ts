/**
 * G8: settings of a role or database that write statements with their values into the server log: rows, tokens and contexts of all tenants, for
 * everybody who reads logs. Settings in postgresql.conf are the server's: `check --db` says them (server/settings.ts).
 */
import type { RoleSetting } from "@watertight/schema";
import { quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { onDatabase } from "../judge/database-sql.ts";
import type { Facts, Rule } from "../rule.ts";
import { logsValues } from "./logs-values.ts";

/** The rule. */
export const loggedValues: Rule = {
  id: "G8",
  slug: "G8-logged-values",
  title: "Statements and their values go to the log",
  needs: "catalog",
  find: (facts) =>
    facts.snapshot.settings
      .filter((setting) => setting.role === null || facts.reach.all.has(setting.role))
      .filter(({ name, value }) => logsValues(name, value))
      .map((setting) => ({
        object: {
          kind: "setting",
          schema: "",
          name: setting.name,
          part: setting.role ?? setting.database ?? "all",
        } as const,
        message: `${setting.name} = ${setting.value} for ${who(setting)} writes the statements of all tenants, with their values, into the server log.`,
        severity: "low" as const,
        evidence: [
          `set for ${who(setting)}`,
          "values sent as text stand in the statement; bind parameters are logged unless log_parameter_max_length = 0",
        ],
        keys: [objectKey.setting(setting.role, setting.name), objectKey.setting(null, setting.name)],
        fix: `${resetOf(facts, setting)}\n-- or keep the texts and drop the values: log_parameter_max_length = 0, and bind parameters everywhere`,
        attackable: false,
      })),
};

function resetOf(facts: Facts, { role, database, name }: RoleSetting): string {
  const reset = (where: string): string => `alter ${where} reset ${name}`;
  if (role !== null) return `${reset(`role ${quoteName(role)}`)};`;
  return database === null || database === facts.snapshot.database.name
    ? onDatabase(facts, (own) => reset(`database ${own}`))
    : `${reset(`database ${quoteName(database)}`)};`;
}

function who({ role, database }: RoleSetting): string {
  return role === null ? `database ${database ?? "all"}` : `role ${role}`;
}
