/** hitRateGap: how far the hit rate of a fleet's connections is from that of an LRU simulation of the same calls. */
import { type Figure, judged } from "./figure.ts";
import { zipfRun } from "./zipf-run.ts";

export const hitRateGap: Figure = {
  name: "hitRateGap",
  async measure(context) {
    const { hitRate, simulated } = await zipfRun(context);
    const gap = Math.abs(simulated - hitRate) * 100;
    return judged("hitRateGap", "points", {
      value: gap,
      baseline: simulated * 100,
      target: "<= 5 points from the LRU simulation",
      ok: gap <= 5,
    });
  },
};
