/** Pool tenants registered in one operation, against one bare INSERT of as many rows into a fence. */
import { randomUUID } from "node:crypto";
import { withControlPlane } from "./control-plane.ts";
import { type Figure, judged } from "./figure.ts";

/** The figure. */
export const registerPool: Figure = {
  name: "registerPool",
  measure: (context) =>
    withControlPlane(context, 2, async ({ run, admin }) => {
      const count = context.quick ? 2000 : 10_000;
      const [output] = await run("pool.create", [{ name: "main" }]);
      const tenants = Array.from({ length: count }, (_, n) => ({ id: randomUUID(), slug: `bench-${n}` }));
      const began = performance.now();
      await run("tenants.register", [{ location: output!["location"], tenants }]);
      const value = (performance.now() - began) / 1000;
      await admin.query("create table bare_fence (tenant text primary key, state text not null)");
      const bareBegan = performance.now();
      await admin.query("insert into bare_fence select t, 'active' from unnest($1::text[]) t", [
        tenants.map(({ id }) => id),
      ]);
      const limit = (20 * count) / 10_000;
      return judged("registerPool", "s", {
        value,
        baseline: (performance.now() - bareBegan) / 1000,
        target: "10,000 pool tenants <= 20 s",
        ok: value <= limit,
      });
    }),
};
