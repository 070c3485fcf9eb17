/** Which schema a tenant has is the fence's to say: the application can neither change it nor be answered another tenant's. */
import { describeServers } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeOf, type FenceGround, fenceGround, other, tenant } from "./fence-ground.ts";

const path = "select watertight.tenant_path($1, $2) as path";

describeServers((server) => {
  let ground: FenceGround;
  beforeAll(async () => {
    ground = await fenceGround(server);
    await ground.db.admin.query(`create schema "Acme ""1"", pg_temp"`);
    await ground.db.admin.query(`grant usage on schema "Acme ""1"", pg_temp" to "${ground.db.roles.app}"`);
    const control = await ground.connect("control");
    await control.query("select watertight.set_tenant_schema($1, $2)", [tenant, 'Acme "1", pg_temp']);
    await control.query("select watertight.set_tenant_schema($1, 'other')", [other]);
  });
  afterAll(() => ground.close());

  test("answers the own schema, quoted, shared ones behind it, pg_temp last", async () => {
    const app = await ground.connect("app");
    await app.query("begin");
    await app.query("select watertight.open($1)", [ground.token()]);
    const ask = async (shared: string[]): Promise<unknown> =>
      (await app.query<{ path: string }>(path, ['Acme "1", pg_temp', shared])).rows[0]!.path;
    expect(await ask([])).toBe('"Acme ""1"", pg_temp", pg_temp');
    expect(await ask(["public", "Ext"])).toBe('"Acme ""1"", pg_temp", public, "Ext", pg_temp');
    // Another tenant's schema is not shared, whoever says so.
    expect(await ask(["other", "public"])).toBe('"Acme ""1"", pg_temp", public, pg_temp');
    // As a setting it means that one schema.
    await app.query("select set_config('search_path', watertight.tenant_path($1, '{}'), true)", ['Acme "1", pg_temp']);
    const { rows } = await app.query(
      "select current_schemas(false)::text[] as found, current_setting('search_path') as path",
    );
    expect(rows).toEqual([{ found: ['Acme "1", pg_temp'], path: '"Acme ""1"", pg_temp", pg_temp' }]);
    await app.query("commit");
  });

  test.each([
    ["another tenant's", "other"],
    ["none", null],
    ["one that does not exist", "nowhere"],
  ])("refuses %s", async (_name, schema) => {
    const app = await ground.connect("app");
    await app.query("begin");
    await app.query("select watertight.open($1)", [ground.token()]);
    expect(await codeOf(app.query(path, [schema, []]))).toBe("WT002");
  });

  test("answers nobody without a context", async () => {
    const app = await ground.connect("app");
    expect(await codeOf(app.query(path, ["other", []]))).toBe("WT004");
  });

  test("is changed by control only, for registered tenants only, one schema for one tenant", async () => {
    const [app, control] = await Promise.all([ground.connect("app"), ground.connect("control")]);
    const set = "select watertight.set_tenant_schema($1, $2)";
    expect(await codeOf(app.query(set, [tenant, "other"]))).toBe("42501");
    expect(await codeOf(control.query(set, [tenant, "other"]))).toBe("23505");
    expect(await codeOf(control.query(set, ["cccccccc-0000-4000-8000-00000000000c", "x"]))).toBe("WT002");
  });

  test("waits for the tenant's running transactions", async () => {
    const [app, control] = await Promise.all([ground.connect("app"), ground.connect("control")]);
    await app.query("begin");
    await app.query("select watertight.open($1)", [ground.token(other)]);
    await control.query("set lock_timeout = '100ms'");
    expect(await codeOf(control.query("select watertight.set_tenant_schema($1, 'moved')", [other]))).toBe("55P03");
    await app.query("commit");
    expect(await codeOf(control.query("select watertight.set_tenant_schema($1, 'other')", [other]))).toBe(undefined);
  });
});
