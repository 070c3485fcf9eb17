/**
 * The start-up probe: asks the kit what it is and who we are, and checks on the wire that a transaction-local setting
 * is visible inside its transaction and gone after it. The judgement itself is pure (scope/profile.ts).
 */
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
  return client.send(client.newQuery("", text, values, { mode: "alone", parts })) as Promise<PgResult>;
}

/**
 * The whole probe on one connection; on success the engine knows how to speak to this database.
 * @throws ConfigurationError when this database, role or pooler can't be trusted with tenant data
 */
export async function probe(client: TenantClient): Promise<Handshake> {
  const { engine } = client;
  const asked = Date.now();
  const { rows } = await runAlone(client, handshakeText).catch((error: SqlError) => {
    throw explainHandshake(error) ?? error;
  });
  const answered = Date.now();
  const handshake = JSON.parse(String(rows[0]?.["h"])) as Handshake;
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
  engine.accept(profile, handshake, handshake.clock * 1000 - (asked + answered) / 2);
  return handshake;
}
