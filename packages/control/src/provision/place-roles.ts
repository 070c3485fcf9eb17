/**
 * Step: the roles of a database of its own. Each is made and tagged in one transaction. Rights on tables come by membership in the class role
 * that the template's grants name; the right to connect comes from the group role of this one database, and from nowhere else.
 */
import { quoteName, quoteText, type Queryable, type RoleNames } from "@watertight/schema";
import { classRoles } from "../cells/class-roles.ts";
import { onPlace } from "../cells/on-place.ts";
import { scramVerifier } from "../cells/scram.ts";
import type { Step, StepContext } from "../operations/operation.ts";
import { placeRoles } from "./names.ts";
import { findPlaceOf, type Place, type PlaceFinder, placeOf, type ProvisioningOptions } from "./place.ts";
import { isOurs, readTag, rolesAreOurs, tagStatement } from "./tags.ts";

/** Makes group, rw and ro. */
export function rolesStep<I>(options: ProvisioningOptions, finder: PlaceFinder<I>): Step<I> {
  const { secrets } = options;
  const at = <T>(context: StepContext<I>, place: Place, fn: (session: Queryable) => Promise<T>): Promise<T> =>
    onPlace(context as never, secrets, { cell: place.onCell }, fn);
  return {
    name: "roles",
    async observe(context) {
      const place = await placeOf(context, finder);
      const tagged = place.madeBy ?? context.operation.id;
      return at(context, place, (session) => rolesAreOurs(session, Object.values(placeRoles(place.database)), tagged));
    },
    async act(context) {
      const place = await placeOf(context, finder);
      await context.willMake(
        ...Object.values(placeRoles(place.database)).map((name) => ({ cell: place.cell, kind: "role" as const, name })),
      );
      context.failpoint("roles.promised");
      const verifiers = {
        rw: scramVerifier(await secrets.read(place.rwSecret)),
        ro: scramVerifier(await secrets.read(place.roSecret)),
      };
      await at(context, place, (session) =>
        makeRoles(
          session,
          context.operation.id,
          place,
          classRoles(options.classPrefix),
          verifiers,
          options.connectionLimit ?? 20,
          () => context.failpoint("roles.inside"),
        ),
      );
    },
    async undo(context) {
      const place = await findPlaceOf(context, finder);
      if (place === undefined || place.madeBy !== context.operation.id) return;
      await at(context, place, (session) => dropRoles(session, context.operation.id, place.database));
      await settle(context, "role");
    },
  };
}

async function makeRoles(
  session: Queryable,
  operation: string,
  place: Place,
  classes: RoleNames,
  verifiers: { readonly rw: string; readonly ro: string },
  limit: number,
  inside: () => void,
): Promise<void> {
  const { group, rw, ro } = placeRoles(place.database);
  const login = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls";
  const { rows } = await session.query(
    "select pg_catalog.current_setting('server_version_num')::int >= 160000 as modern",
  );
  // SET: the class role has nothing that its member lacks, and acting as it would hide who acted
  const member = rows[0]!["modern"] === true ? " with inherit true, set false" : "";
  const statements: string[] = [];
  const make = async (name: string, text: string): Promise<void> => {
    if (await isOurs(session, "role", name, operation)) return;
    statements.push(`create role ${quoteName(name)} ${text}`, tagStatement("role", name, operation));
  };
  await make(group, `nologin ${login}`);
  await make(
    rw,
    `login ${login} connection limit ${limit} password ${quoteText(verifiers.rw)} in role ${quoteName(group)}`,
  );
  await make(
    ro,
    `login ${login} connection limit ${limit} password ${quoteText(verifiers.ro)} in role ${quoteName(group)}`,
  );
  if (statements.length === 0) return;
  inside();
  // one message of several statements is one transaction
  await session.query(
    [
      ...statements,
      `grant ${quoteName(classes.app)} to ${quoteName(rw)}${member}`,
      `grant ${quoteName(classes.readonly)} to ${quoteName(ro)}${member}`,
      `alter role ${quoteName(ro)} set default_transaction_read_only = on`,
    ].join(";\n"),
  );
}

/** Drops the roles that carry the tag. */
export async function dropRoles(session: Queryable, operation: string, database: string): Promise<void> {
  const { group, rw, ro } = placeRoles(database);
  for (const name of [rw, ro, group])
    if ((await readTag(session, "role", name, operation)) === "ours")
      await session.query(`drop role ${quoteName(name)}`);
}

/** Strikes off cleanup records of a kind, once what they name is gone. */
export async function settle(context: Pick<StepContext<never>, "commit" | "operation">, kind: string): Promise<void> {
  await context.commit(async (tx) => {
    await tx.query(
      "update watertight_catalog.cleanup set settled_at = clock_timestamp(), settled_as = 'removed' where operation = $1 and kind = $2 and settled_at is null",
      [context.operation.id, kind],
    );
  });
}
