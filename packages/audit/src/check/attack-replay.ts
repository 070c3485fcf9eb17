/**
 * The attacks on a replayed schema. What keeps them from running is told, and leaves every finding unverified: a check that could not attack must
 * never look like one that found nothing.
 */
import { attackSchema, type AttackOptions } from "../matrix/attack-schema.ts";
import { labServer } from "../matrix/lab/lab-role.ts";
import type { Matrix } from "../matrix/matrix.ts";
import type { Replay } from "../replay/replay.ts";
import { OWNER } from "../replay/sandbox.ts";
import type { Facts } from "../rules/rule.ts";
import { hasSandboxRights } from "./sandbox-rights.ts";

/** The matrix of no attack; `why` is its only note. */
export const noAttacks = (why: string | null): Matrix => ({
  cells: [],
  notes: why === null ? [] : [{ vector: "", text: why, attempt: null }],
  seeded: [],
  attempts: 0,
  connections: 0,
});

/**
 * Attacks the database of a replay.
 * @throws the reason of the signal when it aborts
 */
export async function attackReplay(replay: Replay, facts: Facts, options: AttackOptions): Promise<Matrix> {
  const strip = hasSandboxRights(replay.snapshot, replay.history, OWNER) ? OWNER : null;
  const ground = { ...replay, serverVersion: replay.snapshot.serverVersion };
  try {
    return await attackSchema(await labServer(ground, strip), facts, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return noAttacks(`No attack ran, nothing below is verified: ${(error as Error).message}`);
  }
}
