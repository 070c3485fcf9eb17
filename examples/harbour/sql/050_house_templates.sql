-- Rows shared on purpose: templates of the tenant all zeroes are everybody's to read. The floor is widened for that one id, and two more
-- restrictive policies keep UPDATE and DELETE as narrow as ever: a USING that lets a row be read would let it be changed and wiped too (B7).
-- Protecting the table again puts the kit's own floor back: the house templates disappear then, and nothing leaks. Run this file after it.
alter policy watertight_floor on harbour.templates
  using (tenant_id in ((select watertight.tenant_id()::uuid), '00000000-0000-0000-0000-000000000000'))
  with check (tenant_id = (select watertight.tenant_id()::uuid));
create policy house_templates_stay on harbour.templates as restrictive for update to public using (tenant_id = (select watertight.tenant_id()::uuid));
create policy house_templates_live on harbour.templates as restrictive for delete to public using (tenant_id = (select watertight.tenant_id()::uuid));
