/** All myths, a file for the families that share one. */
import { mythsAD } from "./ad.ts";
import type { Myth } from "./myth.ts";

/** Every myth. */
export const myths: readonly Myth[] = [...mythsAD];
