/**
 * A fleet for commands that ask for operations or work on its cells: the catalog by a pool of connections, because work on many places notes many things at
 * once; secrets as `up` reads them; the operations that a worker of this catalog knows.
 */
import { resolve } from "node:path";
import type * as Control from "@watertight/control";
import pg from "pg";
import type { CommandContext } from "../../command.ts";
import { databaseUrl } from "../../database.ts";
import { type ControlSession, withControl } from "../catalog/control.ts";

/** Options of such commands. */
export interface FleetOptions {
  readonly db?: string;
  /** The folder in which `up` keeps what it makes. */
  readonly secrets: string;
  readonly service: string;
}

/** What they work with. */
export interface Fleet extends Omit<ControlSession, "pool"> {
  readonly pool: pg.Pool;
  readonly secrets: Control.Secrets;
  readonly kinds: ReadonlyMap<string, Control.OperationKind<never>>;
}

/** Runs `fn` on the fleet whose catalog --db names. */
export async function withFleet<T>(
  context: CommandContext,
  options: FleetOptions,
  fn: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const { io } = context;
  return withControl(context, async (session) => {
    const { control } = session;
    const pool = new pg.Pool({
      connectionString: await databaseUrl(options.db, io),
      max: 4,
      application_name: "watertight",
    });
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    try {
      const store = control.fileStore(resolve(io.cwd, options.secrets));
      const secrets = control.openSecrets({ env: io.env, stores: { local: store }, keepIn: "local" });
      const kinds = control.provisioningKinds({ secrets, schemaOf: control.releasedSchemas(pool) });
      return await fn({ ...session, pool, secrets, kinds });
    } finally {
      await pool.end();
    }
  });
}
