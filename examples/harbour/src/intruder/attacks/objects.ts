// Attempts at what stands around the tables: views, functions, partitions, constraints, and rights nobody should have.
import { randomUUID } from "node:crypto";
import type { Attempt } from "../scene.ts";

export const objects: readonly Attempt[] = [
  {
    id: "read-view",
    title: "B's rows through a view",
    run: async (s) => {
      await s.attacker.get("/v1/invoices/totals");
      await s.attacker.sql(
        `select number, customer, total_cents from harbour.invoice_totals where tenant_id = '${s.targets.tenant}'`,
      );
    },
  },
  {
    id: "read-materialized-view",
    title: "B's months in a materialized view",
    run: async (s) => {
      await s.attacker.get("/v1/reports/revenue");
      await s.attacker.sql(
        `select month, total_cents, first_customer from harbour.monthly_revenue where tenant_id = '${s.targets.tenant}'`,
      );
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
      await s.attacker.sql(`select subject from harbour.events_2026_q1 where tenant_id = '${s.targets.tenant}'`);
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
        `insert into harbour.api_keys (tenant_id, label, prefix, digest) values ('${s.targets.tenant}', 'Backup', 'hk_intruder', 'known')`,
      )),
  },
  {
    id: "delete-shared",
    title: "delete the templates everybody shares",
    run: async (s) => {
      await s.attacker.sql(`delete from harbour.templates where tenant_id <> '${s.ownTenant}'`);
      await s.attacker.sql("delete from directory.house_templates");
    },
  },
  {
    id: "move-users",
    title: "move A's users into B",
    run: async (s) => void (await s.attacker.sql(`update harbour.memberships set tenant_id = '${s.targets.tenant}'`)),
  },
  {
    id: "wipe-audit-log",
    title: "TRUNCATE the audit log",
    run: async (s) => void (await s.attacker.sql("truncate harbour.audit_log")),
  },
];
