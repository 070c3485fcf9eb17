/**
 * The kit's roles on a cell whose databases are made from templates. They are the same in every database of the cell, and NOLOGIN: nobody
 * connects as one of them. Each database's own logins are members of `app` or `readonly`, so a copy needs no grant on any table. None of them
 * is ever granted CONNECT: their members would come into every database.
 */
import { quoteName, quoteText, type Queryable, type RoleNames } from "@watertight/schema";

/** Start of the names when none is given. */
const defaultClassPrefix = "watertight_silo";

/** Their names. */
export function classRoles(prefix: string = defaultClassPrefix): RoleNames {
  return {
    owner: `${prefix}_owner`,
    migrator: `${prefix}_migrator`,
    app: `${prefix}_app`,
    readonly: `${prefix}_readonly`,
    control: `${prefix}_control`,
    prober: `${prefix}_prober`,
  };
}

// Two templates are built at once: whoever comes second sees one of these, and finds the role at the next try.
const collisions = new Set(["23505", "42710", "XX000"]);

/** Makes those that are missing, and the provisioner a member of the owner, in whose name it makes tables. */
export async function makeClassRoles(session: Queryable, roles: RoleNames): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await make(session, roles);
    } catch (error) {
      if (attempt === 5 || !collisions.has((error as { code?: string }).code ?? "")) throw error;
    }
  }
}

async function make(session: Queryable, roles: RoleNames): Promise<void> {
  for (const kind of ["owner", "migrator", "app", "readonly", "control"] as const) {
    const name = roles[kind];
    const { rows } = await session.query("select 1 from pg_catalog.pg_roles where rolname = $1", [name]);
    if (rows.length > 0) continue;
    const quoted = quoteName(name);
    await session.query(
      `create role ${quoted} nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
       comment on role ${quoted} is ${quoteText(`Made by Watertight: ${kind} of every database of this server that is made from a template`)}`,
    );
  }
  const { rows } = await session.query(
    `select r.rolsuper as super, pg_catalog.current_setting('server_version_num')::int >= 160000 as modern, current_user as me,
            pg_catalog.pg_has_role($1, 'usage') as member
       from pg_catalog.pg_roles r where r.rolname = current_user`,
    [roles.owner],
  );
  const { super: superuser, modern, me } = rows[0] as { super: boolean; modern: boolean; me: string };
  if (superuser) return;
  const options = modern ? " with inherit true, set true" : "";
  for (const kind of ["owner", "migrator"] as const)
    await session.query(`grant ${quoteName(roles[kind])} to ${quoteName(me)}${options}`);
}
