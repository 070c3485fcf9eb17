/**
 * Walks the chain of hashes from its beginning, computed here and not by the database that is judged. Finds changed, missing, swapped and
 * added records; a log that was cut off at its end, only with an anchor that was kept elsewhere.
 */
import { createHash } from "node:crypto";
import type { Queryable } from "@watertight/schema";

/** A record of the log. */
interface AuditRecord {
  readonly seq: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
  readonly hash: Buffer;
}

/** A number and its hash, to be kept outside of the database. */
export interface AuditAnchor {
  readonly seq: string;
  /** Hexadecimal. */
  readonly hash: string;
}

/** What was found. */
export interface AuditVerdict {
  readonly valid: boolean;
  readonly records: number;
  /** Number of the first record that is not as it was written. */
  readonly brokenAt?: string;
  readonly why?: string;
  /** The newest record; keep it elsewhere. */
  readonly head: AuditAnchor;
}

const start = Buffer.alloc(32);

/** Hash of a record: SHA-256 over the hash before it, then each field in UTF-8 with its length (4 bytes, big-endian) before it. */
function auditHash(previous: Buffer, record: Omit<AuditRecord, "hash">): Buffer {
  const hash = createHash("sha256").update(previous);
  for (const field of [record.seq, record.at, record.actor, record.action, record.subject, record.detail]) {
    const bytes = Buffer.from(field, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest();
}

/** The newest record's number and hash. */
export async function auditHead(db: Queryable): Promise<AuditAnchor> {
  const { rows } = await db.query("select seq::text, encode(hash, 'hex') as hash from watertight_catalog.audit_head");
  return rows[0] as AuditAnchor;
}

/**
 * Verifies the whole log, in pages.
 * @param anchors numbers and hashes that were kept elsewhere
 */
export async function verifyAudit(
  db: Queryable,
  anchors: readonly AuditAnchor[] = [],
  pageSize: number = 5000,
): Promise<AuditVerdict> {
  const kept = new Map(anchors.map(({ seq, hash }) => [seq, hash]));
  const head = await auditHead(db);
  let previous: Buffer = start;
  let next = 1n;
  const broken = (seq: string, why: string): AuditVerdict => ({
    valid: false,
    records: Number(next - 1n),
    brokenAt: seq,
    why,
    head,
  });
  for (;;) {
    const { rows } = await db.query(
      "select l.seq::text, l.at, l.actor, l.action, l.subject, l.detail, l.hash from watertight_catalog.audit_log l where l.seq >= $1 and l.seq <= $2 order by l.seq limit $3",
      [next.toString(), head.seq, pageSize],
    );
    for (const row of rows as AuditRecord[]) {
      if (row.seq !== next.toString()) return broken(next.toString(), "a record is missing");
      const hash = auditHash(previous, row);
      if (!hash.equals(row.hash)) return broken(row.seq, "the record or the one before it was changed");
      const anchor = kept.get(row.seq);
      if (anchor !== undefined && anchor !== hash.toString("hex"))
        return broken(row.seq, "the chain is whole, but not the one that the anchor was taken from");
      kept.delete(row.seq);
      previous = hash;
      next++;
    }
    if (rows.length < pageSize) break;
  }
  if ((next - 1n).toString() !== head.seq) return broken(next.toString(), "records are missing at the end");
  if (previous.toString("hex") !== head.hash) return broken(head.seq, "the head names another hash");
  const [cut] = kept.keys();
  if (cut !== undefined)
    return broken(next.toString(), `the log ends before record ${cut}, of which there is an anchor`);
  return { valid: true, records: Number(next - 1n), head };
}
