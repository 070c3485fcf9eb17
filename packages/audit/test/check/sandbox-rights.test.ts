// What the throw-away server gave the migrations' role is nobody's grant.
import { expect, test } from "vitest";
import { withoutSandboxRights } from "../../src/check/sandbox-rights.ts";
import { connectToPublic } from "../../src/rules/H1-connect-to-public/rule.ts";
import type { Facts } from "../../src/rules/rule.ts";
import { role, snapshot } from "../understand/plain-snapshot.ts";
import { plainHistory } from "../support/plain-history.ts";

const connect = (who: string): { role: string; privilege: string; grantor: string; grantable: boolean } => ({
  role: who,
  privilege: "CONNECT",
  grantor: "postgres",
  grantable: false,
});
const replayed = (...granted: string[]): Parameters<typeof withoutSandboxRights>[0] =>
  snapshot({
    roles: [role("postgres", { createRole: true }), role("root", { superuser: true }), role("app")],
    database: { name: "postgres", owner: "postgres", acl: ["public", "postgres", ...granted].map(connect) },
  });

test("the database is not the migrations' role's own, and its list names nobody to whom nothing was granted", async () => {
  const history = await plainHistory({});
  const found = (...granted: string[]): string[] => {
    const without = withoutSandboxRights(replayed(...granted), history, "postgres");
    expect(without.database.owner).toBe("root");
    return connectToPublic.find({ snapshot: without, history } as Facts).map(({ message }) => message);
  };
  expect(found()).toEqual([]);
  expect(found("app")).toEqual(["PUBLIC may CONNECT to the database: the CONNECT of app keeps nobody out."]);
});
