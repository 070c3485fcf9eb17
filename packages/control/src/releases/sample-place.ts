/**
 * A place as a release makes it, in an empty database of one's own: what `watertight migrations release` judges before anything is kept. Made by the same
 * function as the templates of cells. Must never be given a database that holds anything.
 */
import type { Queryable } from "@watertight/schema";
import { classRoles, makeClassRoles } from "../cells/class-roles.ts";
import { MigrationError } from "../migrations/migration-error.ts";
import type { Release } from "../migrations/release/release.ts";
import { fillDatabase } from "../provision/fill-database.ts";
import { sourceOf } from "./released-schema.ts";

/**
 * Makes it on this connection, which is a superuser's or the provisioner's.
 * @throws MigrationError WT_MIGRATION_FAILED where a statement fails
 */
export async function makeSamplePlace(
  client: Queryable,
  release: Release,
  { classPrefix }: { readonly classPrefix?: string } = {},
): Promise<void> {
  const roles = classRoles(classPrefix);
  await makeClassRoles(client, roles);
  try {
    await fillDatabase(client, roles, sourceOf(release));
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    throw new MigrationError("WT_MIGRATION_FAILED", {
      detail: `in an empty place: ${message}`,
      facts: { message },
      cause: error as Error,
      ...(code === undefined ? {} : { sqlstate: code }),
    });
  }
}
