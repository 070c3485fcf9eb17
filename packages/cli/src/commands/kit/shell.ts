/**
 * `watertight kit shell --as TENANT`: statements as one tenant, each in a transaction of its own, as the application role with the context
 * open. One statement a message (extended protocol), so that a pasted text cannot leave its transaction.
 */
import { createInterface } from "node:readline/promises";
import { kitError, openContext } from "@watertight/schema";
import type { Client } from "pg";
import { CliError, exitCodes, showError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { harmless } from "../../output/printer.ts";
import { completeStatement } from "./shell-input.ts";

interface Options {
  readonly as: string;
  readonly command?: string;
}

interface Session {
  readonly client: Client;
  readonly tenant: string;
  readonly level: "plain" | "sealed" | "hostile";
  /** Undefined when the connection is the application's own role. */
  readonly role: string | undefined;
  readonly key: string | undefined;
}

const tables = `select n.nspname as schema, c.relname as name, case when c.relrowsecurity and c.relforcerowsecurity then 'forced' when c.relrowsecurity then 'on' else '' end as "row security"
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v') and n.nspname not in ('pg_catalog', 'information_schema', 'watertight') and pg_catalog.has_table_privilege(c.oid, 'SELECT') order by 1, 2`;

async function openSession(client: Client, tenant: string, key: string | undefined): Promise<Session> {
  const connectAs = (role: string): string =>
    `Connect as ${role}, for example: watertight kit shell --db env:APP_DATABASE_URL --as ${tenant}`;
  const facts = await client
    .query<{ level: Session["level"]; me: string; settings: boolean }>(
      "select watertight.handshake() ->> 'level' as level, current_user as me, pg_catalog.has_table_privilege('watertight.setting', 'SELECT') as settings",
    )
    .catch((error: Error & { code?: string }) => {
      // no schema, or no function in it
      if (error.code === "3F000" || error.code === "42883") throw kitError("WT_KIT_NOT_INSTALLED", { cause: error });
      throw new CliError(
        "WT_CLI_ROLE",
        `The kit is closed to this role: ${error.message}.`,
        connectAs("the app role"),
        exitCodes.failed,
      );
    });
  const { level, me, settings } = facts.rows[0]!;
  // whoever may not read the settings is one of the application's roles itself
  if (!settings) return { client, tenant, level, role: undefined, key };
  const { rows } = await client.query<{ app: string; may: boolean }>(
    "select value as app, pg_catalog.pg_has_role(current_user, value::name, 'MEMBER') as may from watertight.setting where name = 'app'",
  );
  const { app, may } = rows[0]!;
  if (!may && app !== me)
    throw new CliError("WT_CLI_ROLE", `${me} may not act as ${app}.`, connectAs(app), exitCodes.failed);
  // acting as a tenant is something that the tenant may ask about later
  await client.query("select watertight.audit('kit_shell', $1, pg_catalog.jsonb_build_object('role', current_user))", [
    tenant,
  ]);
  return { client, tenant, level, role: app === me ? undefined : app, key };
}

async function runStatement({ print }: CommandContext, session: Session, text: string): Promise<void> {
  const { client } = session;
  await client.query("begin");
  try {
    if (session.role !== undefined)
      await client.query("select pg_catalog.set_config('role', $1, true)", [session.role]);
    await openContext(client, session.tenant, session.level, session.key);
    const query = { text, rowMode: "array" as const, queryMode: "extended" };
    const result = await client.query<unknown[]>(query).catch(statementFailed);
    await client.query("commit").catch(statementFailed);
    const columns = result.fields.map((field) => field.name);
    print.result(
      { tenant: session.tenant, columns, rows: result.rows, rowCount: result.rowCount, tag: result.command },
      () => {
        if (columns.length > 0) print.table(columns, result.rows);
        print.line(
          columns.length > 0
            ? `(${result.rows.length} ${result.rows.length === 1 ? "row" : "rows"})`
            : `${result.command} ${result.rowCount ?? ""}`.trimEnd(),
        );
      },
    );
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

// what PostgreSQL says about the statement is for its author; the state of the kit has nothing to do with it
function statementFailed(error: Error & { hint?: string }): never {
  throw Object.assign(error, { hint: error.hint || "Correct the statement.", exitCode: exitCodes.findings });
}

/** Runs what is typed or piped in; the exit code is that of the worst statement of a script, and 0 for a person, who saw it. */
async function prompt(context: CommandContext, session: Session): Promise<number> {
  let worst: number = exitCodes.ok;
  const { io, print } = context;
  const lines = createInterface({ input: io.stdin });
  const runOne = async (statement: string): Promise<void> => {
    try {
      await runStatement(context, session, statement);
    } catch (error) {
      const shown = showError(error);
      worst = Math.max(worst, shown.exitCode);
      print.note(harmless(shown.message));
    }
  };
  const ask = (more: boolean): void => {
    if (io.interactive) io.err(`${harmless(session.tenant)}${more ? "->" : "=>"} `);
  };
  if (io.interactive)
    print.note(
      `Tenant ${harmless(session.tenant)}, level ${session.level}. End statements with ; — \\dt lists tables, \\q quits.`,
    );
  let text = "";
  ask(false);
  for await (const line of lines) {
    if (text === "" && line.trim() === "\\q") break;
    text += `${line}\n`;
    const statement = text.trim() === "\\dt" ? tables : completeStatement(text);
    if (statement === undefined && text.trim() !== "") {
      ask(true);
      continue;
    }
    text = "";
    if (statement !== undefined && statement !== "") await runOne(statement);
    ask(false);
  }
  // the last statement of a script may end with the script
  if (!io.interactive && text.trim() !== "") await runOne(text);
  lines.close();
  return io.interactive ? exitCodes.ok : worst;
}

/** Runs `kit shell`. */
export const execute: Execute<Options> = (context, _, options) =>
  context.database(async (client) => {
    const session = await openSession(client, options.as, context.io.env.WATERTIGHT_KEY);
    if (options.command === undefined) return prompt(context, session);
    await runStatement(context, session, options.command === "\\dt" ? tables : options.command);
    return exitCodes.ok;
  });
