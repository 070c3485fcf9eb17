/** CVE-2026-116311: DROP OWNED BY self takes a role out of policies on tables that it does not own, restrictive ones too. */
import type { Probe } from "../probe.ts";
import { CannotTell } from "../probe.ts";

/** The probe. */
export const dropOwned: Probe = {
  cve: "CVE-2026-116311",
  title: "DROP OWNED BY self removes a floor",
  async run({ run, attempt, makeRole }) {
    const role = await makeRole();
    await run("create temporary table watertight_t (tenant int)");
    await run(`create policy floor on pg_temp.watertight_t as restrictive to ${role} using (tenant = 1)`);
    await run(`set local role ${role}`);
    const answer = await attempt(`drop owned by ${role}`);
    await run("reset role");
    const left = await run(
      "select from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid where p.polname = 'floor' and c.relname = 'watertight_t' and c.relnamespace = pg_catalog.pg_my_temp_schema()",
    );
    if ("code" in answer && left.length === 0) throw new CannotTell(answer.message);
    return left.length === 0
      ? {
          vulnerable: true,
          evidence: "a role removed the restrictive policy that names it from a table of another owner",
        }
      : { vulnerable: false, evidence: "the policy outlived DROP OWNED BY the role that it names" };
  },
};
