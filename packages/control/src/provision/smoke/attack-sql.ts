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
             as x(name text, "column" text, own text, other text, cols text, mine text) loop`;
const leave = `perform pg_catalog.set_config('${foundSetting}', pg_catalog.jsonb_build_object('leaks', leaks, 'untested', untested)::text, true);`;
// A partitioned table looks for the row's partition before any policy is asked; that refusal names no constraint.
const noPartition = (what: string): string => `when check_violation then
        get stacked diagnostics failed_constraint = constraint_name;
        if failed_constraint = '' then untested := untested || pg_catalog.jsonb_build_array(t.name || ': ${what}');
        else leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': ${what}'); end if;`;
const begin = `declare
  t record; n bigint; foreign_rows text; failed_constraint text;
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
  t record; parts text; seeded jsonb := '[]'; cols text; theirs text; mine text;
begin
  ${loop}
    select coalesce(pg_catalog.string_agg(', ' || v.name, '' order by v.n), ''), coalesce(pg_catalog.string_agg(', ' || v.theirs, '' order by v.n), ''),
           coalesce(pg_catalog.string_agg(', ' || v.mine, '' order by v.n), '') into cols, theirs, mine from (
      select pg_catalog.quote_ident(a.attname) as name, a.attnum as n, ${valueOf(1)} as theirs, ${valueOf(2)} as mine
        from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
       where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''
         and pg_catalog.quote_ident(a.attname) <> coalesce(t."column", '')) v;
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
          raise notice 'no row in %: %', t.name, sqlerrm;
        end;
      end;
    end if;
    seeded := seeded || pg_catalog.jsonb_build_array(pg_catalog.to_jsonb(t) || pg_catalog.jsonb_build_object('cols', cols, 'mine', mine));
  end loop;
  perform pg_catalog.set_config('${tablesSetting}', seeded::text, true);
end $smoke$`;

/** As the application's role in the context of `own`: every way to the other tenant's rows. */
export const attackScript: string = `do $smoke$
${begin}
    foreign_rows := case when t."column" is null then 'true' else pg_catalog.format('%s::text <> %L', t."column", t.own) end;
    begin
      execute pg_catalog.format('select count(*) from (select 1 from %s where %s limit 1) x', t.name, foreign_rows) into n;
      if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': read'); continue; end if;
    exception when insufficient_privilege or sqlstate 'WT004' then null;
    end;
    begin
      if t."column" is null then
        execute pg_catalog.format('insert into %s default values', t.name);
      else
        execute pg_catalog.format('insert into %s (%s) values (%L)', t.name, t."column", t.other);
      end if;
      leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': insert');
    exception
      when insufficient_privilege then null;
      -- policies are asked before constraints: a row that a constraint refused had passed them
      ${noPartition("insert")}
      when integrity_constraint_violation then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': insert');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': insert');
    end;
    begin
      execute pg_catalog.format('delete from %s where %s', t.name, foreign_rows);
      get diagnostics n = row_count;
      if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': delete'); end if;
    exception
      when insufficient_privilege then null;
      when integrity_constraint_violation then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': delete');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': delete');
    end;
    continue when t."column" is null;
    begin
      execute pg_catalog.format('update %s set %s = %L where %s', t.name, t."column", t.own, foreign_rows);
      get diagnostics n = row_count;
      if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': update'); end if;
    exception
      when insufficient_privilege then null;
      when integrity_constraint_violation then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': update');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': update');
    end;
    begin
      execute pg_catalog.format('insert into %s (%s%s) values (%L%s)', t.name, t."column", coalesce(t.cols, ''), t.own, coalesce(t.mine, ''));
      begin
        execute pg_catalog.format('update %s set %s = %L where %s::text = %L', t.name, t."column", t.other, t."column", t.own);
        -- no row: the application lets nobody change rows of this table
        get diagnostics n = row_count;
        if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': reassign'); end if;
      exception when insufficient_privilege then null;
      end;
    exception
      -- the tenant cannot write its own rows: then nothing above was tested
      when insufficient_privilege then untested := untested || pg_catalog.jsonb_build_array(t.name || ': own');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': reassign');
    end;
  end loop;
  ${leave}
end $smoke$`;

/** Without a context: nothing is seen, nothing is written. */
export const withoutContextScript: string = `do $smoke$
${begin}
    begin
      execute pg_catalog.format('select count(*) from (select 1 from %s limit 1) x', t.name) into n;
      if n > 0 then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': read without a tenant'); end if;
    exception when insufficient_privilege or sqlstate 'WT004' then null;
    end;
    begin
      if t."column" is null then
        execute pg_catalog.format('insert into %s default values', t.name);
      else
        execute pg_catalog.format('insert into %s (%s) values (%L)', t.name, t."column", t.own);
      end if;
      leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': insert without a tenant');
    exception
      when insufficient_privilege or sqlstate 'WT004' or read_only_sql_transaction then null;
      ${noPartition("insert without a tenant")}
      when integrity_constraint_violation then leaks := leaks || pg_catalog.jsonb_build_array(t.name || ': insert without a tenant');
      when others then untested := untested || pg_catalog.jsonb_build_array(t.name || ': insert without a tenant');
    end;
  end loop;
  ${leave}
end $smoke$`;

/** As the reading role: no statement that writes gets past the rights, whatever the context. */
export const readOnlyScript: string = `do $smoke$
${begin}
    foreach foreign_rows in array array[
      pg_catalog.format('insert into %s default values', t.name), pg_catalog.format('delete from %s', t.name),
      pg_catalog.format('truncate %s', t.name),
      pg_catalog.format('update %s set %s = null', t.name, coalesce(t."column", (select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
        where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped limit 1)))] loop
      begin
        execute foreign_rows;
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
