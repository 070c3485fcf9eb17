/** `watertight tenants import`: the tenants of an application that runs already. */
import type { Execute } from "../../command.ts";
import { withDatabase } from "../../database.ts";
import { withControl } from "../catalog/control.ts";

interface Options {
  readonly fromTable: string;
  readonly id: string;
  readonly name: string;
  readonly slug?: string;
  readonly location: string;
  readonly service: string;
  readonly app: string;
}

/** Runs `tenants import`. */
export const execute: Execute<Options> = async (context, _, options) => {
  const { print, io } = context;
  const report = await withControl(context, ({ control, pool, actor }) =>
    withDatabase(options.app, io, (app) =>
      control.importTenants(
        pool,
        actor,
        control.tenantsOfTable(app, {
          table: options.fromTable,
          id: options.id,
          name: options.name,
          ...(options.slug === undefined ? {} : { slug: options.slug }),
        }),
        { location: options.location, service: options.service },
        ({ read }) => print.note(`${read} read`),
      ),
    ),
  );
  print.result({ ...report }, () => {
    print.line(`${report.added} added, ${report.known} known before`);
    print.line(
      `Next: they must be registered where they are served: watertight kit tenants follow ${options.fromTable} ${options.id} --db ${options.app}`,
    );
  });
  return 0;
};
