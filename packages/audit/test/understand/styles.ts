// The styles in which people write schemas, each with all that has to be understood of it. The SQL lies in styles/.
import type { Expected } from "./describe-understanding.ts";

/** One style. `files` run in order; `declared` is the config. */
export interface Style extends Expected {
  readonly name: string;
  readonly files: readonly string[];
}

const supabaseRoles = [
  "anon anonymous by authenticator",
  "authenticated tenant by authenticator",
  "service_role service by authenticator",
];

/** All styles. */
export const styles: readonly Style[] = [
  {
    name: "Supabase, each user a tenant",
    files: ["supabase", "supabase-per-user"],
    tables: {
      "auth.users": "tenants id",
      profiles: "column id",
      lists: "column user_id",
      todos: "derived list_id -> lists",
      plans: "global",
    },
    roles: supabaseRoles,
    context: ["request.jwt.claims sub = user"],
    perUser: true,
  },
  {
    name: "Supabase, organisations with members and definer helpers",
    files: ["supabase", "supabase-org"],
    tables: {
      "auth.users": "global",
      organizations: "tenants id",
      members: "column org_id",
      profiles: "column id (user)",
      projects: "column org_id",
      tasks: "derived project_id -> projects",
      countries: "global",
    },
    roles: supabaseRoles,
    context: ["request.jwt.claims sub = user"],
    memberships: ["members user_id, org_id, role = owner"],
  },
  {
    name: "a setting holds the tenant, composite keys, owner apart",
    files: ["setting-tenant"],
    tables: {
      tenants: "tenants id",
      projects: "column tenant_id",
      invoices: "column tenant_id",
      invoice_lines: "column tenant",
      currencies: "global",
    },
    roles: ["shop_app tenant"],
    context: ["app.tenant_id = tenant"],
  },
  {
    name: "Prisma without row security: camel case, no roles",
    files: ["prisma"],
    tables: {
      _prisma_migrations: "global",
      Organization: "tenants id",
      User: "global",
      Membership: "column organizationId",
      Account: "column userId (user)",
      Project: "column organizationId",
      Task: "derived projectId -> Project",
    },
    roles: ["postgres tenant"],
    context: [],
    memberships: ["Membership userId, organizationId, role = OWNER"],
  },
];
