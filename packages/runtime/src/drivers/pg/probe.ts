/**
 * The start-up probe: asks the kit what it is and who we are, and checks on the wire that a transaction-local setting
 * is visible inside its transaction and gone after it. The judgement itself is pure (scope/profile.ts).
 */
import { isWatertightError } from "../../errors/errors.ts";
import { explainHandshake, type SqlError } from "../../scope/classify.ts";
import { type Handshake, judgeHandshake } from "../../scope/profile.ts";
import { handshakeText, judgeProbe, probeGet, probeMark, probeSet } from "../../scope/start-probe.ts";
import type { BatchPart } from "./scoped-query.ts";
import type { PgResult } from "./shapes.ts";
import type { TenantClient } from "./tenant-client.ts";

/** Runs a statement, or several, without a context: for the probe and for ending transactions. */
export function runAlone(
  client: TenantClient,
  text: string,
  values?: readonly unknown[],
  parts?: readonly BatchPart[],
): Promise<PgResult> {
  return client.send(client.newQuery("", text, values, undefined, { mode: "alone", parts })) as Promise<PgResult>;
}

/** What one look at the database found. */
export interface Sighting {
  readonly handshake: Handshake;
  /** Database clock minus ours, in milliseconds. */
  readonly clockOffsetMs: number;
}

/** @throws ConfigurationError WT_KIT_MISSING, WT_KIT_TOO_OLD */
export async function shakeHands(client: TenantClient): Promise<Sighting> {
  const asked = Date.now();
  try {
    const result = await runAlone(client, handshakeText);
    const handshake = JSON.parse(String(result.rows[0]?.["h"])) as Handshake;
    return { handshake, clockOffsetMs: handshake.clock * 1000 - (asked + Date.now()) / 2 };
  } catch (error) {
    throw (isWatertightError(error) ? undefined : explainHandshake(error as SqlError)) ?? error;
  }
}

/**
 * The whole probe on one connection; on success the engine knows how to speak to this database.
 * @throws ConfigurationError when this database, role or pooler can't be trusted with tenant data
 */
export async function probe(client: TenantClient): Promise<Handshake> {
  const { engine } = client;
  const { handshake, clockOffsetMs } = await shakeHands(client);
  const profile = judgeHandshake(handshake, {
    level: engine.level,
    pooler: engine.pooler,
    clientPid: client.processID,
  });
  const values = [probeMark];
  const [, inside] = (await runAlone(client, "", undefined, [
    { text: probeSet, values },
    { text: probeGet, values },
  ])) as unknown as PgResult[];
  judgeProbe(inside?.rows[0], (await runAlone(client, probeGet, values)).rows[0]);
  engine.accept(profile, clockOffsetMs);
  return handshake;
}
