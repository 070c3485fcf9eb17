/**
 * A policy with NULLIF around each raw setting, and nothing else changed. Pure.
 */
import { type Policy, quoteName, type Relation } from "@watertight/schema";
import { sqlName } from "../exposure/words.ts";

// as pg_get_expr prints it; what stands in NULLIF already is left
const raw = /(?<!NULLIF\()current_setting\('(?:[^']|'')*'::text(?:, (?:true|false))?\)/g;

/** ALTER POLICY; words where the setting is read another way. */
export function wrapFix(relation: Relation, { name, using, check }: Policy): string {
  const wrapped = (text: string | null): string | null => text?.replaceAll(raw, "nullif($&, '')") ?? null;
  const [read, write] = [wrapped(using), wrapped(check)];
  if (read === using && write === check)
    return `put nullif(…, '') around the setting that policy ${name} reads, before the cast`;
  return `alter policy ${quoteName(name)} on ${sqlName(relation)}${read === null ? "" : ` using (${read})`}${write === null ? "" : ` with check (${write})`};`;
}
