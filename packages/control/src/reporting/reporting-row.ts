/** What the catalog knows of a login that reads across tenants. The place's own database decides whether it may. */
import type { Queryable } from "@watertight/schema";

/** One of them. */
export interface ReportingLogin {
  readonly location: string;
  readonly login: string;
  /** Reference to its password. */
  readonly secret: string;
  readonly reason: string;
  readonly until: Date;
  readonly requestedBy: string;
  readonly state: "preparing" | "on";
  /** Whose tag the login carries. */
  readonly operation: string;
}

const columns = `location, login, secret, reason, until, requested_by as "requestedBy", state, operation`;

/** That of a place, if there is one. */
export async function findReporting(db: Queryable, location: string): Promise<ReportingLogin | undefined> {
  const { rows } = await db.query(`select ${columns} from watertight_catalog.reporting where location = $1`, [
    location,
  ]);
  return rows[0] as ReportingLogin | undefined;
}

/** All of them, those whose time is over as well. */
export async function listReporting(db: Queryable): Promise<ReportingLogin[]> {
  const { rows } = await db.query(`select ${columns} from watertight_catalog.reporting order by location`);
  return rows as ReportingLogin[];
}
