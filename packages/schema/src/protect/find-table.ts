/**
 * Finds a table by the name a person gives. Looked up before the kit pins its search path, so that an unqualified name means what it
 * means in the caller's session.
 */
import type { Queryable } from "../db/queryable.ts";
import { kitError } from "../errors/kit-error.ts";

/** A table's oid and name. */
export interface FoundTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/**
 * Finds a table. `name` is SQL (`projects`, `app."Odd Name"`); a name that is no SQL name at all is tried as it stands.
 * @throws KitError WT_KIT_TABLE
 */
export async function findTable(db: Queryable, name: string): Promise<FoundTable> {
  // to_regclass raises on a malformed name, and a name such as `Odd "Name` is malformed SQL but a good table name
  for (const text of [name, `"${name.replaceAll('"', '""')}"`]) {
    const found = await lookUp(db, text);
    if (!found) continue;
    if (["pg_catalog", "information_schema", "watertight"].includes(found.schema)) break;
    return found;
  }
  throw kitError("WT_KIT_TABLE", { detail: name });
}

async function lookUp(db: Queryable, text: string): Promise<FoundTable | undefined> {
  try {
    const { rows } = await db.query(
      `select c.oid::bigint as oid, n.nspname::text as schema, c.relname::text as name
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = pg_catalog.to_regclass($1)`,
      [text],
    );
    const [row] = rows;
    return row && { oid: Number(row.oid), schema: row.schema, name: row.name };
  } catch {
    return undefined;
  }
}
