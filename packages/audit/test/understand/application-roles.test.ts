// Roles that look like the application's and are not.
import type { Snapshot } from "@watertight/schema";
import { expect, test } from "vitest";
import { applicationRoles } from "../../src/understand/roles/application-roles.ts";
import { schemaGraph } from "../../src/understand/schema/graph.ts";
import { column, role, routine, snapshot, table } from "./plain-snapshot.ts";

const grant = (name: string) => ({ role: name, privilege: "SELECT" as const, grantor: "owner", grantable: false });
const notes = table("notes", [column("tenant_id")], { acl: [grant("app"), grant("lookup")] });
const roles = [role("app"), role("lookup", { login: false, bypassRls: true })];
const names = (more: Partial<Snapshot>): string[] =>
  applicationRoles(schemaGraph({ ...snapshot({ relations: [notes] }), roles, ...more })).map(
    ({ name, kind }) => `${name} ${kind}`,
  );

test("a role that nobody can be, and that only lends a definer function its rights, is not the application's", () => {
  const lent = { ...routine("find", "sql", "select 1"), owner: "lookup", securityDefiner: true };
  expect(names({ routines: [lent] })).toEqual(["app tenant"]);
  expect(names({ routines: [{ ...lent, securityDefiner: false }] })).toContain("app tenant");
  expect(names({ routines: [{ ...lent, securityDefiner: false }] }).length).toBe(2);
});

test("where somebody may set it, it is", () => {
  const lent = { ...routine("find", "sql", "select 1"), owner: "lookup", securityDefiner: true };
  const memberships = [{ role: "lookup", member: "app", admin: false, inherit: false, set: true }];
  expect(names({ routines: [lent], memberships }).length).toBe(2);
});
