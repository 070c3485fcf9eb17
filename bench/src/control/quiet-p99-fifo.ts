/** quietP99Fifo: the same in one line for all, the failing control: if this were good, the fair scheduler would show nothing. */
import { type Figure, judged } from "./figure.ts";
import { noiseRun } from "./noise-run.ts";

export const quietP99Fifo: Figure = {
  name: "quietP99Fifo",
  async measure(context) {
    const { fifo, unloaded } = await noiseRun(context);
    return judged("quietP99Fifo", "ms", {
      value: fifo,
      baseline: unloaded,
      target: "> 2x their unloaded p99 (the control must fail)",
      ok: fifo > 2 * unloaded,
    });
  },
};
