/**
 * The central copy again, from the targets' own ledgers: after it was lost, or after somebody migrated without it. Reads the targets only.
 */
import { readLedger } from "../apply/ledger.ts";
import { schemaVersion } from "../release/schema-version.ts";
import { filesFor, type Release } from "../release/release.ts";
import { scopeOf, type Target } from "../target.ts";
import { Lanes } from "./lanes.ts";
import type { WaveStore } from "./wave-store.ts";

/** What was read. */
export interface RebuiltMirror {
  readonly targets: number;
  /** Targets that could not be read. */
  readonly problems: readonly { readonly target: string; readonly message: string }[];
}

/**
 * Rebuilds the copy of every target given.
 * @example await rebuildMirror(targets, release, store);
 */
export async function rebuildMirror(
  targets: readonly Target[],
  release: Release,
  store: WaveStore,
  concurrency = 4,
): Promise<RebuiltMirror> {
  const lanes = new Lanes({ concurrency });
  const problems: { target: string; message: string }[] = [];
  try {
    await lanes.each(
      targets.map((target) => ({ target })),
      async ({ target }, connect) => {
        try {
          const ledger = (await readLedger(await connect(), target)) ?? [];
          const applied = ledger.filter(({ state }) => state === "applied");
          const names = new Set(applied.map(({ name }) => name));
          const next = filesFor(release, scopeOf(target.model)).find(({ name }) => !names.has(name));
          const version = schemaVersion(release, (next?.position ?? release.files.length + 1) - 1);
          await store.mirror([{ target: target.id, version, applied }]);
        } catch (error) {
          problems.push({ target: target.id, message: (error as Error).message });
        }
      },
    );
  } finally {
    await lanes.close();
  }
  return { targets: targets.length, problems };
}
