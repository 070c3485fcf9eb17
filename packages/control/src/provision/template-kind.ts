/**
 * Operation `template.build`: the template database of a service's schema version. It is made under the operation's name, filled, attacked in a
 * copy, closed and only then named: what bears a template's name is finished, has passed the whole intrusion test, and is never edited.
 */
import { installKit, protectTables, quoteName, rekeyKit, type Queryable } from "@watertight/schema";
import { getCell, type Cell } from "../catalog/cells.ts";
import { classRoles, makeClassRoles } from "../cells/class-roles.ts";
import { onPlace } from "../cells/on-place.ts";
import { withConnection } from "../db/transaction.ts";
import { controlError } from "../errors/control-error.ts";
import type { OperationKind, Step, StepContext } from "../operations/operation.ts";
import { tagOf, templateName, triedName, unfinishedName } from "./names.ts";
import type { ProvisioningOptions } from "./place.ts";
import { dropDatabase, dropUnfinished, settingClause } from "./place-database.ts";
import { settle } from "./place-roles.ts";
import { runSchema } from "./schema-version.ts";
import type { SchemaSource } from "./schema-source.ts";
import { keepTemplate } from "./smoke/template-records.ts";
import { tryTemplate } from "./smoke/try-template.ts";
import { readTag, tagStatement } from "./tags.ts";
import { only, text, wrong } from "./tenant-input.ts";

/** What it is asked for. */
export interface BuildTemplate {
  readonly cell: string;
  readonly service: string;
}

/** The kind. */
export function templateKind(options: ProvisioningOptions): OperationKind<BuildTemplate> {
  return {
    kind: "template.build",
    parse(input) {
      only(input, ["cell", "service"]);
      const cell = text(input, "cell");
      if (cell === undefined) throw wrong("cell is missing");
      return { cell, service: text(input, "service") ?? "main" };
    },
    subject: ({ cell, service }) => `template:${cell}:${service}`,
    steps: () => [buildStep(options)],
  };
}

function buildStep(options: ProvisioningOptions): Step<BuildTemplate> {
  const at = <T>(
    context: StepContext<BuildTemplate>,
    cell: Cell,
    database: string | undefined,
    fn: (session: Queryable) => Promise<T>,
  ): Promise<T> =>
    onPlace(context as never, options.secrets, { cell, ...(database === undefined ? {} : { database }) }, fn, {
      statementMs: 300_000,
    });
  const cellOf = ({ catalog, input }: StepContext<BuildTemplate>): Promise<Cell> =>
    withConnection(catalog, (db) => getCell(db, input.cell));
  const tryCopy = async (context: StepContext<BuildTemplate>, cell: Cell, source: SchemaSource) => {
    const [making, trying] = [unfinishedName(context.operation.id), triedName(context.operation.id)];
    await at(context, cell, undefined, (session) =>
      session.query(`create database ${quoteName(trying)} template ${quoteName(making)} strategy wal_log`),
    );
    const tried = await at(context, cell, trying, (session) =>
      tryTemplate(session, classRoles(options.classPrefix), source),
    );
    await at(context, cell, undefined, (session) => session.query(`drop database ${quoteName(trying)} with (force)`));
    return tried;
  };
  return {
    name: "template",
    async observe(context) {
      const { version } = await options.schemaOf(context.input.service);
      const name = templateName(context.input.service, version);
      return at(context, await cellOf(context), undefined, async (session) => {
        const tag = await readTag(session, "database", name, context.operation.id);
        if (tag === "absent") return false;
        // an earlier operation's is as good: a version is built once
        if (tag === "ours" || tag.comment?.startsWith(tagOf("op_")) === true) return { template: name, version };
        throw controlError("WT_CELL_FOREIGN_OBJECT", { detail: `database ${name}` });
      });
    },
    async act(context) {
      const { operation, input } = context;
      const source = await options.schemaOf(input.service);
      const cell = await cellOf(context);
      const name = templateName(input.service, source.version);
      const database = { cell: cell.id, kind: "database" as const };
      await context.willMake(
        { ...database, name: unfinishedName(operation.id) },
        { ...database, name: triedName(operation.id) },
        { ...database, name },
      );
      context.failpoint("template.promised");
      await at(context, cell, undefined, async (session) => {
        await makeClassRoles(session, classRoles(options.classPrefix));
        // a half-filled one of an earlier try is worth nothing
        await dropUnfinished(session, operation.id);
        await session.query(`create database ${quoteName(unfinishedName(operation.id))} template template0`);
        context.failpoint("template.created");
      });
      await at(context, cell, unfinishedName(operation.id), (session) => fill(session, options, source));
      context.failpoint("template.filled");
      const tried = await tryCopy(context, cell, source);
      context.failpoint("template.tried");
      // before it has its name: a copy of a template is never without what it is compared with
      await context.commit((tx) => keepTemplate(tx, { cell: cell.id, name, operation: operation.id }, tried));
      await at(context, cell, undefined, (session) => finish(session, operation.id, name, source));
      const { tables, untested } = tried;
      return { template: name, version: source.version, smoke: { tables, untested } };
    },
    async undo(context) {
      const { version } = await options.schemaOf(context.input.service);
      await at(context, await cellOf(context), undefined, async (session) => {
        await dropUnfinished(session, context.operation.id);
        await dropDatabase(session, context.operation.id, templateName(context.input.service, version));
      });
      await settle(context, "database");
    },
  };
}

async function fill(session: Queryable, options: ProvisioningOptions, source: SchemaSource): Promise<void> {
  const roles = classRoles(options.classPrefix);
  await installKit(session, { roles, level: "sealed" });
  // the owner makes tables wherever the schema wants them; in public too, which 15 and later close
  await session.query(`grant create, usage on schema public to ${quoteName(roles.owner)}`);
  const { rows } = await session.query("select pg_catalog.current_database() as name");
  await session.query(`grant create on database ${quoteName(rows[0]!["name"] as string)} to ${quoteName(roles.owner)}`);
  await runSchema(session, null, roles.owner, source.database, source.version);
  for (const { table, ...how } of source.tables) await protectTables(session, [table], how);
  await rekeyKit(session);
}

async function finish(session: Queryable, operation: string, name: string, source: SchemaSource): Promise<void> {
  const unfinished = quoteName(unfinishedName(operation));
  await session.query(
    [
      `revoke all on database ${unfinished} from public`,
      ...Object.entries(source.settings ?? {}).map(
        ([setting, value]) => `alter database ${unfinished} set ${settingClause(setting, value)}`,
      ),
      tagStatement("database", unfinishedName(operation), operation),
      `alter database ${unfinished} allow_connections false`,
      `alter database ${unfinished} rename to ${quoteName(name)}`,
    ].join(";\n"),
  );
}
