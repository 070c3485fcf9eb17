/**
 * Step: a schema of one tenant inside a shared database, in one transaction. The application's role is the host's, so nobody's own role can be
 * told apart: what keeps tenants out of each other's schemas is a policy on every table that names the schema's one tenant. It holds whether the
 * table has a tenant column or not, and against writing as well: with the context of another tenant nothing is seen and nothing is put in.
 */
import { quoteName, quoteQualified, quoteText, type Queryable } from "@watertight/schema";
import { onPlace } from "../cells/on-place.ts";
import { controlError } from "../errors/control-error.ts";
import { ledgerTable } from "../migrations/target.ts";
import type { Step, StepContext } from "../operations/operation.ts";
import { findPlaceOf, type Place, type PlaceFinder, placeOf, type ProvisioningOptions } from "./place.ts";
import { settle } from "./place-roles.ts";
import { kitOwner, noteVersion } from "./schema-version.ts";
import type { SchemaSource } from "./schema-source.ts";
import { isOurs, readTag, tagStatement } from "./tags.ts";

/** Makes the tenant's schema. */
export function schemaStep<I>(
  options: ProvisioningOptions,
  finder: PlaceFinder<I>,
  tenantOf: (input: I) => string,
): Step<I> {
  const at = <T>(context: StepContext<I>, place: Place, fn: (session: Queryable) => Promise<T>): Promise<T> =>
    onPlace(context as never, options.secrets, { cell: place.onCell, database: place.database }, fn, {
      statementMs: 120_000,
    });
  return {
    name: "schema",
    async observe(context) {
      const place = await placeOf(context, finder);
      return at(context, place, (session) => isOurs(session, "schema", place.schema as string, context.operation.id));
    },
    async act(context) {
      const place = await placeOf(context, finder);
      const source = await options.schemaOf(place.service);
      if (source.schema === undefined)
        throw controlError("WT_CATALOG_INPUT", {
          detail: `service ${place.service} has no statements for schemas of tenants`,
        });
      const schema = place.schema as string;
      await context.willMake({ cell: place.cell, kind: "schema", name: schema, database: place.database });
      context.failpoint("schema.promised");
      await at(context, place, async (session) => {
        await session.query("begin");
        try {
          await makeSchema(session, place, schema, source, tenantOf(context.input));
          await session.query(tagStatement("schema", schema, context.operation.id));
          context.failpoint("schema.inside");
          await session.query("commit");
        } catch (error) {
          await session.query("rollback");
          throw error;
        }
      });
    },
    async undo(context) {
      const place = await findPlaceOf(context, finder);
      if (place === undefined || place.schema === null) return;
      await at(context, place, (session) => dropSchema(session, context.operation.id, place.schema as string));
      await settle(context, "schema");
    },
  };
}

async function makeSchema(
  session: Queryable,
  place: Place,
  schema: string,
  source: SchemaSource,
  tenant: string,
): Promise<void> {
  const owner = await kitOwner(session);
  const users = `${quoteName(place.rwRole)}, ${quoteName(place.roRole)}`;
  await session.query(`create schema ${quoteName(schema)} authorization ${quoteName(owner)}`);
  await session.query(`set local role ${quoteName(owner)}`);
  // nothing else on the path: a name that the schema lacks is an error, not another place's table
  await session.query(`set local search_path = ${quoteName(schema)}, pg_temp`);
  for (const statement of source.schema ?? []) await session.query(statement);
  await session.query("set local search_path = pg_catalog, pg_temp");
  const { rows } = await session.query(
    `select c.relname as name, c.relkind as kind from pg_catalog.pg_class c where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
        and c.relname <> $2 order by c.oid`,
    // whoever may write the ledger says what ran
    [quoteName(schema), ledgerTable],
  );
  const statements = [`grant usage on schema ${quoteName(schema)} to ${users}`];
  for (const row of rows) {
    const name = quoteQualified(schema, row["name"] as string);
    if (row["kind"] === "r" || row["kind"] === "p") statements.push(...fencePolicies(name, tenant));
    statements.push(
      ...(row["kind"] === "S"
        ? [`grant usage, select on sequence ${name} to ${quoteName(place.rwRole)}`]
        : [
            `grant select, insert, update, delete on ${name} to ${quoteName(place.rwRole)}`,
            `grant select on ${name} to ${quoteName(place.roRole)}`,
          ]),
    );
  }
  await session.query(statements.join(";\n"));
  await noteVersion(session, schema, source.version);
  await session.query("set local role none");
}

/** The policies of a table in the schema of one tenant. */
function fencePolicies(table: string, tenant: string): string[] {
  const mine = `((select watertight.tenant_id()) = ${quoteText(tenant)})`;
  return [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy watertight_schema_floor on ${table} as restrictive for all to public using ${mine} with check ${mine}`,
    `create policy watertight_schema_rows on ${table} as permissive for all to public using ${mine} with check ${mine}`,
  ];
}

/** Drops the schema that carries the tag. */
export async function dropSchema(session: Queryable, operation: string, schema: string): Promise<void> {
  if ((await readTag(session, "schema", schema, operation)) !== "ours") return;
  await session.query(
    `drop schema ${quoteName(schema)} cascade; delete from watertight.setting where name = ${quoteText(`schema_version:${schema}`)}`,
  );
}
