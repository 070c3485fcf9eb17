// Mistakes in the database, as pairs of SQL: up opens the hole, down closes it. Some need an application that walks through them.
import { SHARED_TENANT } from "../data/generate.ts";
import type { Hole } from "./hole.ts";
import { rerouted } from "./application-holes.ts";

const own = "tenant_id = (select watertight.tenant_id()::uuid)";
const ownOrUnset =
  "watertight.tenant_id_or_null() is null or tenant_id = (select watertight.tenant_id_or_null()::uuid)";
const leaves = ["q1", "q2", "q3", "q4"].map((quarter) => `harbour.events_2026_${quarter}`);

export const databaseHoles: readonly Hole[] = [
  {
    id: "no-row-security",
    vector: "A1",
    title: "attachments has no row security",
    database: {
      up: "alter table harbour.attachments disable row level security, no force row level security;",
      down: "alter table harbour.attachments enable row level security, force row level security;",
    },
    attacks: ["idor-attachment", "inject-union"],
  },
  {
    id: "not-forced",
    vector: "A3",
    title: "sites is not FORCEd, and an export logs in as a member of its owner",
    database: {
      // a role belongs to the whole server and may be left from another database of the run
      up: `do $$ begin create role :"legacy" login password :'password' in role :"owner"; exception when duplicate_object then null; end $$;
grant connect on database :"database" to :"legacy"; alter table harbour.sites no force row level security;`,
      down: `alter table harbour.sites force row level security; revoke connect on database :"database" from :"legacy"; drop role :"legacy";`,
    },
    application: (parts, { plain }) => rerouted(parts, plain("legacy"), "exportSites"),
    attacks: ["export-sites"],
  },
  {
    id: "fails-open",
    vector: "B3",
    title: "jobs are visible to everybody when no tenant is set",
    database: {
      up: `alter policy watertight_floor on harbour.jobs using (${ownOrUnset}) with check (${ownOrUnset});`,
      down: `alter policy watertight_floor on harbour.jobs using (${own}) with check (${own});`,
    },
    application: (parts, { plain }) => rerouted(parts, plain("app"), "background"),
    attacks: ["forgotten-tenant"],
  },
  {
    id: "plain-context",
    vector: "C8",
    title: "policies read a setting that every statement may change",
    plainLevel: true,
    attacks: ["inject-switch"],
  },
  {
    id: "insert-check-true",
    vector: "B8",
    title: "api_keys: WITH CHECK (true), so rows can be planted",
    database: {
      up: "alter policy watertight_floor on harbour.api_keys with check (true);",
      down: `alter policy watertight_floor on harbour.api_keys with check (${own});`,
    },
    attacks: ["plant-key"],
  },
  {
    id: "update-check-true",
    vector: "B6",
    title: "memberships: WITH CHECK (true), so rows can be moved",
    database: {
      up: "alter policy watertight_floor on harbour.memberships with check (true);",
      down: `alter policy watertight_floor on harbour.memberships with check (${own});`,
    },
    attacks: ["move-users"],
  },
  {
    id: "shared-rows-writable",
    vector: "B7",
    title: "shared templates are rows of the tenants' table: who reads them can delete them",
    database: {
      up: `alter table harbour.templates no force row level security;
insert into harbour.templates (tenant_id, id, name, body, created_at) select '${SHARED_TENANT}', id, name, body, created_at from directory.house_templates;
alter table harbour.templates force row level security;
alter policy watertight_floor on harbour.templates using (tenant_id in ((select watertight.tenant_id()::uuid), '${SHARED_TENANT}')) with check (${own});`,
      down: `alter table harbour.templates no force row level security; delete from harbour.templates where tenant_id = '${SHARED_TENANT}';
alter table harbour.templates force row level security; alter policy watertight_floor on harbour.templates using (${own}) with check (${own});`,
    },
    attacks: ["delete-shared"],
  },
  {
    id: "temp-objects",
    vector: "B17",
    title: "TEMP is granted, and pg_temp comes first in the search path",
    plainLevel: true,
    database: {
      up: `grant temporary on database :"database" to :"app";`,
      down: `revoke temporary on database :"database" from :"app";`,
    },
    application: (parts, { unqualified }) => rerouted(parts, unqualified(1), "customReport", "savedReport"),
    attacks: ["shadow-view"],
  },
  {
    id: "definer-view",
    vector: "D1",
    title: "a view belongs to a superuser and is no invoker view",
    needsBypass: true,
    database: {
      up: `alter view harbour.invoice_totals set (security_invoker = false); alter view harbour.invoice_totals owner to :"bypass";`,
      down: `alter view harbour.invoice_totals owner to :"owner"; alter view harbour.invoice_totals set (security_invoker = true);`,
    },
    attacks: ["read-view"],
  },
  {
    id: "materialized-view",
    vector: "D3",
    title: "the application may read a materialized view",
    database: {
      up: `grant select on harbour.monthly_revenue to :"app";`,
      down: `revoke select on harbour.monthly_revenue from :"app";`,
    },
    application: (parts) => ({ ...parts, revenueRelation: "harbour.monthly_revenue" }),
    attacks: ["read-materialized-view"],
  },
  {
    id: "definer-function",
    vector: "D4",
    title: "the technician search is a SECURITY DEFINER function of a superuser",
    needsBypass: true,
    database: {
      up: `alter function harbour.find_technician(text) security definer; alter function harbour.find_technician(text) owner to :"bypass";`,
      down: `alter function harbour.find_technician(text) owner to :"owner"; alter function harbour.find_technician(text) security invoker;`,
    },
    attacks: ["call-function"],
  },
  {
    id: "open-partitions",
    vector: "F4",
    title: "partitions have grants and no row security of their own",
    database: {
      up: leaves
        .map(
          (leaf) =>
            `grant select on ${leaf} to :"app"; alter table ${leaf} disable row level security, no force row level security;`,
        )
        .join("\n"),
      down: leaves
        .map(
          (leaf) =>
            `revoke select on ${leaf} from :"app"; alter table ${leaf} enable row level security, force row level security;`,
        )
        .join("\n"),
    },
    application: (parts) => ({ ...parts, eventsOf: (quarter) => `harbour.events_${quarter}` }),
    attacks: ["read-partition"],
  },
  {
    id: "single-column-key",
    vector: "E1",
    title: "invoices refer to customers by id alone",
    database: {
      up: `alter table harbour.customers add constraint customers_id unique (id);
alter table harbour.invoices drop constraint invoices_customer, add constraint invoices_customer_id foreign key (customer_id) references harbour.customers (id);`,
      // rows that came in through the hole would keep the right key from coming back
      down: `delete from harbour.invoices i where exists (select from harbour.customers c where c.id = i.customer_id and c.tenant_id <> i.tenant_id);
alter table harbour.invoices drop constraint invoices_customer_id,
  add constraint invoices_customer foreign key (tenant_id, customer_id) references harbour.customers (tenant_id, id);
alter table harbour.customers drop constraint customers_id;`,
    },
    attacks: ["link-foreign-row"],
  },
  {
    id: "global-unique",
    vector: "E5",
    title: "customer e-mail addresses are unique over all tenants",
    database: {
      up: "alter table harbour.customers add constraint customers_email unique (email);",
      down: "alter table harbour.customers drop constraint customers_email;",
    },
    attacks: ["unique-oracle"],
  },
  {
    id: "truncate-granted",
    vector: "F1",
    title: "GRANT ALL: the application may TRUNCATE",
    database: {
      up: `grant truncate on harbour.audit_log to :"app";`,
      down: `revoke truncate on harbour.audit_log from :"app";`,
    },
    attacks: ["wipe-audit-log"],
  },
];
