/** CVE-2026-14666: a cached plan keeps the policies of a membership (or of BYPASSRLS) that was taken away meanwhile. */
import { CannotTell, type Probe } from "../probe.ts";

/** The probe. The plan lies in a function and not in a prepared statement, which a ROLLBACK would leave behind. */
export const stalePlan: Probe = {
  cve: "CVE-2026-14666",
  title: "A cached plan survives the revocation of a role",
  async run({ run, attempt, makeRole }) {
    const [role, group] = [await makeRole(), await makeRole()];
    const joined = await attempt(`grant ${group} to ${role}`);
    if ("code" in joined) throw new CannotTell(joined.message);
    await run("create temporary table watertight_t (tenant int)");
    await run("insert into pg_temp.watertight_t values (1), (2)");
    await run("alter table pg_temp.watertight_t enable row level security");
    await run("create policy own on pg_temp.watertight_t using (tenant = 1)");
    await run(`create policy everything on pg_temp.watertight_t to ${group} using (true)`);
    await run(`grant select on pg_temp.watertight_t to ${role}`);
    await run(
      "create function pg_temp.watertight_count() returns bigint language plpgsql as 'begin return (select pg_catalog.count(*) from pg_temp.watertight_t); end'",
    );
    const count = async (): Promise<number> => {
      await run(`set local role ${role}`);
      const [row] = await run("select pg_temp.watertight_count()::int as count");
      await run("reset role");
      return row?.["count"] as number;
    };
    const before = await count();
    await run(`revoke ${group} from ${role}`);
    const after = await count();
    if (before !== 2) throw new CannotTell(`the membership showed ${before} rows and not 2`);
    return after === 2
      ? { vulnerable: true, evidence: "the plan of a revoked membership still returned the rows of all tenants" }
      : { vulnerable: false, evidence: "the plan was made anew after the revocation" };
  },
};
