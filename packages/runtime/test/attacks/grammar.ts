/**
 * Hostile statements by grammar: ways to reach rows, times tables, times contexts. All of them run as one-shot queries of A. A shape is a
 * function from a table to SQL; `{all}` of a table is every column as text.
 */
import type { World } from "../../../schema/test/attacks/arena.ts";

interface Target {
  readonly name: string;
  readonly text: string;
  readonly tenant: string;
  readonly id: string;
}

export const targets = (w: World): readonly Target[] => [
  { name: "app.projects", text: "secret", tenant: `tenant_id = '${w.b}'`, id: `id = '${w.bProject}'` },
  { name: "app.tasks", text: "title", tenant: `tenant_id = '${w.b}'`, id: `id = '${w.bTask}'` },
  { name: "app.comments", text: "body", tenant: `task_id = '${w.bTask}'`, id: `task_id = '${w.bTask}'` },
  { name: "app.events", text: "what", tenant: `tenant_id = '${w.b}'`, id: "id > 0" },
  { name: "app.events_rest", text: "what", tenant: `tenant_id = '${w.b}'`, id: "id > 0" },
];

export const shapes: Readonly<Record<string, (t: Target, w: World) => string>> = {
  all: (t) => `select * from ${t.name}`,
  tenant: (t) => `select * from ${t.name} where ${t.tenant}`,
  id: (t) => `select * from ${t.name} where ${t.id}`,
  injected: (t) => `select * from ${t.name} where 1 = 0 or true -- '`,
  union: (t) => `select null union all select ${t.text} from ${t.name}`,
  table: (t) => `table ${t.name}`,
  only: (t) => `select * from only ${t.name}`,
  subquery: (t) => `select (select string_agg(${t.text}, ',') from ${t.name} where ${t.tenant})`,
  exists: (t) =>
    `select exists (select from ${t.name} where ${t.tenant})::text || coalesce((select min(${t.text}) from ${t.name} where ${t.tenant}), '')`,
  cte: (t) => `with x as materialized (select * from ${t.name}) select * from x`,
  recursive: (t) =>
    `with recursive x as (select ${t.text} as v from ${t.name} union select ${t.text} from ${t.name}, x where ${t.text} <> x.v) select * from x`,
  lateral: (t) => `select l.* from (values (1)) v, lateral (select * from ${t.name} offset 0) l`,
  self: (t) => `select a.${t.text}, b.${t.text} from ${t.name} a cross join ${t.name} b`,
  left: (t) => `select a.* from (values (1)) v(n) left join ${t.name} a on true`,
  row: (t) => `select row_to_json(r) from ${t.name} r`,
  aggregate: (t) => `select json_agg(r), string_agg(r::text, '') from ${t.name} r`,
  window: (t) => `select first_value(${t.text}) over (order by ${t.text} desc), lag(${t.text}) over () from ${t.name}`,
  grouping: (t) => `select ${t.text}, count(*) from ${t.name} group by rollup (${t.text})`,
  xml: (t) => `select query_to_xml('select * from ${t.name}', true, true, '')`,
  tableXml: (t) => `select table_to_xml('${t.name}', true, true, '')`,
  sample: (t) => `select * from ${t.name} tablesample system (100)`,
  ctid: (t) =>
    `select * from ${t.name} where ctid = any (array(select ('(0,' || n || ')')::tid from generate_series(1, 20) n))`,
  currtid: (t) => `select r.ctid, r.* from ${t.name} r where ctid >= '(0,0)' and xmin::text <> ''`,
  lock: (t) => `select * from ${t.name} for update skip locked`,
  share: (t) => `select * from ${t.name} for key share`,
  copy: (t) => `copy (select * from ${t.name}) to stdout`,
  copyTable: (t) => `copy ${t.name} to stdout`,
  leakyCast: (t) => `select * from ${t.name} where ${t.tenant} and ${t.text}::int > 0`,
  leakyOrder: (t) => `select * from ${t.name} order by case when ${t.tenant} then ${t.text}::uuid end`,
  raise: (t) =>
    `do $$ declare r record; begin for r in select * from ${t.name} where ${t.tenant} loop raise notice '%', r; end loop; end $$`,
  execute: (t) =>
    `do $$ declare r text; begin execute 'select string_agg(${t.text}, '','') from ${t.name} where ' || $q$${t.tenant}$q$ into r; if r is not null then raise exception '%', r; end if; end $$`,
  insert: (t, w) => insertFor(t, w.b),
  insertReturning: (t, w) => `${insertFor(t, w.b)} returning *`,
  insertIgnore: (t, w) => `${insertFor(t, w.b)} on conflict do nothing`,
  update: (t) => `update ${t.name} set ${t.text} = 'stolen' where ${t.tenant}`,
  updateAll: (t, w) =>
    `update ${t.name} set ${t.text} = ${t.text} where not (${t.name === "app.comments" ? "false" : `tenant_id = '${w.a}'`}) returning *`,
  updateFrom: (t) =>
    `update ${t.name} x set ${t.text} = y.${t.text} from ${t.name} y where y.${t.tenant} returning x.*`,
  give: (t, w) =>
    t.name === "app.comments"
      ? `update ${t.name} set task_id = '${w.bTask}'`
      : `update ${t.name} set tenant_id = '${w.b}'`,
  remove: (t) => `delete from ${t.name} where ${t.tenant}`,
  removeReturning: (t) => `delete from ${t.name} where ${t.id} returning *`,
  merge: (t) => `merge into ${t.name} x using (values (1)) v on x.${t.tenant} when matched then delete`,
  mergeUpdate: (t) =>
    `merge into ${t.name} x using (values ('stolen')) y(v) on x.${t.tenant} when matched then update set ${t.text} = y.v`,
  cteDelete: (t) => `with d as (delete from ${t.name} where ${t.tenant} returning *) select * from d`,
  truncate: (t) => `truncate ${t.name} cascade`,
};

/** Statements in front that change the context; then the shape runs in the same transaction. */
export const contexts: Readonly<Record<string, (w: World) => string>> = {
  own: () => "select 1",
  none: () => "select set_config('watertight.ctx', '', true)",
  forged: (w) => `select set_config('watertight.ctx', repeat('0', 64) || '${w.b}', true)`,
  swapped: (w) => `select set_config('watertight.ctx', left(current_setting('watertight.ctx'), 64) || '${w.b}', true)`,
  plain: (w) => `select set_config('watertight.tenant', '${w.b}', true)`,
};

function insertFor(t: Target, tenant: string): string {
  switch (t.name) {
    case "app.projects":
      return `insert into ${t.name} (tenant_id, name, secret) values ('${tenant}', 'x', 'planted')`;
    case "app.tasks":
      return `insert into ${t.name} (tenant_id, project_id, title) select '${tenant}', id, 'planted' from app.projects`;
    case "app.comments":
      return `insert into ${t.name} (task_id, body) values (${t.id.slice(10)}, 'planted')`;
    default:
      return `insert into ${t.name} (tenant_id, what) values ('${tenant}', 'planted')`;
  }
}
