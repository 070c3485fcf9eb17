/** quietP99: the quiet tenants' 99th percentile beside a noisy one, against their own without it. */
import { type Figure, judged } from "./figure.ts";
import { noiseRun } from "./noise-run.ts";

export const quietP99: Figure = {
  name: "quietP99",
  async measure(context) {
    const { fair, unloaded } = await noiseRun(context);
    return judged("quietP99", "ms", {
      value: fair,
      baseline: unloaded,
      target: "<= 2x their unloaded p99",
      ok: fair <= 2 * unloaded,
    });
  },
};
