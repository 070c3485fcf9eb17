/**
 * Runs a rule's attack on a fixture's database, as the application role, in a transaction that rolls back: the database is afterwards what
 * it was. Must never count a refusal that nobody expected as "blocked": a typing error would look like a defence.
 */
import type pg from "pg";
import { A, CANARY, type RuleAttack } from "../rules/attacks/attack.ts";
import type { FixtureDatabase } from "./fixture-database.ts";

/** What came of it. */
export interface AttackResult {
  readonly leaked: boolean;
  /** What the attacker saw, or the refusal. */
  readonly seen: string;
}

async function attempt(client: pg.Client, { translate, role }: FixtureDatabase, attack: RuleAttack): Promise<string> {
  const heard: string[] = [];
  const listen = (notice: { message?: string | undefined }): void => void heard.push(notice.message ?? "");
  client.on("notice", listen);
  await client.query("savepoint attack");
  try {
    await client.query(`set local session authorization "${role(attack.as ?? "shop_app")}"`);
    for (const [name, value] of Object.entries(attack.context ?? { "app.tenant_id": A }))
      await client.query("select set_config($1, $2, true)", [name, value]);
    for (const sql of attack.attack) heard.push(JSON.stringify((await client.query(translate(sql))).rows));
  } catch (error) {
    const { code = "", message, detail = "" } = error as pg.DatabaseError;
    heard.push(`${code} ${message} ${detail}`);
    // what an aborted statement wrote is gone with it, so a witness sees none of it
    await client.query("rollback to savepoint attack");
    if (heard.join().includes(CANARY)) return heard.join("\n");
    if (!(attack.refusedWith ?? ["42501"]).includes(code)) throw error;
  } finally {
    client.off("notice", listen);
  }
  await client.query("reset session authorization");
  return heard.join("\n");
}

/** One attack on one database. */
export async function runAttack(fixture: FixtureDatabase, attack: RuleAttack): Promise<AttackResult> {
  const client = fixture.database.admin;
  await client.query("begin");
  try {
    for (const sql of attack.seed) await client.query(fixture.translate(sql));
    const seen = await attempt(client, fixture, attack);
    if (attack.witness === undefined) return { leaked: seen.includes(CANARY), seen };
    const { rows } = await client.query(fixture.translate(attack.witness));
    return { leaked: rows.length > 0, seen: `${seen}\nwitness: ${JSON.stringify(rows)}` };
  } finally {
    await client.query("rollback");
  }
}
