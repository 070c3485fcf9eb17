// The two tenants of the sample application and the strings that betray a leak: a canary of B in any byte that A receives is a
// leak, whatever table, error text or log it came from. Pure data.

/** A tenant of the sample application. */
export interface SampleTenant {
  id: string;
  name: string;
  /** Part of every text value of this tenant's rows, and of no other tenant's. */
  canary: string;
  projectId: string;
  taskId: string;
  commentId: string;
}

/** Tenant A: the one whose request runs. */
export const tenantA: SampleTenant = {
  id: "aaaaaaaa-0000-4000-8000-00000000000a",
  name: "Acme A",
  canary: "CANARY-A-5f1d0c7e",
  projectId: "aaaaaaaa-1111-4000-8000-000000000001",
  taskId: "aaaaaaaa-2222-4000-8000-000000000001",
  commentId: "aaaaaaaa-3333-4000-8000-000000000001",
};

/** Tenant B: the one whose rows must never be seen by A. */
export const tenantB: SampleTenant = {
  id: "bbbbbbbb-0000-4000-8000-00000000000b",
  name: "Borealis B",
  canary: "CANARY-B-c93a41d2",
  projectId: "bbbbbbbb-1111-4000-8000-000000000001",
  taskId: "bbbbbbbb-2222-4000-8000-000000000001",
  commentId: "bbbbbbbb-3333-4000-8000-000000000001",
};

/** Rows of each tenant in app.projects, app.tasks, app.comments and app.events. */
export const SAMPLE_ROWS = 3;
