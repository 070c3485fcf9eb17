/**
 * The policy expressions that are compared, and the tables that carry them. The kit's own two stand on tables that the kit protects;
 * the others on a copy, each as policies of a role of its own, so that all of them share the same pages.
 */
import type pg from "pg";
import { tenantTables } from "../data/tables.ts";

/** A way to write "only this tenant's rows". */
export interface Shape {
  readonly name: string;
  readonly what: string;
  /** The policy expression; undefined: no policy. */
  readonly expression?: string;
  /** A common mistake that reads the whole table. */
  readonly mistake?: true;
}

const setting = "current_setting('shape.tenant')";

/** Shapes on the copied tables; the first one is what the others are compared with. */
export const handMade: readonly Shape[] = [
  { name: "none", what: "no row security, explicit WHERE tenant_id = $1" },
  { name: "inline", what: `tenant_id = ${setting}::uuid`, expression: `tenant_id = ${setting}::uuid` },
  {
    name: "select",
    what: `tenant_id = (select ${setting}::uuid)`,
    expression: `tenant_id = (select ${setting}::uuid)`,
  },
  {
    name: "sql-function",
    what: "tenant_id = stable SQL function, inlined",
    expression: "tenant_id = shape.tenant_sql()",
  },
  {
    name: "mistake-cast",
    what: `mistake: tenant_id::text = ${setting}`,
    expression: `tenant_id::text = ${setting}`,
    mistake: true,
  },
  {
    name: "mistake-volatile",
    what: "mistake: tenant_id = volatile plpgsql function",
    expression: "tenant_id = shape.tenant_volatile()",
    mistake: true,
  },
];

/** Shapes of the kit, each on its own database. */
export const kitShapes: readonly (Shape & { level: "plain" | "sealed" })[] = [
  { name: "kit-plain", what: "the kit's policy at level plain", level: "plain" },
  { name: "kit-sealed", what: "the kit's policy at level sealed, open() apart", level: "sealed" },
];

/** Role of a shape: unique to this process, because roles belong to the whole server. */
export function shapeRole(shape: Shape): string {
  return `wt_bench_${process.pid}_${shape.name.replaceAll("-", "_")}`;
}

/** Copies the tables into schema `shape`, with a role and policies for each shape. */
export async function makeShapes(admin: pg.Client): Promise<void> {
  await admin.query(`
    create schema shape;
    create function shape.tenant_sql() returns uuid language sql stable as $$ select current_setting('shape.tenant')::uuid $$;
    create function shape.tenant_volatile() returns uuid language plpgsql volatile as $$ begin return current_setting('shape.tenant')::uuid; end $$`);
  for (const table of tenantTables) {
    await admin.query(`
      create table shape.${table} (like public.${table} including all);
      insert into shape.${table} overriding system value select * from public.${table};
      alter table shape.${table} enable row level security`);
    await admin.query(`vacuum (analyze) shape.${table}`);
  }
  for (const shape of handMade) {
    const role = shapeRole(shape);
    await admin.query(
      `create role ${role}; grant usage on schema shape to ${role}; grant select, insert on all tables in schema shape to ${role}`,
    );
    await admin.query(`grant ${role} to current_user`);
    const expression = shape.expression ?? "true";
    for (const table of tenantTables)
      await admin.query(
        `create policy shape_${shape.name.replaceAll("-", "_")} on shape.${table} to ${role} using (${expression}) with check (${expression})`,
      );
  }
  // "none" means none: the role owns nothing and has no policy to pass.
  await admin.query(`alter role ${shapeRole(handMade[0]!)} bypassrls`);
}

/** Drops the roles of the shapes. */
export async function dropShapes(admin: pg.Client): Promise<void> {
  await admin.query("drop schema if exists shape cascade");
  for (const shape of handMade) await admin.query(`drop role if exists ${shapeRole(shape)}`);
}
