/** All figures of `npm run bench:control`, in the order in which they are measured. */
import { budgetPeak } from "./budget-peak.ts";
import { ddlBehindReader } from "./ddl-behind-reader.ts";
import type { Figure } from "./figure.ts";
import { hitRateGap } from "./hit-rate-gap.ts";
import { listPage } from "./list-page.ts";
import { migrate1000, migrateNoop } from "./migrations.ts";
import { provisionDb } from "./provision-db.ts";
import { quietP99Fifo } from "./quiet-p99-fifo.ts";
import { quietP99 } from "./quiet-p99.ts";
import { registerPool } from "./register-pool.ts";

/** The list. */
export const figures: readonly Figure[] = [
  migrate1000,
  migrateNoop,
  ddlBehindReader,
  provisionDb,
  registerPool,
  listPage,
  budgetPeak,
  hitRateGap,
  quietP99,
  quietP99Fifo,
];
