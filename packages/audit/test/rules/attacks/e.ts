/** Attacks of family E: what constraints do and tell without row security. */
import { A, B, CANARY, type RuleAttack, twoTenants } from "./attack.ts";

const projects = `insert into public.projects (tenant_id, id, name) overriding system value values ('${A}', 1, 'Ann 1'), ('${B}', 2, '${CANARY}')`;

// an oracle is one bit: the attacker's own block says what it learned
const learns = (statement: string, condition: string): string =>
  `do $$ begin ${statement}; exception when ${condition} then raise notice '${CANARY} exists'; end $$`;

export const attacksE: readonly RuleAttack[] = [
  {
    rule: "E1",
    name: "a task of A under a project of B",
    seed: [twoTenants, projects],
    attack: [`insert into public.tasks (tenant_id, project_id, title) values ('${A}', 2, 'mine')`],
    refusedWith: ["23503"],
    witness:
      "select from public.tasks t join public.projects p on p.id = t.project_id where p.tenant_id <> t.tenant_id",
  },
  {
    rule: "E1",
    name: "known id accepted, unknown refused",
    seed: [twoTenants, projects],
    attack: [
      `do $$ declare n int; found int := 0; begin for n in 1..9 loop begin
         insert into public.tasks (tenant_id, project_id, title) values ('${A}', n, 'probe'); found := found + 1;
       exception when foreign_key_violation then null; end; end loop;
       if found > 1 then raise notice '${CANARY} exists'; end if; end $$`,
    ],
  },
  {
    rule: "E2",
    name: "A's DELETE removes B's task",
    seed: [twoTenants, projects],
    context: { "app.tenant_id": B },
    // B's honest mistake first, then A's DELETE of its own project
    attack: [
      `insert into public.tasks (tenant_id, project_id, title) values ('${B}', 1, 'B')`,
      `select set_config('app.tenant_id', '${A}', true)`,
      "delete from public.projects where id = 1",
    ],
    refusedWith: ["23503"],
    witness: "select where (select count(*) from public.projects) = 1 and not exists (select from public.tasks)",
  },
  {
    rule: "E3",
    name: "B's task stops A's DELETE",
    seed: [twoTenants, projects],
    context: { "app.tenant_id": B },
    attack: [
      `do $$ begin insert into public.tasks (tenant_id, project_id, title) values ('${B}', 1, 'B'); exception when foreign_key_violation then null; end $$`,
      `select set_config('app.tenant_id', '${A}', true)`,
      learns("delete from public.projects where id = 1", "foreign_key_violation or restrict_violation"),
    ],
  },
  {
    rule: "E4",
    name: "a row of nobody points at B's project",
    seed: [twoTenants, `insert into public.projects (tenant_id, id, name) values ('${B}', '${B}', '${CANARY}')`],
    attack: [`insert into public.tasks (tenant_id, project_id, title) values (null, '${B}', 'draft')`],
    refusedWith: ["23502"],
    witness: "select from public.tasks t join public.projects p on p.id = t.project_id where t.tenant_id is null",
  },
  {
    rule: "E5",
    name: "23505 tells that B has the address",
    seed: [twoTenants, `insert into public.contacts (tenant_id, email) values ('${B}', 'bob@example.com')`],
    attack: [
      learns(`insert into public.contacts (tenant_id, email) values ('${A}', 'bob@example.com')`, "unique_violation"),
    ],
  },
  {
    rule: "E5",
    name: "silently, with ON CONFLICT DO NOTHING",
    seed: [twoTenants, `insert into public.contacts (tenant_id, email) values ('${B}', 'bob@example.com')`],
    attack: [
      `do $$ declare n int; begin
         insert into public.contacts (tenant_id, email) values ('${A}', 'bob@example.com') on conflict do nothing;
         get diagnostics n = row_count; if n = 0 then raise notice '${CANARY} exists'; end if; end $$`,
    ],
  },
  {
    rule: "E6",
    name: "the catalog lists B",
    seed: [`insert into public.tenants (id, name) values ('${A}', 'Ann'), ('${B}', 'Bolt')`],
    attack: [
      `select replace(pg_get_expr(relpartbound, oid), '${B}', '${CANARY}') from pg_catalog.pg_class where relispartition and relname like 'events%'`,
    ],
  },
  {
    rule: "E7",
    name: "a room that B has is booked again",
    seed: [twoTenants, `insert into public.bookings (tenant_id, room, day) values ('${B}', 7, '2026-05-01')`],
    attack: [`insert into public.bookings (tenant_id, room, day) values ('${A}', 7, '2026-05-01')`],
    // on green nothing promised that it is free: the rule that reads rows is gone
    witness:
      "select from public.bookings where room = 7 having count(*) > 1 and exists (select from pg_proc where proname = 'room_is_free' and prosrc ~ 'bookings')",
  },
  {
    rule: "E9",
    name: "the refusal prints B's booking",
    seed: [twoTenants, `insert into public.bookings (tenant_id, room, during) values ('${B}', 1, '[10,20)')`],
    attack: [
      `do $$ declare said text; begin perform public.book(1, '[12,13)'); exception when exclusion_violation then
         get stacked diagnostics said = pg_exception_detail; if said like '%[10,20)%' then raise notice '${CANARY}: %', said; end if; end $$`,
    ],
  },
];
