/**
 * The protected tables as they are now against what the kit's own SQL would make of them: the plan of protecting a table again must be
 * empty. And tables that look like tenants' data and are not protected.
 */
import { quoteQualified } from "../../db/quote.ts";
import type { InstalledKit } from "../../install/installed.ts";
import { allDescendants, readFacts, type TableFacts } from "../../protect/facts.ts";
import { planProtect } from "../../protect/plan-protect.ts";
import { knownColumns, protectedTables, type ProtectedRecord, recordedTenancy } from "../../protect/records.ts";
import { tenantColumnNames } from "../../protect/tenant-column.ts";
import { type Check, fail, ok, type StatusContext, warn } from "../check.ts";

/** Drift of protected tables; tables without protection. */
export async function tableChecks(context: StatusContext): Promise<Check[]> {
  if (context.kit.version < 8) return [];
  const records = await protectedTables(context.tx);
  const roots = records.filter((each) => each.expected.root === undefined);
  // one query for all of them: a database may have hundreds
  const trees = await allDescendants(
    context.tx,
    roots.map((each) => each.oid),
  );
  const facts = new Map(
    (await readFacts(context.tx, [...new Set([...trees.values()].flat())])).map((each) => [each.oid, each]),
  );
  const checks = roots.flatMap((root) =>
    drift(
      context.kit,
      root,
      (trees.get(root.oid) ?? []).flatMap((oid) => facts.get(oid) ?? []),
      records,
    ),
  );
  return [...checks, ...(await unprotected(context, records))];
}

function drift(
  kit: InstalledKit,
  record: ProtectedRecord,
  tables: readonly TableFacts[],
  records: readonly ProtectedRecord[],
): Check[] {
  const name = `${record.schema}.${record.name}`;
  const id = `table:${name}`;
  const { owner, app, readonly, prober } = kit.roles;
  const plan = planProtect({
    // a partition that came later may already carry policies of these names; it counts as not protected all the same
    tables: tables.map((facts) =>
      records.some((each) => each.oid === facts.oid) ? facts : { ...facts, policies: [] },
    ),
    tenancy: recordedTenancy(records, record.oid),
    mode: record.mode,
    index: false,
    roles: { owner, app, readonly, ...(kit.hasProber ? { prober } : {}) },
    known: knownColumns(records),
    recorded: new Map(records.map((each) => [each.oid, each])),
  });
  const fix = `watertight kit protect ${quoteQualified(record.schema, record.name)}`;
  const late = tables.filter((facts) => !records.some((each) => each.oid === facts.oid));
  const found: Check[] = late.map((facts) =>
    fail(`${id}:partition:${facts.name}`, `Partition ${facts.schema}.${facts.name} is not protected`, {
      vectorId: "F4",
      detail: `it came after ${name} was protected; reached directly it shows every tenant`,
      fix,
    }),
  );
  const statements = plan.relations
    .filter((relation) => !late.some((facts) => facts.oid === relation.oid))
    .flatMap((relation) => relation.statements);
  for (const [vectorId, title, pattern] of symptoms) {
    const hits = statements.filter((statement) => pattern.test(statement));
    if (hits.length > 0)
      found.push(
        (vectorId === "" ? warn : fail)(`${id}:${vectorId || "grant"}`, `${name}: ${title}`, {
          ...(vectorId === "" ? {} : { vectorId }),
          detail: hits.join("; "),
          fix,
        }),
      );
  }
  // What protect said about keys and defaults stays true until somebody corrects it.
  const open = plan.findings
    .filter(
      (each) => each.severity === "high" && each.object.startsWith(`${quoteQualified(record.schema, record.name)} `),
    )
    .map((each) =>
      warn(`${id}:${each.vectorId}:${each.object.split(" ").at(-1)}`, `${name}: ${each.title}`, {
        vectorId: each.vectorId,
        detail: each.detail,
        fix: each.fix,
      }),
    );
  if (found.length > 0) return [...found, ...open];
  if (record.mode === "observe")
    return [
      ...open,
      warn(id, `${name} is only observed`, {
        vectorId: "A1",
        detail: "foreign rows are recorded, not refused",
        fix: `watertight kit enforce ${quoteQualified(record.schema, record.name)}`,
      }),
    ];
  return [ok(id, `${name} is protected${tables.length > 1 ? `, ${tables.length - 1} partitions` : ""}`), ...open];
}

const symptoms: readonly (readonly [vectorId: string, title: string, pattern: RegExp])[] = [
  ["A1", "row security is off", /enable row level security$/],
  ["A3", "row security is not forced", /\bforce row level security$/],
  ["A13", "the floor was dropped or changed", /^(create|drop) policy watertight_floor /],
  ["A7", "the owner was changed", /^alter table .* owner to /],
  ["B15", "the tenant column may be null", /set not null$/],
  ["F1", "rights were widened", /^revoke /],
  ["B1", "the kit's open policy makes a policy of the application void", /^drop policy watertight_all /],
  ["", "rights or policies are missing", /^(grant |create policy watertight_all )/],
];

/** Tables of a tenant with a schema of its own need no tenant column: the schema's floor names the tenant. */
function inTenantsSchema(version: number): string {
  return version < 9
    ? "false"
    : `c.relrowsecurity and c.relforcerowsecurity and exists (select from watertight.fence f where f.schema_name = n.nspname) and exists (select from pg_catalog.pg_policy q
        where q.polrelid = c.oid and q.polname = 'watertight_schema_floor' and not q.polpermissive and q.polcmd = '*' and q.polroles = '{0}')`;
}

async function unprotected({ tx, kit }: StatusContext, records: readonly ProtectedRecord[]): Promise<Check[]> {
  const used = records.flatMap((record) => record.column ?? []);
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const names = [...new Set([...used, ...tenantColumnNames].map(plain))];
  const rows = await tx.rows(
    `select n.nspname::text as schema, c.relname::text as name,
            (select a.attname::text from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                and pg_catalog.regexp_replace(pg_catalog.lower(a.attname), '[^a-z0-9]', '', 'g') = any ($1) order by a.attnum limit 1) as column,
            (select p.relname::text from pg_catalog.pg_constraint f join pg_catalog.pg_class p on p.oid = f.confrelid where f.contype = 'f' and f.conrelid = c.oid and f.confrelid = any ($2::bigint[]::oid[]) order by f.conname limit 1) as parent,
            pg_catalog.has_any_column_privilege($3::name, c.oid, 'SELECT, INSERT, UPDATE') or pg_catalog.has_table_privilege($3::name, c.oid, 'DELETE') as reachable
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where not (${inTenantsSchema(kit.version)}) and c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema', 'watertight') and n.nspname !~ '^pg_(temp|toast)' and c.oid <> all ($2::bigint[]::oid[])
      order by 1, 2`,
    [names, records.map((record) => record.oid), kit.roles.app],
  );
  return rows
    .filter((row) => row.column !== null || row.parent !== null)
    .map((row) => {
      const table = quoteQualified(row.schema, row.name);
      const why =
        row.column === null ? `it references ${row.parent}, which is protected` : `it has the column ${row.column}`;
      const fix =
        row.column === null
          ? `watertight kit protect ${table} --parent ${row.parent}`
          : `watertight kit protect ${table} --column '${row.column}'`;
      const id = `unprotected:${row.schema}.${row.name}`;
      const title = `${row.schema}.${row.name} is not protected`;
      return row.reachable && row.column !== null
        ? fail(id, title, { vectorId: "A1", detail: `${why}, and ${kit.roles.app} reaches it`, fix })
        : warn(id, title, { vectorId: "A1", detail: why, fix });
    });
}
