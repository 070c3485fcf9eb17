/** budgetPeak: most connections of a fleet at any moment, counted from their opening to their confirmed close, against the budget. */
import { type Figure, judged } from "./figure.ts";
import { zipfRun } from "./zipf-run.ts";

export const budgetPeak: Figure = {
  name: "budgetPeak",
  async measure(context) {
    const { peak, backends, budget, failed } = await zipfRun(context);
    return judged("budgetPeak", "connections", {
      value: Math.max(peak, backends - 2),
      baseline: budget,
      target: `<= ${budget}; pg_stat_activity (${backends} seen) <= ${budget + 2}; 0 errors (${failed} seen)`,
      ok: peak <= budget && backends <= budget + 2 && failed === 0,
    });
  },
};
