/** Where tenants go: never above 80 % of a cap, never to a drained cell, never out of the region; and always the same answer to the same load. */
import { expect, test } from "vitest";
import { capShare, type CellLoad, chooseCell, type SharedPlace } from "../../src/provision/choose-cell.ts";

const cell = (
  id: string,
  more: Partial<CellLoad["cell"]> & { databases?: number; poolTenants?: number; shared?: SharedPlace[] } = {},
): CellLoad => {
  const { databases = 0, poolTenants = 0, shared = [], ...caps } = more;
  return {
    cell: { id, region: "eu", state: "active", maxDatabases: 10, maxSchemas: 10, maxPoolTenants: 100, ...caps },
    databases,
    poolTenants,
    shared,
  };
};
const pool = (location: string, tenants = 0, schemas = 0): SharedPlace => ({
  location,
  model: "pool",
  service: "main",
  tenants,
  schemas,
});
const database = { model: "database", service: "main" } as const;
const full = expect.objectContaining({ code: "WT_CELL_FULL" });

test("the least loaded cell, by share of its cap; equals by id", () => {
  expect(chooseCell([cell("b"), cell("a")], database)).toEqual({ cell: "a" });
  expect(chooseCell([cell("a", { databases: 4 }), cell("b", { databases: 5, maxDatabases: 100 })], database)).toEqual({
    cell: "b",
  });
});

test("80 % is the end: the eighth of ten is taken, the ninth goes elsewhere or nowhere", () => {
  expect(capShare).toBe(0.8);
  expect(chooseCell([cell("a", { databases: 7 })], database)).toEqual({ cell: "a" });
  expect(chooseCell([cell("a", { databases: 8 }), cell("b", { databases: 7 })], database)).toEqual({ cell: "b" });
  expect(() => chooseCell([cell("a", { databases: 8 }), cell("b", { databases: 9 })], database)).toThrow(full);
});

test("schemas are counted in a database, pool tenants on a cell", () => {
  const schema = { model: "schema", service: "main" } as const;
  expect(chooseCell([cell("a", { shared: [pool("x", 0, 8), pool("y", 0, 7)] })], schema)).toEqual({
    cell: "a",
    location: "y",
  });
  expect(() => chooseCell([cell("a", { shared: [pool("x", 0, 8)] })], schema)).toThrow(full);
  const tenant = { model: "pool", service: "main" } as const;
  expect(chooseCell([cell("a", { poolTenants: 79, shared: [pool("x", 79)] })], tenant)).toEqual({
    cell: "a",
    location: "x",
  });
  expect(() => chooseCell([cell("a", { poolTenants: 80, shared: [pool("x", 79), pool("y", 1)] })], tenant)).toThrow(
    full,
  );
});

test("drained and closed cells are passed over, and said so when nothing else is left", () => {
  expect(chooseCell([cell("a", { state: "draining" }), cell("b", { databases: 7 })], database)).toEqual({ cell: "b" });
  expect(() => chooseCell([cell("a", { state: "draining" }), cell("b", { state: "closed" })], database)).toThrow(
    /a is draining, b is closed/,
  );
});

test("never out of the region, nor to another cell than the one asked for", () => {
  const cells = [cell("eu-1", { databases: 8 }), cell("us-1", { region: "us" })];
  expect(() => chooseCell(cells, { ...database, region: "eu" })).toThrow(full);
  expect(chooseCell(cells, { ...database, region: "us" })).toEqual({ cell: "us-1" });
  expect(() => chooseCell(cells, { ...database, cell: "eu-1" })).toThrow(full);
  expect(() => chooseCell(cells, { ...database, region: "ap" })).toThrow(
    expect.objectContaining({ code: "WT_CATALOG_NOT_FOUND" }),
  );
});

test("a silo takes only whom it was named for, and a pool of another service nobody of ours", () => {
  const silo: SharedPlace = { location: "s", model: "silo", service: "main", tenants: 0, schemas: 0 };
  expect(() => chooseCell([cell("a", { shared: [silo] })], { model: "silo", service: "main" })).toThrow(full);
  expect(chooseCell([cell("a", { shared: [silo] })], { model: "silo", service: "main", location: "s" })).toEqual({
    cell: "a",
    location: "s",
  });
  expect(() => chooseCell([cell("a", { shared: [silo] })], { model: "pool", service: "main" })).toThrow(full);
  expect(() =>
    chooseCell([cell("a", { shared: [{ ...pool("x"), service: "billing" }] })], { model: "pool", service: "main" }),
  ).toThrow(full);
});
