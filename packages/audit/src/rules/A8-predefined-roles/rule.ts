/**
 * A8: the application is a member of one of PostgreSQL's own roles. Row security binds pg_read_all_data, but every table without it lies open;
 * others reach files, programs and other sessions (each seen on 15 and 18). REPLICATION is F9's.
 */
import { quoteName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { listed, said } from "../exposure/words.ts";
import { needsSql } from "../judge/sql-access.ts";
import type { Facts, Rule, Severity } from "../rule.ts";

const powers: Readonly<Record<string, readonly [Severity, string]>> = {
  pg_read_all_data: ["high", "may read every table that has no row security, also those to come"],
  pg_write_all_data: ["high", "may write every table that has no row security, also those to come"],
  pg_execute_server_program: [
    "critical",
    "may run programs as the server's system user, and so read every file of the database",
  ],
  pg_write_server_files: ["critical", "may write files as the server's system user, and so become a superuser"],
  pg_read_server_files: ["critical", "may read files as the server's system user, those of the tables included"],
  pg_create_subscription: [
    "high",
    "may subscribe to another server, which connects from here with a password of its choice",
  ],
  pg_monitor: ["medium", "sees the statements of all sessions, with the values in them"],
  pg_read_all_stats: ["medium", "sees the statements of all sessions, with the values in them"],
  pg_read_all_settings: ["medium", "reads settings that only a superuser should see"],
  pg_stat_scan_tables: ["low", "may run functions that read whole tables to monitor them"],
  pg_maintain: ["medium", "may lock, rewrite and refresh every relation"],
  pg_signal_backend: ["medium", "may end the sessions of others"],
  pg_checkpoint: ["low", "may slow the server down by checkpoints"],
};

/** The rule. */
export const predefinedRoles: Rule = {
  id: "A8",
  slug: "A8-predefined-roles",
  title: "The application is in a predefined role",
  needs: "catalog",
  find: (facts) => {
    // a superuser is a member of everything (A4, A5)
    if ([...facts.reach.all].some((name) => facts.reach.role(name)?.superuser === true)) return [];
    return [...facts.reach.all].flatMap((name) => {
      const power = powers[name];
      if (power === undefined) return [];
      const members = facts.snapshot.memberships.filter(
        (each) => each.role === name && facts.reach.all.has(each.member),
      );
      // what comes with another of them, as pg_read_all_stats with pg_monitor, is said there
      if (members.length > 0 && members.every(({ member }) => powers[member] !== undefined)) return [];
      const [severity, can] = power;
      return [
        {
          object: { kind: "role", schema: "", name } as const,
          message: `The application is a member of ${name}: it ${can}.`,
          severity: needsSql(facts, severity, "medium"),
          evidence: [...members.map(({ member }) => `${member} is a member of ${name}`), ...opened(facts, name)],
          keys: members.map(({ member }) => objectKey.membership(name, member)),
          fix: members.map(({ member }) => `revoke ${quoteName(name)} from ${quoteName(member)};`).join(" "),
          attackable: severity === "high" || severity === "critical",
        } as const,
      ];
    });
  },
};

/** Tables that the application can read or write by this role alone. */
function opened({ snapshot, reach }: Facts, name: string): string[] {
  const privilege = name === "pg_read_all_data" ? "SELECT" : name === "pg_write_all_data" ? "INSERT" : null;
  if (privilege === null) return [];
  const tables = snapshot.relations.filter(
    (table) =>
      (table.kind === "r" || table.kind === "p") &&
      !table.rowSecurity &&
      !table.acl.some(
        (grant) => grant.privilege === privilege && (grant.role === "public" || reach.all.has(grant.role)),
      ),
  );
  return tables.length === 0 ? [] : [`opened by it: ${listed(tables.map(said))}`];
}
