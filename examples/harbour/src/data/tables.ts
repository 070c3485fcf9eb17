// The columns the generator fills, with the SQL type each one is sent as. The order is the order of loading.
export const tableColumns = {
  plans: { id: "smallint", name: "text", monthly_price_cents: "integer", max_users: "integer" },
  tenants: { id: "uuid", slug: "text", name: "text", plan_id: "smallint", created_at: "timestamptz" },
  users: { id: "uuid", email: "text", salt: "text", digest: "text", created_at: "timestamptz" },
  house_templates: { id: "uuid", name: "text", body: "text", created_at: "timestamptz" },
  memberships: { tenant_id: "uuid", user_id: "uuid", display_name: "text", role: "text", created_at: "timestamptz" },
  customers: {
    tenant_id: "uuid",
    id: "uuid",
    name: "text",
    email: "text",
    phone: "text",
    street: "text",
    postcode: "text",
    city: "text",
    vat_number: "text",
    created_at: "timestamptz",
  },
  sites: {
    tenant_id: "uuid",
    id: "uuid",
    customer_id: "uuid",
    label: "text",
    street: "text",
    city: "text",
    access_notes: "text",
    created_at: "timestamptz",
  },
  technicians: {
    tenant_id: "uuid",
    id: "uuid",
    name: "text",
    trade: "text",
    hourly_rate_cents: "integer",
    created_at: "timestamptz",
  },
  invoices: {
    tenant_id: "uuid",
    id: "uuid",
    number: "integer",
    customer_id: "uuid",
    site_id: "uuid",
    technician_id: "uuid",
    status: "text",
    total_cents: "bigint",
    memo: "text",
    issued_on: "date",
    due_on: "date",
    created_at: "timestamptz",
  },
  invoice_lines: {
    id: "uuid",
    invoice_id: "uuid",
    position: "integer",
    description: "text",
    quantity: "integer",
    unit_price_cents: "integer",
    created_at: "timestamptz",
  },
  attachments: {
    tenant_id: "uuid",
    id: "uuid",
    invoice_id: "uuid",
    file_name: "text",
    content_type: "text",
    content: "text",
    created_at: "timestamptz",
  },
  comments: {
    tenant_id: "uuid",
    id: "uuid",
    invoice_id: "uuid",
    author_id: "uuid",
    body: "text",
    created_at: "timestamptz",
  },
  events: { tenant_id: "uuid", id: "uuid", kind: "text", subject: "text", payload: "jsonb", created_at: "timestamptz" },
  templates: { tenant_id: "uuid", id: "uuid", name: "text", body: "text", created_at: "timestamptz" },
  jobs: {
    tenant_id: "uuid",
    id: "uuid",
    kind: "text",
    payload: "jsonb",
    state: "text",
    result: "text",
    created_at: "timestamptz",
  },
  api_keys: { tenant_id: "uuid", id: "uuid", label: "text", prefix: "text", digest: "text", created_at: "timestamptz" },
  audit_log: {
    tenant_id: "uuid",
    id: "uuid",
    actor_id: "uuid",
    action: "text",
    subject: "text",
    created_at: "timestamptz",
  },
} as const;

export type TableName = keyof typeof tableColumns;
type Value = string | number | null;
export type Row<T extends TableName = TableName> = Record<keyof (typeof tableColumns)[T], Value>;

export const tableNames: readonly TableName[] = Object.keys(tableColumns) as TableName[];

/** Tables that all tenants share, in a schema of their own. */
const directoryTables: readonly TableName[] = ["plans", "tenants", "users", "house_templates"];

/** Where a table is in shared tables. */
export const relationOf = (table: TableName): string =>
  `${directoryTables.includes(table) ? "directory" : "harbour"}.${table}`;

/** Tables with rows of a tenant that have a tenant_id column. */
export const tenantTables: readonly TableName[] = tableNames.filter((name) => "tenant_id" in tableColumns[name]);
