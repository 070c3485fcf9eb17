/**
 * Writes an event for a change of the kit itself, so that an operator sees who protected, enforced, rotated or suspended what.
 */
import type { KitTransaction } from "../db/transaction.ts";

/** Records `kit_<what>`; `relation` and `detail` never hold a secret. */
export async function recordChange(
  tx: KitTransaction,
  what: string,
  relation: string | null,
  detail: Record<string, unknown>,
  tenant: string | null = null,
): Promise<void> {
  await tx.rows("select watertight.record($1, $2, $3, $4::jsonb)", [
    `kit_${what}`,
    tenant,
    relation,
    JSON.stringify(detail),
  ]);
}
