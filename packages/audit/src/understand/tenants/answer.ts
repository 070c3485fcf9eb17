/**
 * One table's tenancy with its sentences, while the answers are being collected. Must never be without a sentence.
 */
import type { Column } from "@watertight/schema";
import type { Tenancy } from "../understanding.ts";

/** A tenancy and why. */
export interface Answer {
  readonly tenancy: Tenancy;
  readonly because: readonly string[];
  readonly declared?: true;
}

/** The tenancy of a table with a column of its own; `holds` for rows of a person among organisations. */
export function columnTenancy({ name, baseType }: Column, holds?: "user"): Tenancy {
  return { kind: "column", column: name, type: baseType, ...(holds ? { holds } : {}) };
}
