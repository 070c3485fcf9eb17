/** Whether somebody may read across tenants at present: meant so, for a while, and told as long as it lasts. */
import { type Check, ok, type StatusContext, warn } from "../check.ts";

/** First kit that knows it. */
const reportingKit = 11;

/** One line for each login, or one that says that there is none. */
export async function reportingChecks({ tx, kit }: StatusContext): Promise<Check[]> {
  if (kit.version < reportingKit) return [];
  const rows = await tx.rows(
    `select r.login::text as login, r.reason, r.granted_by as by, pg_catalog.to_char(r.until at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as until, r.until <= pg_catalog.clock_timestamp() as over
       from watertight.reporting r order by 1`,
  );
  if (rows.length === 0) return [ok("reporting", "No login reads across tenants")];
  return rows.map((row) =>
    warn(
      `reporting:${row.login}`,
      `${row.login} ${row.over ? "could read" : "reads"} every tenant's rows until ${row.until}`,
      {
        detail: `switched on by ${row.by}: ${row.reason}${row.over ? "; it is over, and the login is still there" : "; it can write nothing"}`,
        fix: "watertight roles reporting off",
      },
    ),
  );
}
