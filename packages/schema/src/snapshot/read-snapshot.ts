/**
 * Reads a database's catalog as one {@link Snapshot}: one transaction, read-only, that sees one moment. Any role may read it; what a role
 * may not read is left empty and named in `unreadable`. Must never read a user's row, and never change anything.
 */
import type { Queryable } from "../db/queryable.ts";
import { kitError } from "../errors/kit-error.ts";
import type { Part } from "./catalog-sql.ts";
import {
  constraintsPart,
  constraintOf,
  columnNamesOf,
  indexesPart,
  indexOf,
  operatorClassesPart,
} from "./read-keys.ts";
import { policiesPart, rewriteRulesPart, triggersPart } from "./read-behaviour.ts";
import { columnsOf, columnsPart, columnTypesPart } from "./read-columns.ts";
import { grantsIn, grantsPart } from "./read-grants.ts";
import { relationsPart, schemasPart } from "./read-relations.ts";
import { defaultPrivilegesPart, operatorsPart, routinesPart } from "./read-routines.ts";
import {
  databasePart,
  eventTriggersPart,
  extensionsPart,
  foreignServersPart,
  hideableSettings,
  largeObjectsPart,
  membershipsPart,
  otherDatabasesPart,
  publicationsPart,
  rolesPart,
  roleSettingsPart,
  serverSettingsPart,
} from "./read-server.ts";
import type { Relation, Snapshot, Unreadable } from "./snapshot.ts";

/** Options of {@link readSnapshot}. */
export interface SnapshotOptions {
  /** Only objects in these schemas; default all but PostgreSQL's own. Roles, settings and the like are read in any case. */
  readonly schemas?: readonly string[];
  /** The longest that one query may take, in milliseconds; default: what the session says. */
  readonly statementMs?: number;
}

// Expressions are printed under the session's settings: with these they come out the same whoever asks. Nothing but pg_catalog is on the
// path, so every name of a user is printed with its schema, and no operator or function of theirs can stand in for PostgreSQL's.
const ownSettings = `set local search_path = pg_catalog, pg_temp; set local quote_all_identifiers = off; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD';
set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; set local extra_float_digits = 1; set local standard_conforming_strings = on; set local jit = off`;

/**
 * Reads the catalog of the database that `db` is connected to.
 * @param db ONE connection (a client, not a pool) outside of a transaction; any role.
 * @throws KitError `WT_KIT_VERSION` before PostgreSQL 15.
 * @example
 * const snapshot = await readSnapshot(client);
 * const open = snapshot.relations.filter((table) => table.kind === "r" && !table.rowSecurity);
 */
export async function readSnapshot(db: Queryable, options: SnapshotOptions = {}): Promise<Snapshot> {
  const refused = new Map<object, Unreadable>();
  for (;;) {
    await db.query("begin isolation level repeatable read read only");
    try {
      await db.query(ownSettings);
      if (options.statementMs !== undefined)
        await db.query(`set local statement_timeout = ${Math.max(1, Math.round(options.statementMs))}`);
      const snapshot = await readAll(db, options, refused);
      await db.query("commit");
      return snapshot;
    } catch (error) {
      await db.query("rollback");
      // a hardened database: all again without this part. In one transaction, since a snapshot of two moments is none.
      if (!(error instanceof PartRefused)) throw error;
      refused.set(error.part, { what: error.part.what, why: error.message });
    }
  }
}

class PartRefused extends Error {
  readonly part: Part<unknown>;
  constructor(part: Part<unknown>, message: string) {
    super(message);
    this.part = part;
  }
}

/** Everything that is read, in this order. */
const parts: readonly Part<unknown>[] = [
  databasePart,
  grantsPart,
  columnTypesPart,
  columnsPart,
  relationsPart,
  operatorClassesPart,
  serverSettingsPart,
  schemasPart,
  rolesPart,
  membershipsPart,
  roleSettingsPart,
  policiesPart,
  constraintsPart,
  indexesPart,
  routinesPart,
  triggersPart,
  rewriteRulesPart,
  operatorsPart,
  defaultPrivilegesPart,
  extensionsPart,
  publicationsPart,
  eventTriggersPart,
  foreignServersPart,
  largeObjectsPart,
  otherDatabasesPart,
];

/** What came for a part, still as text. */
interface Answer {
  readonly part: Part<unknown>;
  readonly texts: readonly string[];
}

async function ask(
  db: Queryable,
  part: Part<unknown>,
  version: number,
  schemas: readonly string[] | null,
): Promise<Answer> {
  // every query names the parameter, so that all of them can be sent the same way
  const text = `select pg_catalog.row_to_json(q)::text as item from (${part.sql(version)}) q where $1::text[] is null or true`;
  try {
    const { rows } = await db.query(text, [schemas]);
    return { part, texts: rows.map((row) => row["item"] as string) };
  } catch (error) {
    if ((error as { code?: string }).code === "42501") throw new PartRefused(part, (error as Error).message);
    throw error;
  }
}

// asynchronous only so that an error waits for the query that runs beside it
async function keep(found: Map<object, readonly unknown[]>, { part, texts }: Answer): Promise<void> {
  found.set(
    part,
    texts.map((text) => JSON.parse(text) as unknown),
  );
}

async function readAll(
  db: Queryable,
  options: SnapshotOptions,
  refused: ReadonlyMap<object, Unreadable>,
): Promise<Snapshot> {
  const { rows: answer } = await db.query("select pg_catalog.current_setting('server_version_num')::int as version");
  const version = Number(answer[0]!["version"]);
  if (version < 150000) throw kitError("WT_KIT_VERSION", { detail: `server_version_num ${version}` });
  const schemas = options.schemas === undefined ? null : [...options.schemas];

  // The server works on the next part while the rows of the last are taken apart here; never two queries at once, which drivers do not promise.
  const found = new Map<object, readonly unknown[]>();
  let last: Answer | null = null;
  for (const part of parts.filter((each) => !refused.has(each))) {
    const asked: Promise<Answer> = ask(db, part, version, schemas);
    [last] = await Promise.all([asked, last === null ? null : keep(found, last)]);
  }
  if (last !== null) await keep(found, last);
  const read = <T>(part: Part<T>): readonly T[] => {
    if (!found.has(part) && !refused.has(part)) throw new Error(`${part.what} is missing in the list of parts`);
    return (found.get(part) ?? []) as readonly T[];
  };

  const [database] = read(databasePart);
  const lists = new Map(read(grantsPart).map(({ key, grants }) => [key, grants]));
  const types = new Map(read(columnTypesPart).map((type) => [type.key, type]));
  const columns = new Map(read(columnsPart).map((rows) => [rows.key, columnsOf(rows, types, lists)]));
  const keyed = read(relationsPart).map(({ key, ...own }) => {
    const relation: Relation = { ...own, acl: grantsIn(lists, own.acl), columns: columns.get(key) ?? [] };
    return { key, relation };
  });
  const names = columnNamesOf(keyed);
  const operatorClasses = new Map(read(operatorClassesPart).map(({ key, name }) => [key, name]));
  const settings = read(serverSettingsPart);
  const hidden = refused.has(serverSettingsPart)
    ? []
    : hideableSettings.filter((name) => !settings.some((setting) => setting.name === name));
  return {
    version,
    serverVersion: database?.serverVersion ?? "",
    database: database?.database ?? { name: "", owner: "", acl: [] },
    schemas: read(schemasPart),
    roles: read(rolesPart),
    memberships: read(membershipsPart),
    settings: read(roleSettingsPart),
    relations: keyed.map(({ relation }) => relation),
    policies: read(policiesPart),
    constraints: read(constraintsPart).map((each) => constraintOf(each, names)),
    indexes: read(indexesPart).map((each) => indexOf(each, names, operatorClasses)),
    routines: read(routinesPart).map((each) => ({ ...each, acl: grantsIn(lists, each.acl) })),
    triggers: read(triggersPart),
    rules: read(rewriteRulesPart),
    operators: read(operatorsPart),
    defaultPrivileges: read(defaultPrivilegesPart),
    extensions: read(extensionsPart),
    publications: read(publicationsPart),
    eventTriggers: read(eventTriggersPart),
    foreignServers: read(foreignServersPart),
    largeObjects: read(largeObjectsPart),
    otherDatabases: read(otherDatabasesPart),
    serverSettings: Object.fromEntries(settings.map(({ name, value }) => [name, value])),
    unreadable: [
      ...refused.values(),
      ...hidden.map((name) => ({
        what: `setting ${name}`,
        why: "only superusers and members of pg_read_all_settings see it",
      })),
    ],
  };
}
