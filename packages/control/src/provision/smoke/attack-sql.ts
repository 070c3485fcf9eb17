/**
 * The statements of the intrusion test. They run in one transaction that is rolled back, and leave what they found in a setting. Must never be
 * run where they could stay: the caller rolls back.
 */

/** A table to attack. */
export interface AttackedTable {
  /** Quoted and qualified. */
  readonly name: string;
  /** Quoted column of the tenant; null where another row decides. */
  readonly column: string | null;
  /** The tenant in whose context the attack runs. */
  readonly own: string;
  /** Another tenant. */
  readonly other: string;
  /** A partition: it is reached through its table, and that its own door is shut to everybody is no fault of the test. */
  readonly partition?: boolean;
}

/** The setting that tells the script its tables. */
export const tablesSetting = "watertight_smoke.tables";
/** The setting in which it leaves `{ leaks, untested }`. */
export const foundSetting = "watertight_smoke.found";

const loop = `for t in select * from pg_catalog.jsonb_to_recordset(pg_catalog.current_setting('${tablesSetting}')::jsonb)
             as x(name text, "column" text, own text, other text, cols text, mine text, seeded boolean) loop`;
const leave = `perform pg_catalog.set_config('${foundSetting}', pg_catalog.jsonb_build_object('leaks', leaks, 'untested', untested)::text, true);`;
const begin = `declare
  t record; n bigint; statement text; harmless text; refused_by text;
  leaks jsonb := '[]'; untested jsonb := '[]';
begin
  ${loop}`;

/** A value that a column takes which must not be null; `n` tells the other tenant's row from one's own. */
const valueOf = (n: number): string => `case
            when y.typname = 'uuid' then 'pg_catalog.gen_random_uuid()' when y.typname in ('json', 'jsonb') then '''{}''' when y.typname = 'bytea' then '''x'''
            when y.typcategory = 'N' then '${n}' when y.typcategory = 'B' then 'true' when y.typcategory = 'S' then '''x${n}'''
            when y.typcategory = 'D' then 'pg_catalog.now()' when y.typcategory = 'T' then '''1 s''' when y.typcategory = 'A' then '''{}'''
            when y.typcategory = 'E' then (select pg_catalog.quote_literal(e.enumlabel) from pg_catalog.pg_enum e where e.enumtypid = y.oid order by e.enumsortorder limit 1)
            else 'null' end`;

/**
 * As the owner, in the other tenant's context, on tables that nobody uses yet: one row of the other tenant is put into each. Where plain values do
 * not get in, what keeps them out is taken away first. All of it goes with the rollback.
 */
export const seedScript: string = `do $smoke$
declare
  t record; parts text; seeded jsonb := '[]'; cols text; theirs text; mine text; is_seeded boolean;
begin
  ${loop}
    select coalesce(pg_catalog.string_agg(', ' || v.name, '' order by v.n), ''), coalesce(pg_catalog.string_agg(', ' || v.theirs, '' order by v.n), ''),
           coalesce(pg_catalog.string_agg(', ' || v.mine, '' order by v.n), '') into cols, theirs, mine from (
      select pg_catalog.quote_ident(a.attname) as name, a.attnum as n, ${valueOf(1)} as theirs, ${valueOf(2)} as mine
        from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
       where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''
         and pg_catalog.quote_ident(a.attname) <> coalesce(t."column", '')) v;
    is_seeded := t."column" is not null;
    if t."column" is not null then
      begin
        execute pg_catalog.format('insert into %s (%s%s) values (%L%s)', t.name, t."column", cols, t.other, theirs);
      exception when others then
        select pg_catalog.string_agg(p.part, ', ') into parts from (
          select pg_catalog.format('drop constraint if exists %I cascade', c.conname) as part
            from pg_catalog.pg_constraint c where c.conrelid = t.name::regclass and c.contype in ('p', 'u', 'f', 'c', 'x') and c.conislocal and c.coninhcount = 0
           union all
          select pg_catalog.format('alter column %I drop not null', a.attname)
            from pg_catalog.pg_attribute a where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and a.attidentity = ''
           union all
          select 'disable trigger user') p;
        cols := ''; mine := '';
        begin
          execute pg_catalog.format('alter table %s %s', t.name, parts);
          execute pg_catalog.format('insert into %s (%s) values (%L)', t.name, t."column", t.other);
        exception when others then
          is_seeded := false;
        end;
      end;
    end if;
    seeded := seeded || pg_catalog.jsonb_build_array(pg_catalog.to_jsonb(t) || pg_catalog.jsonb_build_object('cols', cols, 'mine', mine, 'seeded', is_seeded));
  end loop;
  perform pg_catalog.set_config('${tablesSetting}', seeded::text, true);
end $smoke$`;

const leak = (what: string): string => `leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': ${what}');`;
const open = (what: string): string => `untested := untested || pg_catalog.jsonb_build_array(t.name || ': ${what}');`;

/**
 * What the errors of an attack mean. Policies are asked before constraints: a row that a constraint refused had passed them. Except where no
 * partition takes the row, which is said before anybody is asked.
 */
const judged = (what: string, refusals = "insufficient_privilege"): string => `when ${refusals} then null;
      when integrity_constraint_violation then
        get stacked diagnostics refused_by = constraint_name;
        if sqlstate = '23514' and refused_by = '' then ${open(what)} else ${leak(what)} end if;
      when others then ${open(what)}`;

/** Reads what is not one's own, and puts in a row of the tenant in a field of `t`. */
const readAndInsert = (whose: "other" | "own", where: string, what: string, refusals: string): string => `
    begin
      execute pg_catalog.format('select count(*) from (select 1 from %s where %s limit 1) x', t.name, ${where}) into n;
      if n > 0 then ${leak(`read${what}`)} continue; end if;
    exception when insufficient_privilege or sqlstate 'WT004' then null;
    end;
    -- in a table that took no row of the other tenant there was nothing to be seen
    if not t.seeded then ${open(`read${what}`)} end if;
    begin
      if t."column" is null then
        execute pg_catalog.format('insert into %s default values', t.name);
      else
        execute pg_catalog.format('insert into %s (%s) values (%L)', t.name, t."column", t.${whose});
      end if;
      ${leak(`insert${what}`)}
    exception
      ${judged(`insert${what}`, refusals)}
    end;`;

const changed = (what: string, statement: string): string => `
    begin
      execute ${statement};
      get diagnostics n = row_count;
      if n > 0 then ${leak(what)} end if;
    exception
      ${judged(what)}
    end;`;

/** Which rows are not the tenant's. */
const foreignRows = `case when t."column" is null then 'true' else pg_catalog.format('%s::text <> %L', t."column", t.own) end`;

/** As the application's role in the context of `own`: every way to the other tenant's rows. */
export const attackScript: string = `do $smoke$
${begin}${readAndInsert("other", foreignRows, "", "insufficient_privilege")}${changed("delete", `pg_catalog.format('delete from %s where %s', t.name, ${foreignRows})`)}
    -- where another row decides whose it is, a column that changes nothing; which row that is cannot be known here
    harmless := coalesce(t."column", (select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
      where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a' order by a.attnum limit 1));
    if harmless is null then ${open("update")} continue; end if;${changed("update", `pg_catalog.format('update %s set %s = %s where %s', t.name, harmless, case when t."column" is null then harmless else pg_catalog.quote_literal(t.own) end, ${foreignRows})`)}
    if t."column" is null then
      -- in the schema of one tenant there is nobody to give a row to
      if t.other <> '' then ${open("reassign")} end if;
      continue;
    end if;
    begin
      execute pg_catalog.format('insert into %s (%s%s) values (%L%s)', t.name, t."column", coalesce(t.cols, ''), t.own, coalesce(t.mine, ''));
    exception
      -- the tenant cannot write its own rows: then nothing above was tested
      when insufficient_privilege then ${open("own")} continue;
      when others then ${open("reassign")} continue;
    end;
    begin
      -- without a condition: one that reads would bring in the policies for reading, which ask of the new row as well
      execute pg_catalog.format('update %s set %s = %L', t.name, t."column", t.other);
      -- no row: the application lets nobody change rows of this table
      get diagnostics n = row_count;
      if n > 0 then ${leak("reassign")} end if;
    exception
      ${judged("reassign")}
    end;
  end loop;
  ${leave}
end $smoke$`;

/** Without a context: nothing is seen, nothing is written. */
export const withoutContextScript: string = `do $smoke$
${begin}${readAndInsert("own", "'true'", " without a tenant", "insufficient_privilege or sqlstate 'WT004' or read_only_sql_transaction")}
  end loop;
  ${leave}
end $smoke$`;

/** As the reading role: no statement that writes gets past the rights, whatever the context. */
export const readOnlyScript: string = `do $smoke$
${begin}
    foreach statement in array array[
      pg_catalog.format('insert into %s default values', t.name), pg_catalog.format('delete from %s', t.name),
      pg_catalog.format('truncate %s', t.name),
      pg_catalog.format('update %s set %s = null', t.name, coalesce(t."column", (select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
        where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped limit 1)))] loop
      begin
        execute statement;
        leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': the reading role writes');
      exception
        when insufficient_privilege then null;
        -- the rights are asked first: whatever else was said came after them
        when others then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': the reading role writes (' || sqlstate || ')');
      end;
    end loop;
  end loop;
  ${leave}
end $smoke$`;
