// Attempts with SQL: through the search that glues its term into the text, and with whole statements through the custom report.
import { rowsOf } from "../../database/names.ts";
import type { Attempt, Scene } from "../scene.ts";

const search = (scene: Scene, term: string): Promise<unknown> =>
  scene.attacker.get(`/v1/customers/search?q=${encodeURIComponent(term)}`);
const customers = ({ theirs, targets }: Scene): string =>
  `select id, name, email, city from ${theirs.table("customers")} where ${rowsOf(theirs, targets.tenant)}`;
const nobody = "no such name";

export const injection: readonly Attempt[] = [
  {
    id: "inject-union",
    title: "injection: UNION with B's attachments",
    run: async (s) =>
      void (await search(
        s,
        `${nobody}' union all select id, file_name, content, null from ${s.theirs.table("attachments")} where ${rowsOf(s.theirs, s.targets.tenant)} --`,
      )),
  },
  {
    id: "inject-switch",
    title: "injection: switch to B in one statement",
    run: async (s) => {
      const { tenant } = s.targets;
      const forged = `${"0".repeat(64)}k1.${tenant}`;
      const token = `${"0".repeat(64)}k1.9999999999.0.${tenant}`;
      for (const [setting, value] of [
        ["watertight.tenant", tenant],
        ["watertight.ctx", forged],
      ] as const) {
        await search(
          s,
          `${nobody}' union all select null::uuid, set_config('${setting}', '${value}', true), null, null union all ${customers(s)} --`,
        );
      }
      await search(
        s,
        `${nobody}' union all select null::uuid, (select watertight.open('${token}')::text), null, null union all ${customers(s)} --`,
      );
    },
  },
  {
    id: "inject-stacked",
    title: "injection: stacked statements",
    run: async (s) =>
      void (await search(
        s,
        `${nobody}'; select set_config('watertight.tenant', '${s.targets.tenant}', false); ${customers(s)} --`,
      )),
  },
  {
    id: "pool-storm",
    title: "many requests at once on one pool",
    run: async (s) => {
      for (let round = 0; round < 3 && s.seen() === 0; round += 1) {
        await Promise.all(
          Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? s.victim : s.attacker).get("/v1/technicians")),
        );
      }
    },
  },
  {
    id: "held-cursor",
    title: "fetch from B's WITH HOLD cursor",
    run: async (s) => {
      await s.victim.sql("declare nightly cursor with hold for select body from comments order by created_at limit 50");
      await s.attacker.sql("fetch all from nightly");
    },
  },
  {
    id: "shadow-view",
    title: "temp view in the way of B's report",
    run: async (s) => {
      await s.attacker.sql("create temp table loot (body text)");
      await s.attacker.sql(
        "create function pg_temp.keep(t text) returns text language sql volatile as 'insert into pg_temp.loot values (t) returning body'",
      );
      await s.attacker.sql(
        `create temp view comments as select id, pg_temp.keep(body) as body, created_at from ${s.own.table("comments")}`,
      );
      await s.victim.get("/v1/reports/recent-comments");
      await s.attacker.sql("select body from pg_temp.loot");
    },
  },
];
