/** A page of 100 out of 100,000 tenants with their places, against the same page of the bare table of tenants. */
import { listTenants } from "@watertight/control";
import { median } from "../measure/quantile.ts";
import { withControlPlane } from "./control-plane.ts";
import { type Figure, judged } from "./figure.ts";

/** The figure. */
export const listPage: Figure = {
  name: "listPage",
  measure: (context) =>
    withControlPlane(context, 1, async ({ run, admin, pool }) => {
      const count = context.quick ? 20_000 : 100_000;
      const [output] = await run("pool.create", [{ name: "main" }]);
      await admin.query(
        `with made as (
           insert into watertight_catalog.tenant (id, slug, name, state) select 'id-' || n, 'slug-' || n, 'Tenant ' || n, 'active' from generate_series(1, $1::int) n returning id
         ) insert into watertight_catalog.placement (tenant, service, location, state, schema_version) select id, 'main', $2, 'active', 1 from made`,
        [count, output!["location"]],
      );
      await admin.query("analyze watertight_catalog.tenant, watertight_catalog.placement, watertight_catalog.location");
      const times: number[] = [];
      const bare: number[] = [];
      let after = "";
      for (let round = 0; round < 60; round++) {
        const began = performance.now();
        const page = await listTenants(pool, { after, limit: 100, state: "active" });
        times.push(performance.now() - began);
        const bareBegan = performance.now();
        await admin.query("select * from watertight_catalog.tenant where slug > $1 order by slug limit 100", [after]);
        bare.push(performance.now() - bareBegan);
        if (page.length !== 100) throw new Error(`a page of ${page.length}`);
        after = page.at(-1)!.slug;
      }
      const value = median(times);
      return judged("listPage", "ms", { value, baseline: median(bare), target: "<= 50 ms", ok: value <= 50 });
    }),
};
