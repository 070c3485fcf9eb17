/**
 * Functions, procedures, operators, and the rights that new objects get.
 */
import { extensionOf, grants, inScope, listOf, type Part } from "./catalog-sql.ts";
import { aclOf, type Unlisted } from "./read-grants.ts";
import type { DefaultPrivilege, Operator, Routine } from "./snapshot.ts";

/** Functions and procedures. Arguments are the input arguments, which alone make the signature. */
export const routinesPart: Part<Unlisted<Routine>> = {
  what: "functions",
  sql: () => `
    select n.nspname as schema, p.proname as name, p.oid::pg_catalog.regprocedure::text as signature,
           case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window' else 'function' end as kind,
           pg_catalog.pg_get_userbyid(p.proowner) as owner, l.lanname as language, p.prosecdef as "securityDefiner",
           case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
           case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end as parallel,
           p.proleakproof as leakproof, p.proisstrict as strict, p.proretset as "returnsSet", coalesce(pg_catalog.pg_get_function_result(p.oid), '') as returns,
           ${listOf("pg_catalog.format_type(a.type, null)", "pg_catalog.unnest(p.proargtypes::oid[]) with ordinality a(type, place)", "a.place")} as arguments,
           ${listOf(
             "coalesce(a.name, '')",
             "pg_catalog.unnest(p.proargnames) with ordinality a(name, place) where p.proargmodes is null or p.proargmodes[a.place] in ('i', 'b', 'v')",
             "a.place",
           )} as "argumentNames",
           coalesce(pg_catalog.to_json(p.proconfig), '[]') as settings, ${aclOf.routine}::text as acl,
           case when p.prosqlbody is null then p.prosrc else pg_catalog.pg_get_function_sqlbody(p.oid) end as body, p.prosqlbody is not null as atomic,
           ${extensionOf("pg_proc", "p.oid")} as extension
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace join pg_catalog.pg_language l on l.oid = p.prolang
     where ${inScope} order by n.nspname, p.proname, p.oid::pg_catalog.regprocedure::text collate "C"`,
};

/** Operators. */
export const operatorsPart: Part<Operator> = {
  what: "operators",
  sql: () => `
    select n.nspname as schema, o.oprname as name, pg_catalog.pg_get_userbyid(o.oprowner) as owner,
           case o.oprleft when 0 then '' else pg_catalog.format_type(o.oprleft, null) end as left,
           case o.oprright when 0 then '' else pg_catalog.format_type(o.oprright, null) end as right, o.oprcode::pg_catalog.regprocedure::text as calls
      from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
     where ${inScope} order by n.nspname, o.oprname, o.oprleft::pg_catalog.regtype::text collate "C", o.oprright::pg_catalog.regtype::text collate "C"`,
};

/** Default privileges. */
export const defaultPrivilegesPart: Part<DefaultPrivilege> = {
  what: "default privileges",
  sql: () => `
    select pg_catalog.pg_get_userbyid(d.defaclrole) as creator, n.nspname as schema,
           case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end as objects,
           ${grants("d.defaclacl")} as acl
      from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
     where d.defaclnamespace = 0 or (${inScope}) order by 1, n.nspname nulls first, 3`,
};
