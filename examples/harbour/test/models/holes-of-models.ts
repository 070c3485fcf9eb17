/** For each model a way to break what keeps its tenants apart, and the attempts that must notice. Run in the victim's database. */
import type { Model } from "../../src/fleet/models.ts";
import type { Residence } from "../../src/fleet/residence.ts";

export interface Site {
  own: Residence;
  theirs: Residence;
  prefix: string;
}

export interface HoleOfModel {
  title: string;
  attacker: Model;
  victim: Model;
  attempts: readonly string[];
  open(site: Site): string;
  close(site: Site): string;
}

const table = ({ theirs }: Site, name: Parameters<Residence["names"]["table"]>[0]): string => theirs.names.table(name);
const off = (name: "attachments" | "comments") => (site: Site) =>
  `alter table ${table(site, name)} disable row level security, no force row level security`;
const on = (name: "attachments" | "comments") => (site: Site) =>
  `alter table ${table(site, name)} enable row level security, force row level security`;
const inRow = { open: off("attachments"), close: on("attachments") };
const mine = ({ theirs }: Site): string => `((select watertight.tenant_id()) = '${theirs.tenant}')`;

export const holesOfModels: readonly HoleOfModel[] = [
  {
    title: "pool: a table without row security",
    attacker: "pool",
    victim: "pool",
    attempts: ["idor-attachment", "inject-union"],
    ...inRow,
  },
  {
    title: "pool from a schema: a table without row security",
    attacker: "schema",
    victim: "pool",
    attempts: ["inject-union"],
    ...inRow,
  },
  {
    title: "schema from the pool: a table without row security",
    attacker: "pool",
    victim: "schema",
    attempts: ["inject-union"],
    ...inRow,
  },
  {
    title: "schema: policies that name nobody",
    attacker: "schema",
    victim: "schema",
    attempts: ["plant-key"],
    open: (site) =>
      `alter policy watertight_schema_floor on ${table(site, "api_keys")} with check (true); alter policy watertight_schema_rows on ${table(site, "api_keys")} with check (true)`,
    close: (site) =>
      `delete from ${table(site, "api_keys")} where prefix = 'hk_intruder';
       alter policy watertight_schema_floor on ${table(site, "api_keys")} with check ${mine(site)}; alter policy watertight_schema_rows on ${table(site, "api_keys")} with check ${mine(site)}`,
  },
  {
    title: "silo: a table without row security",
    attacker: "silo",
    victim: "silo",
    attempts: ["idor-attachment", "inject-union"],
    ...inRow,
  },
  {
    title: "database: CONNECT given to another place's login, and a table open",
    attacker: "pool",
    victim: "database",
    attempts: ["stolen-login"],
    open: (site) =>
      `grant connect on database "${site.theirs.database}" to "${site.own.role}"; ${off("comments")(site)}`,
    close: (site) =>
      `revoke connect on database "${site.theirs.database}" from "${site.own.role}"; ${on("comments")(site)}`,
  },
  {
    title: "fence: a tenant known at a place that is not its own, where a table is open",
    attacker: "silo",
    victim: "database",
    attempts: ["wrong-route"],
    open: (site) => `select watertight.register_tenant('${site.own.tenant}'); ${off("attachments")(site)}`,
    close: (site) => `delete from watertight.fence where tenant = '${site.own.tenant}'; ${on("attachments")(site)}`,
  },
];
