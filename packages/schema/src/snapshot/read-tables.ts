/**
 * What hangs on a table: policies, constraints, indexes, triggers, rewrite rules.
 */
import { callsOf, columnNames, inScope, listOf, type Part, qualified, readsOf } from "./catalog-sql.ts";
import type { Constraint, Index, Policy, RewriteRule, Trigger } from "./snapshot.ts";

const table = "join pg_catalog.pg_class c on c.oid";
const schema = "join pg_catalog.pg_namespace n on n.oid = c.relnamespace";

/** Policies. */
export const policiesPart: Part<Policy> = {
  what: "policies",
  sql: () => `
    select ${qualified("c", "n")} as relation, p.polname as name, p.polpermissive as permissive,
           case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
           ${listOf("x.name", "(select case r when 0 then 'public'::name else pg_catalog.pg_get_userbyid(r) end as name from pg_catalog.unnest(p.polroles) r) x", "x.name")} as roles,
           pg_catalog.pg_get_expr(p.polqual, p.polrelid) as using, pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as check,
           ${readsOf("pg_policy", "p.oid", "p.polrelid")} as reads, ${callsOf("pg_policy", "p.oid")} as calls
      from pg_catalog.pg_policy p ${table} = p.polrelid ${schema}
     where ${inScope} order by n.nspname, c.relname, p.polname`,
};

const action = (column: string): string =>
  `case ${column} when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade' when 'n' then 'set null' else 'set default' end`;

/**
 * Constraints of tables. Two kinds are left out: the not-null constraints that 18 keeps as rows and 15 does not (Column.notNull says it; the
 * ones never validated stay, they are new in 18), and the rows that a foreign key to a partitioned table has for each partition.
 */
export const constraintsPart: Part<Constraint> = {
  what: "constraints",
  sql: (version) => `
    select ${qualified("c", "n")} as relation, k.conname as name,
           case k.contype when 'c' then 'check' when 'f' then 'foreign' when 'p' then 'primary' when 'u' then 'unique' when 'x' then 'exclude' when 'n' then 'not null' else 'trigger' end as kind,
           ${columnNames("k.conrelid", "k.conkey")} as columns,
           case when k.contype = 'f' then pg_catalog.json_build_object('relation', ${qualified("fc", "fn")}, 'columns', ${columnNames("k.confrelid", "k.confkey")},
             'onDelete', ${action("k.confdeltype")}, 'onUpdate', ${action("k.confupdtype")},
             'match', case k.confmatchtype when 'f' then 'full' when 'p' then 'partial' else 'simple' end) end as references,
           k.convalidated as validated, ${version >= 180000 ? "k.conenforced" : "true"} as enforced, k.condeferrable as deferrable,
           pg_catalog.pg_get_constraintdef(k.oid) as definition,
           case when k.contype in ('c', 'x') then ${callsOf("pg_constraint", "k.oid")} else '[]' end as calls
      from pg_catalog.pg_constraint k ${table} = k.conrelid ${schema}
           left join pg_catalog.pg_class fc on fc.oid = k.confrelid left join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
           left join pg_catalog.pg_constraint parent on parent.oid = k.conparentid
     where ${inScope} and (k.contype <> 'n' or not k.convalidated) and parent.conrelid is distinct from k.conrelid
     order by n.nspname, c.relname, k.conname`,
};

/** Indexes. */
export const indexesPart: Part<Index> = {
  what: "indexes",
  sql: () => `
    select n.nspname as schema, ic.relname as name, ${qualified("c", "n")} as relation, i.indisunique as unique, i.indisprimary as primary, i.indisexclusion as exclusion,
           am.amname as method, ${columnNames("i.indrelid", "(i.indkey::int2[])[0:i.indnkeyatts - 1]")} as columns,
           pg_catalog.pg_get_expr(i.indexprs, i.indrelid) as expressions, pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
           i.indnullsnotdistinct as "nullsNotDistinct", i.indisvalid as valid,
           ${listOf("oc.opcname", "pg_catalog.unnest(i.indclass::oid[]) with ordinality o(class, place) join pg_catalog.pg_opclass oc on oc.oid = o.class", "o.place")} as "operatorClasses",
           pg_catalog.pg_get_indexdef(i.indexrelid) as definition
      from pg_catalog.pg_index i ${table} = i.indrelid ${schema}
           join pg_catalog.pg_class ic on ic.oid = i.indexrelid join pg_catalog.pg_am am on am.oid = ic.relam
     where ${inScope} and c.relkind in ('r', 'p', 'm') order by n.nspname, ic.relname`,
};

/** Triggers that a person made. pg_get_expr refuses conditions on OLD and NEW, so the condition is cut out of the whole definition. */
export const triggersPart: Part<Trigger> = {
  what: "triggers",
  sql: () => `
    select ${qualified("c", "n")} as relation, t.tgname as name, t.tgfoid::pg_catalog.regprocedure::text as calls,
           case when t.tgtype & 2 <> 0 then 'before' when t.tgtype & 64 <> 0 then 'instead of' else 'after' end as timing,
           case when t.tgtype & 1 <> 0 then 'row' else 'statement' end as level,
           pg_catalog.to_json(pg_catalog.array_remove(array[case when t.tgtype & 4 <> 0 then 'insert' end, case when t.tgtype & 16 <> 0 then 'update' end,
             case when t.tgtype & 8 <> 0 then 'delete' end, case when t.tgtype & 32 <> 0 then 'truncate' end], null)) as events,
           t.tgdeferrable as deferrable, t.tgenabled in ('O', 'A') as enabled,
           case when t.tgqual is not null then pg_catalog.substring(d.definition, ' WHEN \\((.*)\\) EXECUTE FUNCTION ') end as "when", d.definition
      from pg_catalog.pg_trigger t ${table} = t.tgrelid ${schema} cross join lateral pg_catalog.pg_get_triggerdef(t.oid) d(definition)
     where not t.tgisinternal and ${inScope} order by n.nspname, c.relname, t.tgname`,
};

/** Rewrite rules, without the one that makes a view a view. */
export const rewriteRulesPart: Part<RewriteRule> = {
  what: "rewrite rules",
  sql: () => `
    select ${qualified("c", "n")} as relation, w.rulename as name,
           case w.ev_type when '1' then 'select' when '2' then 'update' when '3' then 'insert' else 'delete' end as event,
           w.is_instead as instead, pg_catalog.pg_get_ruledef(w.oid) as definition, ${readsOf("pg_rewrite", "w.oid", "w.ev_class")} as touches
      from pg_catalog.pg_rewrite w ${table} = w.ev_class ${schema}
     where not (w.ev_type = '1' and w.rulename = '_RETURN') and ${inScope} order by n.nspname, c.relname, w.rulename`,
};
