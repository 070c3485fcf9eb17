-- Keys: composite and led by the tenant, so that no constraint can point at, or tell about, another tenant's row (E1, E5).
alter table harbour.memberships add primary key (tenant_id, user_id), add foreign key (user_id) references directory.users (id);

alter table harbour.customers add primary key (tenant_id, id), add constraint customers_email_per_tenant unique (tenant_id, email);
alter table harbour.sites add primary key (tenant_id, id),
  add constraint sites_customer foreign key (tenant_id, customer_id) references harbour.customers (tenant_id, id) on delete cascade;
alter table harbour.technicians add primary key (tenant_id, id);
-- unique (id) is what the derived table refers to; a random uuid tells nothing by colliding
alter table harbour.invoices add primary key (tenant_id, id), add constraint invoices_id unique (id),
  add constraint invoices_number_per_tenant unique (tenant_id, number),
  add constraint invoices_customer foreign key (tenant_id, customer_id) references harbour.customers (tenant_id, id),
  add constraint invoices_site foreign key (tenant_id, site_id) references harbour.sites (tenant_id, id),
  add constraint invoices_technician foreign key (tenant_id, technician_id) references harbour.technicians (tenant_id, id);
alter table harbour.invoice_lines add primary key (id), add constraint invoice_lines_position unique (invoice_id, position),
  add constraint invoice_lines_invoice foreign key (invoice_id) references harbour.invoices (id) on delete cascade;
alter table harbour.attachments add primary key (tenant_id, id),
  add constraint attachments_invoice foreign key (tenant_id, invoice_id) references harbour.invoices (tenant_id, id) on delete cascade;
alter table harbour.comments add primary key (tenant_id, id),
  add constraint comments_invoice foreign key (tenant_id, invoice_id) references harbour.invoices (tenant_id, id) on delete cascade;
alter table harbour.events add primary key (tenant_id, id, created_at);
alter table harbour.templates add primary key (tenant_id, id);
alter table harbour.jobs add primary key (tenant_id, id);
alter table harbour.api_keys add primary key (tenant_id, id);
alter table harbour.audit_log add primary key (tenant_id, id);

create index on harbour.customers (tenant_id, created_at);
create index on harbour.sites (tenant_id, customer_id);
create index on harbour.technicians (tenant_id, created_at);
create index on harbour.invoices (tenant_id, created_at);
create index on harbour.invoices (tenant_id, customer_id);
create index on harbour.attachments (tenant_id, invoice_id);
create index on harbour.comments (tenant_id, invoice_id);
create index on harbour.comments (tenant_id, created_at);
create index on harbour.events (tenant_id, created_at);
create index on harbour.jobs (tenant_id, created_at);
create index on harbour.audit_log (tenant_id, created_at);
