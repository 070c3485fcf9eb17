/** All figures of `npm run bench:control`, in the order in which they are measured. */
import type { Figure } from "./figure.ts";
import { listPage } from "./list-page.ts";
import { provisionDb } from "./provision-db.ts";
import { registerPool } from "./register-pool.ts";

/** The list. */
export const figures: readonly Figure[] = [provisionDb, registerPool, listPage];
