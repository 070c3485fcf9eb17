// Which roles the tests of a run use. Roles are cluster-wide: on our own throwaway server they have the kit's default names; on
// somebody else's server (DATABASE_URL) they carry the run's id and a password, and are dropped afterwards. Must never touch a
// role there whose name does not start with that prefix.
import { createHash } from "node:crypto";
import type { RoleNames } from "@watertight/schema";
import type { TestServer } from "../server/test-server.ts";

/** Roles of the kit that may log in. */
export const LOGIN_ROLES: readonly (keyof RoleNames)[] = ["migrator", "app", "readonly", "control"];

/** Start of every database and role name that a run makes on a server of somebody else. */
export function runPrefix(runId: string): string {
  return `wt${runId}_`;
}

/** The role names for a server; `suffix` gives a set of its own to a test that changes roles. */
export function roleSet(server: TestServer, runId: string, suffix = ""): RoleNames {
  const prefix = server.embedded ? "watertight_" : runPrefix(runId);
  const name = (role: string): string => `${prefix}${role}${suffix}`;
  return {
    owner: name("owner"),
    migrator: name("migrator"),
    app: name("app"),
    readonly: name("readonly"),
    control: name("control"),
    prober: name("prober"),
  };
}

/** Password of the run's login roles on a server that asks for one. Every worker must come to the same one, so it is derived. */
export function rolePassword(server: TestServer, runId: string): string {
  const secret = new URL(server.url()).password;
  return createHash("sha256").update(`watertight test roles ${runId} ${secret}`).digest("hex").slice(0, 32);
}
