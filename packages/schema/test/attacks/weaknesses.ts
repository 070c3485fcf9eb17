/**
 * The defences of the kit, each with how to remove it: negative controls for the hostile classes. Only ever run on a database of its own;
 * what touches roles (they are cluster-wide) has its undo.
 */
import type { World } from "./arena.ts";
import type { Rig } from "./desk.ts";

interface Removal {
  /** Which arena to copy: as shipped, level plain, or a kit installed without hardening. */
  readonly from?: "shipped" | "plain" | "soft";
  readonly sql?: (w: World) => string;
  readonly undo?: (w: World) => string;
  readonly rig?: Partial<Rig>;
}

export type Weakness = keyof typeof weaknesses;

const q = (name: string): string => `"${name}"`;
const owned = (w: World): string =>
  `alter function watertight.tenant_id() owner to ${q(w.roles.owner)}; grant execute on function watertight.tenant_id() to ${q(w.roles.app)};`;

// tenant_id() as a careless author writes it; the parts that make it careless are parameters.
const careless = (w: World, options: string, compare: string): string => `
  create or replace function watertight.tenant_id() returns text language plpgsql stable security definer ${options} as $f$
  begin
    return (select substr(current_setting('watertight.ctx', true), 65)::text from watertight.seal s
      where left(current_setting('watertight.ctx', true), 64) ${compare} encode(sha256(s.opad || sha256(s.ipad || int4send(pg_backend_pid())
         || timestamptz_send(transaction_timestamp()) || convert_to(substr(current_setting('watertight.ctx', true), 65), 'UTF8'))), 'hex'));
  end $f$; ${owned(w)}`;

export const weaknesses = {
  "plain level": { from: "plain" },
  "plain level, simple protocol": { from: "plain", rig: { protocol: "simple" } },
  "no hardening": { from: "soft" },
  "no hardening, all rights on tables": {
    from: "soft",
    sql: (w) => `grant all on all tables in schema app to ${q(w.roles.app)}`,
  },
  "no reset": { rig: { reset: false } },
  "guessable names, no reset": { rig: { names: "guessable", reset: false } },
  "guessable names": { rig: { names: "guessable" } },
  "row security off": { sql: () => each((t) => `alter table app.${t} disable row level security; analyze app.${t};`) },
  "policy dropped": { sql: () => each((t) => `drop policy watertight_floor on app.${t};`) },
  "all rights on tables": { sql: (w) => `grant all on all tables in schema app to ${q(w.roles.app)}` },
  "rights on sequences": { sql: (w) => `grant all on all sequences in schema app to ${q(w.roles.app)}` },
  "unique without tenant": { sql: () => "create unique index on app.projects (id)" },
  "partition without row security": {
    sql: (w) =>
      `alter table app.events_2026 disable row level security; grant all on app.events_2026 to ${q(w.roles.app)}`,
  },
  "keys readable": {
    sql: (w) =>
      `grant select on watertight.key, watertight.seal to ${q(w.roles.app)}; analyze watertight.key; analyze watertight.seal`,
  },
  "inner functions callable": {
    sql: (w) =>
      `grant execute on all functions in schema watertight to ${q(w.roles.app)}; grant all on all tables in schema watertight to ${q(w.roles.app)}`,
  },
  "seal not checked": { sql: sealUnchecked },
  "seal not checked, no reset": { sql: sealUnchecked, rig: { reset: false } },
  "token not checked": {
    sql: () => `create or replace function watertight.open(token bytea) returns void language plpgsql security definer as $f$
      begin perform watertight.open_slowly(convert_from(substr(token, 49), 'UTF8')); end $f$`,
  },
  "pads in variables": { sql: padsInVariables },
  "context immutable": { sql: () => "alter function watertight.tenant_id() immutable" },
  "definer without search_path": {
    sql: (w) =>
      `grant create on schema app to ${q(w.roles.app)}; grant usage on schema app to ${q(w.roles.owner)}; ${careless(w, "", "=")}`,
  },
  "definer without pg_temp": { from: "soft", sql: (w) => careless(w, "set search_path = pg_catalog", "=") },
  "member of owner": {
    sql: (w) => `grant ${q(w.roles.owner)} to ${q(w.roles.app)}`,
    undo: (w) => `revoke ${q(w.roles.owner)} from ${q(w.roles.app)}`,
  },
  "member of a bypass role": {
    sql: (w) => `grant ${q(w.roles.migrator)} to ${q(w.roles.app)}`,
    undo: (w) => `revoke ${q(w.roles.migrator)} from ${q(w.roles.app)}`,
  },
  "role bypasses row security": {
    sql: (w) => `alter role ${q(w.roles.app)} bypassrls`,
    undo: (w) => `alter role ${q(w.roles.app)} nobypassrls`,
  },
  "role is superuser": {
    sql: (w) => `alter role ${q(w.roles.app)} superuser`,
    undo: (w) => `alter role ${q(w.roles.app)} nosuperuser`,
  },
  "role may replicate": {
    sql: (w) => `alter role ${q(w.roles.app)} replication`,
    undo: (w) => `alter role ${q(w.roles.app)} noreplication`,
  },
} satisfies Record<string, Removal>;

export const removal = (weakness: Weakness): Removal => weaknesses[weakness];

function each(statement: (table: string) => string): string {
  return ["projects", "tasks", "comments", "events", "events_2026", "events_rest"].map(statement).join("\n");
}

function sealUnchecked(w: World): string {
  return `create or replace function watertight.tenant_id() returns text language sql stable security definer
      as $f$ select substr(current_setting('watertight.ctx', true), 65) $f$; ${owned(w)}`;
}

// As our first version was: the pads of the seal pass through variables, which become constants of a plan (Q1).
function padsInVariables(): string {
  return `create or replace function watertight.open(token bytea) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $f$
    declare v_ipad bytea; v_opad bytea; v_tenant text := convert_from(substr(token, 49), 'UTF8');
    begin
      perform watertight.token_tenant(token);
      select ipad, opad into v_ipad, v_opad from watertight.seal;
      perform set_config('watertight.ctx', encode(sha256(v_opad || sha256(v_ipad || int4send(pg_backend_pid())
        || timestamptz_send(transaction_timestamp()) || convert_to(v_tenant, 'UTF8'))), 'hex') || v_tenant, true);
    end $f$`;
}
