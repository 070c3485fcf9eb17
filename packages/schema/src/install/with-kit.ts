/**
 * The frame of every operation on an installed kit: one transaction, membership of the owner role for its length, the installed record.
 */
import type { Queryable } from "../db/queryable.ts";
import { inKitTransaction, type KitTransaction } from "../db/transaction.ts";
import { kitError } from "../errors/kit-error.ts";
import { asKitMember, type InstalledKit, requireKit } from "./installed.ts";
import { numberedFiles } from "./sql-files.ts";

/** Runs `fn` with the kit open. */
export async function withKit<T>(
  db: Queryable,
  dryRun: boolean,
  fn: (tx: KitTransaction, kit: InstalledKit) => Promise<T>,
): Promise<T> {
  return inKitTransaction(db, dryRun, (tx) =>
    asKitMember(tx, async () => {
      const kit = await requireKit(tx);
      const newest = numberedFiles().at(-1)!.number;
      if (kit.version < newest) throw kitError("WT_KIT_OUTDATED", { detail: `file ${kit.version} of ${newest}` });
      return fn(tx, kit);
    }),
  );
}
