/**
 * Takes a tenant out of one place for ever: rows of a shared place, the schema, or the whole database with its roles. Only what carries the tag
 * of the operation that made it is dropped. A second call finds less and does the rest.
 */
import { onPlace } from "../../cells/on-place.ts";
import type { StepContext } from "../../operations/operation.ts";
import { registerIncoming, fenceStates } from "../fence-step.ts";
import { placeRoles } from "../names.ts";
import type { Place, ProvisioningOptions } from "../place.ts";
import { dropDatabase } from "../place-database.ts";
import { dropRoles } from "../place-roles.ts";
import { removeSecrets } from "../place-secrets.ts";
import { dropSchema } from "../schema-step.ts";
import { removeRows } from "./remove-rows.ts";

/** What is gone, for the certificate. */
export interface Removed {
  readonly location: string;
  readonly model: Place["model"];
  readonly service: string;
  readonly cell: string;
  /** Rows deleted by this run, by table; absent where the whole place went. */
  readonly rows?: Readonly<Record<string, number>>;
  readonly dropped: readonly string[];
  readonly keys: "destroyed" | "shared with the tenants that stay";
}

/** Removes the tenant's data there. */
export async function removeFromPlace(
  context: StepContext<never>,
  options: ProvisioningOptions,
  place: Place,
  tenant: string,
): Promise<Removed> {
  const about = { location: place.id, model: place.model, service: place.service, cell: place.cell };
  if (place.model === "database") {
    await onPlace(context, options.secrets, { cell: place.onCell }, async (session) => {
      await dropDatabase(session, place.madeBy as string, place.database);
      context.failpoint("remove.database");
      await dropRoles(session, place.madeBy as string, place.database);
    });
    context.failpoint("remove.roles");
    await removeSecrets(options.secrets, place);
    return { ...about, dropped: [place.database, ...Object.values(placeRoles(place.database))], keys: "destroyed" };
  }
  return onPlace(
    context,
    options.secrets,
    { cell: place.onCell, database: place.database },
    async (session) => {
      const rows =
        place.schema === null
          ? await removeRows(session, tenant, (table, n) => context.progress({ table, rows: n }))
          : undefined;
      context.failpoint("remove.rows");
      if (place.schema !== null) await dropSchema(session, place.madeBy as string, place.schema);
      // the id never comes back here; where the fence lost the row, it is written down again first
      if (!(await fenceStates(session, [tenant])).has(tenant)) await registerIncoming(session, [tenant]);
      await session.query(
        "select watertight.set_tenant_state($1, 'deleted') from watertight.fence where tenant = $1 and state <> 'deleted'",
        [tenant],
      );
      return {
        ...about,
        ...(rows === undefined ? {} : { rows }),
        dropped: place.schema === null ? [] : [place.schema],
        keys: "shared with the tenants that stay" as const,
      };
    },
    { statementMs: 120_000 },
  );
}
