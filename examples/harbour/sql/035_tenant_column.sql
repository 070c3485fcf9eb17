-- Whose a new row is, is nobody's to say: the column takes the tenant of the context. Needs the kit, which the sealed context comes from.
do $$
declare
  t regclass;
begin
  for t in select a.attrelid::regclass from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
            where c.relnamespace = 'harbour'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant_id' loop
    execute pg_catalog.format('alter table %s alter tenant_id set default watertight.tenant_id()::uuid', t);
  end loop;
end $$;
