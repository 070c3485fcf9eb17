/** Attacks of families F and H: paths on which row security is not asked. */
import { A, B, CANARY, type RuleAttack, twoTenants } from "./attack.ts";

const note = `insert into public.notes (tenant_id, body) values ('${A}', 'mine'), ('${B}', '${CANARY}')`;

export const attacksF: readonly RuleAttack[] = [
  {
    rule: "F1",
    name: "one TRUNCATE for all",
    seed: [twoTenants, note],
    attack: ["truncate public.notes"],
    witness: "select where not exists (select from public.notes)",
  },
  {
    rule: "F2",
    name: "a foreign key of one's own asks for B's row",
    seed: [twoTenants, `insert into public.notes (tenant_id, id, body) values ('${B}', '${B}', '${CANARY}')`],
    attack: [
      "create table scratch.probe (tenant_id uuid, id uuid, foreign key (tenant_id, id) references public.notes (tenant_id, id))",
      `insert into scratch.probe values ('${B}', '${B}')`,
      `do $$ begin raise notice '${CANARY} exists'; end $$`,
    ],
  },
  {
    rule: "F3",
    name: "a trigger of one's own sees what B writes",
    seed: [twoTenants],
    attack: [
      "create function pg_temp.steal() returns trigger language plpgsql as 'begin raise notice ''%'', new.body; return new; end'",
      "create trigger steal before insert on public.notes for each row execute function pg_temp.steal()",
      `select set_config('app.tenant_id', '${B}', true)`,
      `insert into public.notes (tenant_id, body) values ('${B}', '${CANARY}')`,
    ],
  },
  {
    rule: "F4",
    name: "the partition by its own name",
    seed: [twoTenants, `insert into public.events (tenant_id, day, what) values ('${B}', '2026-05-01', '${CANARY}')`],
    attack: ["select * from public.events_2026"],
  },
  {
    rule: "F4",
    name: "the parent hides it",
    leaksOn: () => false,
    seed: [twoTenants, `insert into public.events (tenant_id, day, what) values ('${B}', '2026-05-01', '${CANARY}')`],
    attack: ["select * from public.events"],
  },
  {
    rule: "F5",
    name: "the sequence set back",
    seed: ["select nextval('public.invoice_number') from generate_series(1, 50)"],
    attack: ["select setval('public.invoice_number', 1)"],
    witness: "select from public.invoice_number where last_value < 50",
  },
  {
    rule: "F7",
    name: "B's object by its number",
    seed: [twoTenants],
    context: { "app.tenant_id": B },
    attack: [
      `do $$ begin
         if exists (select from information_schema.columns where table_name = 'documents' and column_name = 'content' and data_type = 'oid') then
           insert into public.documents (tenant_id, content) values ('${B}', lo_from_bytea(0, '${CANARY}'));
         else
           insert into public.documents (tenant_id, content) select '${B}', '${CANARY}'::bytea;
         end if; end $$`,
      `select set_config('app.tenant_id', '${A}', true)`,
      "select convert_from(content::text::bytea, 'utf8') from public.documents",
      "select convert_from(lo_get(oid), 'utf8') from pg_catalog.pg_largeobject_metadata",
    ],
  },
  {
    rule: "F10",
    name: "the payload holds B's row",
    seed: [
      twoTenants,
      // what LISTEN would hear comes with the commit, and nothing is committed here: the payload is looked at where it leaves
      "create schema witness; create function witness.hear(text, text) returns void language plpgsql as 'begin raise notice ''%'', $2; end'",
      "grant usage on schema witness to public",
      "do $$ begin execute replace(pg_get_functiondef('public.tell'::regproc), 'pg_catalog.pg_notify', 'witness.hear'); end $$",
    ],
    context: { "app.tenant_id": B },
    attack: [`insert into public.notes (tenant_id, body) values ('${B}', '${CANARY}')`],
  },
  {
    rule: "F16",
    name: "B's job in the queue",
    seed: [`insert into pgboss.job (name, data) values ('mail', '{"to": "${CANARY}"}')`],
    attack: ["select * from pgboss.job"],
  },
  {
    rule: "H2",
    name: "a missing table is found in public",
    seed: [`insert into public.notes values ('${B}', '${CANARY}')`],
    context: {},
    attack: [
      // SET SESSION AUTHORIZATION does not apply the role's settings, a login does
      `do $$ declare path text; begin
         select split_part(c, '=', 2) into path from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c where s.setrole = current_user::regrole and c like 'search_path=%';
         perform set_config('search_path', path, true); end $$`,
      "select * from notes",
    ],
    refusedWith: ["42P01"],
  },
  {
    rule: "H4",
    name: "a table of one's own in public",
    seed: [],
    attack: ["create table public.pass_it_on (what text)", "grant all on public.pass_it_on to public"],
    witness: "select where to_regclass('public.pass_it_on') is not null",
  },
];
