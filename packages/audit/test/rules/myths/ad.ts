/** Myths about switches, roles, definer objects and triggers (families A and D). */
import { A, B, CANARY, twoTenants } from "../attacks/attack.ts";
import { type Myth, shop } from "./myth.ts";

const rows = (table: string): string =>
  `insert into public.${table} (tenant_id, note) values ('${A}', 'own'), ('${B}', '${CANARY}')`;
const seed = [twoTenants, rows("invoices"), rows("reminders")];
const peek = `create function pg_temp.peek(value text) returns boolean language plpgsql cost 0.0000001
  as $$ begin raise notice 'seen: %', value; return true; end $$`;

/** Myths of families A and D. */
export const mythsAD: readonly Myth[] = [
  {
    belief: "a definer view always reads past row security",
    sql: `${shop()}
      create view public.invoice_notes as select tenant_id, note from public.invoices;
      grant select, insert on public.invoice_notes to shop_app;`,
    silent: ["D1", "D2", "D11", "D13", "D16"],
    attack: { seed, attack: ["select note from public.invoice_notes"] },
  },
  {
    belief: "a definer view lets a tenant insert for another one",
    sql: `${shop()}
      create view public.invoice_notes as select tenant_id, note from public.invoices;
      grant select, insert on public.invoice_notes to shop_app;`,
    silent: ["D1", "D16"],
    attack: {
      seed: [twoTenants],
      attack: [`insert into public.invoice_notes values ('${B}', 'planted')`],
      witness: `select from public.invoices where tenant_id = '${B}'`,
    },
  },
  {
    belief: "a definer function always reads past row security",
    sql: `${shop()}
      create function public.all_notes() returns setof text language sql stable security definer set search_path = ''
        as $$ select note from public.invoices $$;`,
    silent: ["D4", "D5", "D6", "D13"],
    attack: { seed, attack: ["select public.all_notes()"] },
  },
  {
    belief: "policies for the application only leave the owner's view open",
    sql: `${shop({ policyFor: "shop_app" })}
      create view public.invoice_notes as select tenant_id, note from public.invoices;
      create function public.all_notes() returns setof text language sql stable security definer set search_path = ''
        as $$ select note from public.invoices $$;
      grant select on public.invoice_notes to shop_app;`,
    silent: ["D1", "D4", "D6", "D13"],
    attack: { seed, attack: ["select note from public.invoice_notes", "select public.all_notes()"] },
  },
  {
    belief: "a trigger fires as the table's owner",
    sql: `${shop({ force: false })}
      create function public.forget() returns trigger language plpgsql set search_path = ''
        as $$ begin delete from public.reminders; return null; end $$;
      create trigger forget after insert on public.invoices for each row execute function public.forget();`,
    silent: ["D8", "D9"],
    attack: {
      seed: [twoTenants, rows("reminders")],
      attack: [`insert into public.invoices (tenant_id, note) values ('${A}', 'new')`],
      witness: `select where not exists (select from public.reminders where tenant_id = '${B}')`,
    },
  },
  {
    belief: "a view over tables with row security needs security_barrier",
    sql: `${shop()}
      create view public.invoice_notes with (security_invoker = true) as select note from public.invoices where note <> '';
      grant select on public.invoice_notes to shop_app;`,
    silent: ["D1", "D11"],
    attack: {
      seed,
      attack: [
        "set local enable_indexscan = off",
        "set local enable_bitmapscan = off",
        peek,
        "select from public.invoice_notes where pg_temp.peek(note)",
      ],
    },
  },
  {
    belief: "an invoker view inside of a definer view runs as the outer owner",
    sql: `${shop({ force: false })}
      create view public.inner_notes with (security_invoker = true) as select note from public.invoices;
      create view public.outer_notes as select note from public.inner_notes;
      grant select on public.outer_notes to shop_app;
      revoke select on public.invoices from shop_app;`,
    silent: ["D1", "D13"],
    attack: { seed, attack: ["select note from public.outer_notes"] },
  },
  {
    belief: "a definer trigger that copies NEW's tenant can write for another one, although a policy checks it",
    sql: `${shop({ force: false })}
      create function public.remind() returns trigger language plpgsql security definer set search_path = ''
        as $$ begin insert into public.reminders (tenant_id, note) values (new.tenant_id, new.note); return new; end $$;
      create trigger remind before insert on public.invoices for each row execute function public.remind();`,
    silent: ["D8"],
    attack: {
      seed: [twoTenants],
      attack: [`insert into public.invoices (tenant_id, note) values ('${B}', 'planted')`],
      witness: `select from public.reminders where tenant_id = '${B}'`,
    },
  },
  {
    belief: "pg_read_all_data bypasses row security",
    sql: `${shop()} reset role; create role shop_report nologin; grant shop_report to shop_app;`,
    silent: ["A4", "A5", "A8"],
    attack: { seed: [...seed, "grant pg_read_all_data to shop_app"], attack: ["select note from public.invoices"] },
  },
  {
    belief: "BYPASSRLS is inherited",
    sql: `${shop()} reset role; create role shop_support nologin bypassrls;`,
    silent: ["A4", "A5"],
    attack: { seed: [...seed, "grant shop_support to shop_app"], attack: ["select note from public.invoices"] },
  },
  {
    belief: "a column that a policy uses can be dropped, and the policy dangles",
    sql: `${shop()} alter table public.invoices add column region text;
      create policy here on public.invoices as restrictive using (region is null);`,
    silent: ["A13"],
    attack: {
      as: "shop_owner",
      seed,
      attack: ["alter table public.invoices drop column region"],
      witness: "select where not exists (select from pg_policy where polname = 'here')",
      refusedWith: ["2BP01"],
    },
  },
];
