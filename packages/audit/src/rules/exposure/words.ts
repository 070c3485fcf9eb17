/** Names as messages and fixes write them. */
import { type QualifiedName, quoteQualified } from "@watertight/schema";

/** The name a person would say: the schema only where it is not public. */
export function said({ schema, name }: QualifiedName): string {
  return schema === "public" ? name : `${schema}.${name}`;
}

/** The name for SQL. */
export function sqlName({ schema, name }: QualifiedName): string {
  return quoteQualified(schema, name);
}

/** "a, b and c"; "a, b, c and 4 more" beyond `most`. */
export function listed(names: readonly string[], most = 5): string {
  const shown = names.length > most ? [...names.slice(0, most), `${names.length - most} more`] : [...names];
  const last = shown.pop() ?? "";
  return shown.length === 0 ? last : `${shown.join(", ")} and ${last}`;
}
