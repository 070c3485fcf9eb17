/**
 * What acts on a table's rows: policies, triggers, rewrite rules.
 */
import { callsOf, inScope, listOf, type Part, qualified, readsOf } from "./catalog-sql.ts";
import type { Policy, RewriteRule, Trigger } from "./snapshot.ts";

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
           coalesce(reads.list, '[]') as reads, coalesce(calls.list, '[]') as calls
      from pg_catalog.pg_policy p ${table} = p.polrelid ${schema}
           left join ${readsOf("pg_policy", "polrelid")} reads on reads.objid = p.oid left join ${callsOf("pg_policy")} calls on calls.objid = p.oid
     where ${inScope} order by n.nspname, c.relname, p.polname`,
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
           w.is_instead as instead, pg_catalog.pg_get_ruledef(w.oid) as definition, coalesce(reads.list, '[]') as touches
      from pg_catalog.pg_rewrite w ${table} = w.ev_class ${schema} left join ${readsOf("pg_rewrite", "ev_class")} reads on reads.objid = w.oid
     where not (w.ev_type = '1' and w.rulename = '_RETURN') and ${inScope} order by n.nspname, c.relname, w.rulename`,
};
