/**
 * Who made a database, schema or role: its comment. Must never let anything be changed or dropped that does not carry the operation's own tag.
 */
import { quoteName, quoteText, type Queryable } from "@watertight/schema";
import { controlError } from "../errors/control-error.ts";
import { tagOf } from "./names.ts";

/** What a tag can hang on. */
export type Tagged = "database" | "role" | "schema";

const catalogs: Readonly<Record<Tagged, string>> = {
  database:
    "select pg_catalog.shobj_description(oid, 'pg_database') as tag from pg_catalog.pg_database where datname = $1",
  role: "select pg_catalog.shobj_description(oid, 'pg_authid') as tag from pg_catalog.pg_roles where rolname = $1",
  schema:
    "select pg_catalog.obj_description(oid, 'pg_namespace') as tag from pg_catalog.pg_namespace where nspname = $1",
};

/** `absent`, `ours`, or the comment of somebody else. */
export async function readTag(
  session: Queryable,
  kind: Tagged,
  name: string,
  operation: string,
): Promise<"absent" | "ours" | { readonly comment: string | null }> {
  const { rows } = await session.query(catalogs[kind], [name]);
  if (rows.length === 0) return "absent";
  const comment = rows[0]!["tag"] as string | null;
  return comment === tagOf(operation) ? "ours" : { comment };
}

/** Whether it is there with our tag. @throws ControlError WT_CELL_FOREIGN_OBJECT when somebody else's is there */
export async function isOurs(session: Queryable, kind: Tagged, name: string, operation: string): Promise<boolean> {
  const tag = await readTag(session, kind, name, operation);
  if (tag === "absent" || tag === "ours") return tag === "ours";
  throw controlError("WT_CELL_FOREIGN_OBJECT", { detail: `${kind} ${name}` });
}

/** Whether all of some roles are there with our tag, in one question. @throws ControlError WT_CELL_FOREIGN_OBJECT */
export async function rolesAreOurs(session: Queryable, names: readonly string[], operation: string): Promise<boolean> {
  const { rows } = await session.query(
    "select r.rolname as name, pg_catalog.shobj_description(r.oid, 'pg_authid') as tag from pg_catalog.pg_roles r where r.rolname = any ($1)",
    [names],
  );
  const foreign = rows.find((row) => row["tag"] !== tagOf(operation));
  if (foreign !== undefined) throw controlError("WT_CELL_FOREIGN_OBJECT", { detail: `role ${foreign["name"]}` });
  return rows.length === names.length;
}

/** The statement that hangs a tag on something. */
export function tagStatement(kind: Tagged, name: string, operation: string): string {
  return `comment on ${kind} ${quoteName(name)} is ${quoteText(tagOf(operation))}`;
}
