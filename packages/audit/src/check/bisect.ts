/**
 * Which migration opened a finding: replays ever shorter histories until two neighbours differ. A finding that came, went and came again is
 * found where it came last or earlier, as with git bisect.
 */
import { ConfigError } from "../config/config-error.ts";
import type { ResolvedOptions } from "../config/resolve.ts";
import type { Migration } from "../find/migration.ts";
import { type Checked, check, type CheckRequest } from "./check.ts";
import { CheckError } from "./check-error.ts";

/** The answer. */
export interface Bisected {
  readonly finding: string;
  /** The first migration with which the finding is there. */
  readonly migration: Migration;
  /** How many histories were replayed. */
  readonly replays: number;
  /** The statement, where it is known. */
  readonly place: { readonly file: string; readonly line: number } | null;
}

/**
 * Finds the migration.
 * @param id a finding's id, for example A1-attachments
 * @throws CheckError WT_CHECK_UNKNOWN when all migrations together do not have the finding
 */
export async function bisect(request: CheckRequest, id: string): Promise<Bisected> {
  let replays = 0;
  const look = async <T>(until: number | undefined, read: (checked: Checked) => T): Promise<T> => {
    replays++;
    const one = { ...request, ...(until === undefined ? {} : { until }) };
    const checked = await check(one).catch((error: unknown) => {
      // what the configuration names was not there yet
      if (until !== undefined && error instanceof ConfigError && error.code === "WT_CONFIG_NAME")
        return check({ ...one, resolved: withoutNames(request.resolved) });
      throw error;
    });
    try {
      return read(checked);
    } finally {
      await checked.close();
    }
  };
  const find = ({ report }: Checked): Checked["report"]["findings"][number] | undefined =>
    report.findings.find((finding) => finding.id.toLowerCase() === id.toLowerCase());
  const last = await look(undefined, (checked) => ({
    finding: find(checked),
    migrations: checked.set.migrations,
    all: checked.report.findings.map((finding) => finding.id),
  }));
  if (last.finding === undefined)
    throw new CheckError(
      "WT_CHECK_UNKNOWN",
      `The migrations have no finding ${id}.`,
      last.all.length === 0 ? "They have none." : `They have: ${last.all.slice(0, 10).join(", ")}`,
    );
  let without = 0;
  let has = last.migrations.length;
  while (has - without > 1) {
    const middle = Math.floor((without + has) / 2);
    if (await look(middle, (checked) => find(checked) !== undefined)) has = middle;
    else without = middle;
  }
  const migration = last.migrations[has - 1]!;
  const { place } = last.finding;
  return { finding: last.finding.id, migration, replays, place: place?.file === migration.file ? place : null };
}

function withoutNames(resolved: ResolvedOptions): ResolvedOptions {
  const { options } = resolved;
  return {
    ...resolved,
    options: {
      ...options,
      tables: {},
      global: [],
      tenant: { ...options.tenant, table: null, column: null },
      roles: { tenant: [], anonymous: [], service: [], login: null },
    },
  };
}
