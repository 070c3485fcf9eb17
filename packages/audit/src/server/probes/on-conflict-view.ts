/** CVE-2026-16237: INSERT … ON CONFLICT through a view changes a row of the table that the view hides. Matters for isolation by views. */
import { CannotTell, type Probe } from "../probe.ts";

/** The probe. */
export const onConflictView: Probe = {
  cve: "CVE-2026-16237",
  title: "INSERT … ON CONFLICT through a view changes a hidden row",
  async run({ run, attempt }) {
    await run("create temporary table watertight_t (id int primary key, tenant int)");
    await run("insert into pg_temp.watertight_t values (2, 2)");
    await run("create temporary view watertight_v as select id, tenant from pg_temp.watertight_t where tenant = 1");
    const answer = await attempt(
      "insert into pg_temp.watertight_v values (2, 1) on conflict (id) do update set tenant = excluded.tenant",
    );
    const [row] = await run("select tenant from pg_temp.watertight_t where id = 2");
    if (row?.["tenant"] === 1)
      return { vulnerable: true, evidence: "a row that the view does not show was changed through it" };
    if ("code" in answer && /not visible/.test(answer.message))
      return { vulnerable: false, evidence: `refused: ${answer.message}` };
    throw new CannotTell("code" in answer ? answer.message : "nothing was changed and nothing refused");
  },
};
