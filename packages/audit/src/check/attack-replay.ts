/**
 * The attacks on a replayed schema. What keeps them from running is told, and leaves every finding unverified: a check that could not attack must
 * never look like one that found nothing.
 */
import { attackSchema, type AttackOptions } from "../matrix/attack-schema.ts";
import { labServer } from "../matrix/lab/lab-role.ts";
import type { Matrix } from "../matrix/matrix.ts";
import type { AttackServer } from "../matrix/server.ts";
import type { Replay } from "../replay/replay.ts";
import { OWNER } from "../replay/sandbox.ts";
import type { Facts } from "../rules/rule.ts";
import { noAttacks } from "./no-attacks.ts";
import { hasSandboxRights } from "./sandbox-rights.ts";

/** The database of a replay as attacks and seeds reach it. */
export function labOf(replay: Replay): Promise<AttackServer> {
  const strip = hasSandboxRights(replay.snapshot, replay.history, OWNER) ? OWNER : null;
  return labServer({ ...replay, serverVersion: replay.snapshot.serverVersion }, strip);
}

/**
 * Attacks the database of a replay.
 * @throws the reason of the signal when it aborts
 */
export async function attackReplay(replay: Replay, facts: Facts, options: AttackOptions): Promise<Matrix> {
  try {
    return await attackSchema(await labOf(replay), facts, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return noAttacks(`No attack ran, nothing below is verified: ${(error as Error).message}`);
  }
}
