/** `watertight locations list|create|adopt`: places that serve several tenants, or wait for one. */
import type { Execute } from "../../command.ts";
import { withControl } from "../catalog/control.ts";
import { type RequestOptions, requestAndFollow } from "./request.ts";

/** Runs `locations list`. */
export const list: Execute<{ readonly service: string }> = async (context, _, { service }) => {
  const locations = await withControl(context, ({ control, pool }) => control.listLocations(pool, { service }));
  context.print.result({ locations }, () =>
    context.print.table(
      ["location", "model", "cell", "database", "schema", "state", "tenants", "warm"],
      locations.map((each) => [
        each.id,
        each.model,
        each.cell,
        each.database,
        each.schema,
        each.state,
        each.tenants,
        each.warm ? "yes" : "",
      ]),
    ),
  );
  return 0;
};

interface CreateOptions extends RequestOptions {
  readonly kind: "pool" | "silo" | "warm";
  readonly cell?: string;
  readonly region?: string;
}

/** Runs `locations create`. */
export const create: Execute<CreateOptions> = (context, [name = ""], options) =>
  requestAndFollow(context, options, ({ control, pool, actor, kinds }) => {
    const { kind, service, cell, region } = options;
    const operation = kinds.get(kind === "warm" ? "warm.fill" : `${kind}.create`)!;
    return control.requestOperation(pool, actor, operation, {
      name,
      service,
      ...(cell === undefined ? {} : { cell }),
      ...(region === undefined ? {} : { region }),
    });
  });

interface AdoptOptions extends RequestOptions {
  readonly cell: string;
  readonly appPassword: string;
  readonly readonlyPassword: string;
  readonly key?: string;
  readonly release?: string;
}

/** Runs `locations adopt`. */
export const adopt: Execute<AdoptOptions> = (context, [database = ""], options) =>
  requestAndFollow(context, options, ({ control, pool, actor, kinds }) =>
    control.requestOperation(pool, actor, kinds.get("pool.adopt")!, {
      database,
      cell: options.cell,
      service: options.service,
      rwSecret: options.appPassword,
      roSecret: options.readonlyPassword,
      ...(options.key === undefined ? {} : { keySecret: options.key }),
      ...(options.release === undefined ? {} : { release: Number(options.release) }),
    }),
  );
