/**
 * The figures of `npm run bench:control`, in the order in which they are measured. One line for each file of this folder.
 */
import { measureDdlBehindReader } from "./ddl-behind-reader.ts";
import type { Measure } from "./figure.ts";
import { measureMigrations } from "./migrations.ts";

/** Names of figures, and what measures them. */
export const figures: readonly { readonly names: readonly string[]; readonly measure: Measure }[] = [
  { names: ["migrate1000", "migrateNoop"], measure: measureMigrations },
  { names: ["ddlBehindReader"], measure: measureDdlBehindReader },
];
