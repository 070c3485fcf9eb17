/**
 * The start-up probe: asks the kit what it is and who we are, and checks on the wire that a transaction-local setting
 * is visible inside its transaction and gone after it. The judgement itself is pure (scope/profile.ts).
 */
import { isWatertightError } from "../../errors/errors.ts";
import { explainHandshake, type SqlError } from "../../scope/classify.ts";
import { type Handshake, judgeHandshake } from "../../scope/profile.ts";
import { handshakeText, judgeProbe, probeGet, probeMark, probeSet } from "../../scope/start-probe.ts";
import type { BatchPart } from "./scoped-query.ts";
import type { PgModule, PgQuery, PgResult } from "./shapes.ts";
import type { TenantClient } from "./tenant-client.ts";

/** Runs a statement without a context: for the probe and for ending transactions. */
export function runAlone(client: TenantClient, text: string, values?: readonly unknown[]): Promise<PgResult> {
  const query = client.newQuery("", text, values);
  query.mode = "alone";
  return client.send(query) as Promise<PgResult>;
}

/** Turns statements into the parts of a batch: pg queries that only collect. */
export function batchParts(pg: PgModule, client: TenantClient, parts: readonly BatchPart[]): PgQuery[] {
  return parts.map((part) => {
    const query = new pg.Query(part);
    query._result._types = client._types;
    return query;
  });
}

function runBatchAlone(pg: PgModule, client: TenantClient, parts: readonly BatchPart[]): Promise<PgResult[]> {
  const query = client.newQuery("", "");
  query.mode = "alone";
  query.parts = batchParts(pg, client, parts);
  return client.send(query) as Promise<PgResult[]>;
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
export async function probe(pg: PgModule, client: TenantClient): Promise<Handshake> {
  const { engine } = client;
  const { handshake, clockOffsetMs } = await shakeHands(client);
  const profile = judgeHandshake(handshake, {
    level: engine.level,
    pooler: engine.pooler,
    clientPid: client.processID,
  });
  const [, inside] = await runBatchAlone(pg, client, [
    { text: probeSet, values: [probeMark] },
    { text: probeGet, values: [probeMark] },
  ]);
  const after = await runAlone(client, probeGet, [probeMark]);
  judgeProbe(inside?.rows[0], after.rows[0]);
  engine.accept(profile, handshake, clockOffsetMs);
  return handshake;
}
