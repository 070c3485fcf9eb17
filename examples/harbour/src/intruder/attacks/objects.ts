// Attempts at what stands around the tables: views, functions, partitions, constraints, and rights nobody should have.
import { randomUUID } from "node:crypto";
import { rowsOf } from "../../database/names.ts";
import type { Attempt, Scene } from "../scene.ts";

/** The rest of a statement that reads the victim's rows of a relation. */
const theirs = ({ theirs: names, targets }: Scene, table: Parameters<typeof names.table>[0]): string =>
  `from ${names.table(table)} where ${rowsOf(names, targets.tenant)}`;

export const objects: readonly Attempt[] = [
  {
    id: "read-view",
    title: "B's rows through a view",
    run: async (s) => {
      await s.attacker.get("/v1/invoices/totals");
      await s.attacker.sql(`select number, customer, total_cents ${theirs(s, "invoice_totals")}`);
    },
  },
  {
    id: "read-materialized-view",
    title: "B's months in a materialized view",
    run: async (s) => {
      await s.attacker.get("/v1/reports/revenue");
      await s.attacker.sql(`select month, total_cents, first_customer ${theirs(s, "monthly_revenue")}`);
    },
  },
  {
    id: "call-function",
    title: "B's technicians through a function",
    run: async (s) => void (await s.attacker.get("/v1/technicians/find?q=")),
  },
  {
    id: "read-partition",
    title: "B's events straight from a partition",
    run: async (s) => {
      await s.attacker.get("/v1/reports/events?quarter=2026_q2");
      await s.attacker.sql(`select subject ${theirs(s, "events_2026_q1")}`);
    },
  },
  {
    id: "link-foreign-row",
    title: "invoice for B's customer",
    run: async (s) => {
      s.compare(
        await s.attacker.post("/v1/invoices", { customer_id: s.targets.customer }),
        await s.attacker.post("/v1/invoices", { customer_id: randomUUID() }),
      );
    },
  },
  {
    id: "unique-oracle",
    title: "ask whether B knows an e-mail address",
    run: async (s) => {
      const ask = (email: string) => s.attacker.post("/v1/customers", { name: "Probe", email });
      s.compare(await ask(s.targets.knownEmail), await ask(`nobody-${randomUUID()}@example.org`));
    },
  },
  {
    id: "plant-key",
    title: "plant an API key in B",
    run: async (s) =>
      void (await s.attacker.sql(
        s.theirs.column
          ? `insert into ${s.theirs.table("api_keys")} (tenant_id, label, prefix, digest) values ('${s.targets.tenant}', 'Backup', 'hk_intruder', 'known')`
          : `insert into ${s.theirs.table("api_keys")} (label, prefix, digest) values ('Backup', 'hk_intruder', 'known')`,
      )),
  },
  {
    id: "delete-shared",
    title: "delete the templates everybody shares",
    run: async (s) => {
      const others = s.theirs.column ? `tenant_id <> '${s.ownTenant}'` : "true";
      await s.attacker.sql(`delete from ${s.theirs.table("templates")} where ${others}`);
      await s.attacker.sql("delete from directory.house_templates");
    },
  },
  {
    id: "move-users",
    title: "move A's users into B",
    run: async (s) => {
      const [mine, yours] = [s.own.table("memberships"), s.theirs.table("memberships")];
      const rest = "user_id, display_name, role, created_at";
      // where there is no column to change, the rows themselves are carried over
      if (s.own.column && s.theirs.column) await s.attacker.sql(`update ${mine} set tenant_id = '${s.targets.tenant}'`);
      else if (s.theirs.column)
        await s.attacker.sql(
          `insert into ${yours} (tenant_id, ${rest}) select '${s.targets.tenant}', ${rest} from ${mine}`,
        );
      else await s.attacker.sql(`insert into ${yours} (${rest}) select ${rest} from ${mine}`);
    },
  },
  {
    id: "wipe-audit-log",
    title: "TRUNCATE the audit log",
    run: async (s) => void (await s.attacker.sql(`truncate ${s.theirs.table("audit_log")}`)),
  },
];
