/**
 * A small stand-in for an extension that is not here: its commonest types and functions, so that what is built on them can be built. It is in
 * the catalog as the extension would be, its objects belong to it, and DROP EXTENSION removes it. Must run nothing of the schema.
 */
import { quoteName, quoteText } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { withoutObjects } from "../decide/extensions.ts";
import { asSuperuser } from "../promote.ts";
import type { Runner } from "../runner.ts";
import { OWNER } from "../sandbox.ts";
import { type Refusal, refusalOf, SAVEPOINT } from "../session.ts";
import { sqlFile } from "./sql-file.ts";

/** Options of CREATE EXTENSION that count here. */
export function extensionOptions(node: SyntaxNode): {
  readonly name: string;
  readonly schema: string | undefined;
  readonly cascade: boolean;
  readonly version: boolean;
} {
  const options = ((node["options"] ?? []) as SyntaxNode[]).map((entry) => entry["DefElem"] as SyntaxNode);
  const find = (name: string): SyntaxNode | undefined => options.find(({ defname }) => defname === name);
  const schema: unknown = find("schema")?.["arg"]?.String?.sval;
  return {
    name: String(node["extname"]),
    schema: typeof schema === "string" ? schema : undefined,
    cascade: find("cascade") !== undefined,
    version: find("new_version") !== undefined,
  };
}

// Members by catalog: those that are younger than anything before belong to the stand-in.
const members: readonly (readonly [catalog: string, where: string])[] = [
  ["pg_proc", "true"],
  ["pg_class", "o.relkind in ('r', 'v', 'S')"],
  [
    "pg_type",
    "o.typcategory <> 'A' and (o.typrelid = 0 or (select relkind from pg_class where oid = o.typrelid) = 'c')",
  ],
  ["pg_operator", "true"],
  ["pg_cast", "true"],
  ["pg_foreign_data_wrapper", "true"],
];

function register(name: string, schema: string, newest: number): string {
  const [extension, place] = [quoteText(name), quoteText(quoteName(schema))];
  const depend = members.map(
    ([catalog, where]) =>
      `insert into pg_depend select '${catalog}'::regclass, o.oid, 0, 'pg_extension'::regclass, e.oid, 0, 'e' from ${catalog} o, pg_extension e
         where e.extname = ${extension} and age(o.xmin) < age('${newest}'::xid) and (${where})`,
  );
  return `insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
      select pg_nextoid('pg_extension', 'oid', 'pg_extension_oid_index'), ${extension}, '${OWNER}'::regrole, ${place}::regnamespace, false, '0';
    ${depend.join(";\n")}`;
}

/**
 * Makes the stand-in.
 * @returns what refused it, undefined when it is there, null when there is none
 */
export async function makeStandIn(runner: Runner, node: SyntaxNode): Promise<Refusal | undefined | null> {
  const { name, schema: wanted } = extensionOptions(node);
  if (!/^[\w-]+$/.test(name)) return null;
  const file = await sqlFile(`extensions/${name}.sql`);
  if (file === undefined && !withoutObjects.has(name)) return null;
  const { session } = runner;
  const [row] = await session.own(
    "select pg_catalog.current_schema()::pg_catalog.text as schema, pg_catalog.current_setting('search_path') as path",
  );
  const schema = wanted ?? (typeof row?.["schema"] === "string" ? row["schema"] : "public");
  const text = (file ?? "").replaceAll("@schema@", quoteName(schema));
  const inside = session.status() === "T";
  const path = quoteText(typeof row?.["path"] === "string" ? row["path"] : "");
  const [open, close] = inside
    ? ["", `select pg_catalog.set_config('search_path', ${path}, true); set local check_function_bodies = on`]
    : ["begin;", "commit"];
  if (inside) await session.own(`savepoint ${SAVEPOINT}`);
  const result = await asSuperuser(runner.sandbox, session, async () => {
    try {
      await session.own(
        `${open} set local search_path = pg_catalog, pg_temp; set local check_function_bodies = off;
         ${text}
         ${register(name, schema, runner.observer.newest())};
         ${close}`,
      );
      return undefined;
    } catch (error) {
      if (!inside && session.status() === "E") await session.own("rollback");
      return refusalOf(error);
    }
  });
  if (inside && session.status() === "T") await session.own(`release savepoint ${SAVEPOINT}`);
  return result;
}
