/**
 * Step: a database from the template. It is copied under a name that only this operation can have, closed to everybody; then tag, rights, limits
 * and settings, which a copy carries none of, and its own name, in one transaction. So what bears the name is complete, and what is not
 * complete cannot be connected to.
 */
import { quoteName, quoteText, type Queryable } from "@watertight/schema";
import { onPlace } from "../cells/on-place.ts";
import { controlError } from "../errors/control-error.ts";
import type { Step, StepContext } from "../operations/operation.ts";
import { placeRoles, templateName, triedName, unfinishedName } from "./names.ts";
import { findPlaceOf, type Place, type PlaceFinder, placeOf, type ProvisioningOptions } from "./place.ts";
import { settle } from "./place-roles.ts";
import { isOurs, readTag, tagStatement } from "./tags.ts";

/** Makes the database. */
export function databaseStep<I>(options: ProvisioningOptions, finder: PlaceFinder<I>): Step<I> {
  const at = <T>(context: StepContext<I>, place: Place, fn: (session: Queryable) => Promise<T>): Promise<T> =>
    onPlace(context as never, options.secrets, { cell: place.onCell }, fn);
  return {
    name: "database",
    async observe(context) {
      const place = await placeOf(context, finder);
      return at(context, place, (session) =>
        isOurs(session, "database", place.database, place.madeBy ?? context.operation.id),
      );
    },
    async act(context) {
      const place = await placeOf(context, finder);
      const database = { cell: place.cell, kind: "database" as const };
      await context.willMake(
        { ...database, name: place.database },
        { ...database, name: unfinishedName(context.operation.id) },
      );
      context.failpoint("database.promised");
      await at(context, place, async (session) => {
        await copyTemplate(session, context.operation.id, templateName(place.service, place.schemaVersion));
        context.failpoint("database.copied");
        await finishDatabase(session, context.operation.id, place, options.connectionLimit ?? 20);
      });
    },
    async undo(context) {
      const place = await findPlaceOf(context, finder);
      if (place === undefined || place.madeBy !== context.operation.id) return;
      await at(context, place, async (session) => {
        await dropUnfinished(session, context.operation.id);
        await dropDatabase(session, context.operation.id, place.database);
      });
      await settle(context, "database");
    },
  };
}

/** The copy, closed, under the operation's name; one that is there already is taken. */
async function copyTemplate(session: Queryable, operation: string, template: string): Promise<void> {
  const { rows } = await session.query(
    `select exists (select from pg_catalog.pg_database where datname = $1) as made,
            exists (select from pg_catalog.pg_database where datname = $2 and not datallowconn) as template`,
    [unfinishedName(operation), template],
  );
  if (rows[0]!["template"] !== true) throw controlError("WT_CELL_NO_TEMPLATE", { detail: template });
  if (rows[0]!["made"] === true) return;
  // WAL_LOG: FILE_COPY forces a checkpoint, which took 16 s behind a large backlog
  await session.query(
    `create database ${quoteName(unfinishedName(operation))} template ${quoteName(template)} strategy wal_log allow_connections false`,
  );
}

async function finishDatabase(session: Queryable, operation: string, place: Place, limit: number): Promise<void> {
  const unfinished = quoteName(unfinishedName(operation));
  const template = templateName(place.service, place.schemaVersion);
  await session.query(
    [
      `revoke all on database ${unfinished} from public`,
      `grant connect on database ${unfinished} to ${quoteName(placeRoles(place.database).group)}`,
      ...(await settingsOf(session, template)).map((setting) => `alter database ${unfinished} set ${setting}`),
      // room for the provisioner beside the tenant's own roles
      `alter database ${unfinished} connection limit ${limit + 5} allow_connections true`,
      tagStatement("database", unfinishedName(operation), operation),
      `alter database ${unfinished} rename to ${quoteName(place.database)}`,
    ].join(";\n"),
  );
}

// Settings that are lists of names: stored as they are written, and quoted as one text they would be one name.
const lists = new Set([
  "search_path",
  "local_preload_libraries",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

/** `name = value` for ALTER DATABASE … SET. */
export function settingClause(name: string, value: string): string {
  return `${name.split(".").map(quoteName).join(".")} = ${lists.has(name) ? value : quoteText(value)}`;
}

async function settingsOf(session: Queryable, template: string): Promise<string[]> {
  const { rows } = await session.query(
    `select pg_catalog.split_part(s, '=', 1) as name, pg_catalog.substr(s, pg_catalog.strpos(s, '=') + 1) as value
       from pg_catalog.pg_db_role_setting r join pg_catalog.pg_database d on d.oid = r.setdatabase, pg_catalog.unnest(r.setconfig) s
      where d.datname = $1 and r.setrole = 0`,
    [template],
  );
  return (rows as { name: string; value: string }[]).map(({ name, value }) => settingClause(name, value));
}

/** Drops what an operation had not finished: the names are its own. */
export async function dropUnfinished(session: Queryable, operation: string): Promise<void> {
  const { rows } = await session.query(
    "select d.datname as name from pg_catalog.pg_database d where d.datname = any ($1)",
    [[triedName(operation), unfinishedName(operation)]],
  );
  for (const row of rows) await dropClosed(session, row["name"] as string);
}

/** Drops a database that carries the tag, its sessions first. */
export async function dropDatabase(session: Queryable, operation: string, database: string): Promise<void> {
  if ((await readTag(session, "database", database, operation)) === "ours") await dropClosed(session, database);
}

async function dropClosed(session: Queryable, database: string): Promise<void> {
  await session.query(`alter database ${quoteName(database)} with allow_connections false`);
  await session.query(`drop database ${quoteName(database)} with (force)`);
}
