/**
 * A {@link WaveStore} that lives as long as its process: for one-off runs without a control-plane database, and for tests.
 */
import type { MirrorEntry } from "../apply/apply-to-target.ts";
import type { History } from "../plan/estimate.ts";
import { edited, type ReleasedFile } from "../release/release.ts";
import type { Run, RunState, RunTarget, WaveStore } from "./wave-store.ts";

/** Makes an empty store. */
export function memoryStore(): WaveStore {
  const files = new Map<string, ReleasedFile>();
  const runs = new Map<string, Run>();
  const durations = new Map<string, number[]>();
  const change = (id: string, next: (run: Run) => Run): void => {
    const run = runs.get(id);
    if (run !== undefined) runs.set(id, next(run));
  };
  return {
    released: () => Promise.resolve([...files.values()]),
    async addReleased(more: readonly ReleasedFile[]) {
      for (const file of more) {
        const before = files.get(file.name);
        if (before !== undefined && before.checksum !== file.checksum) throw edited(file, before.checksum);
        files.set(file.name, file);
      }
    },
    async create(run: Run) {
      runs.set(run.id, run);
    },
    load: (id: string) => Promise.resolve(runs.get(id)),
    unfinished: () =>
      Promise.resolve([...runs.values()].findLast(({ state }) => state === "running" || state === "paused")?.id),
    async record(id: string, targets: readonly RunTarget[]) {
      const changed = new Map(targets.map((each) => [each.target, each]));
      change(id, (run) => ({ ...run, targets: run.targets.map((each) => changed.get(each.target) ?? each) }));
    },
    async setState(id: string, state: RunState, reason: string | null) {
      change(id, (run) => ({ ...run, state, reason }));
    },
    async mirror(entries: readonly MirrorEntry[]) {
      for (const { name, durationMs } of entries.flatMap(({ applied }) => applied))
        durations.set(name, [...(durations.get(name) ?? []), durationMs]);
    },
    durations: () => Promise.resolve(medians(durations)),
  };
}

function medians(all: ReadonlyMap<string, readonly number[]>): History {
  return new Map([...all].map(([name, each]) => [name, each.toSorted((a, b) => a - b)[each.length >> 1] ?? 0]));
}
