/**
 * `why` without a database: the migrations are replayed, two tenants are seeded, and rows of both are explained as one of them sees them.
 */
import type { Queryable } from "@watertight/schema";
import pg from "pg";
import { labOf } from "../check/attack-replay.ts";
import { check, type CheckRequest } from "../check/check.ts";
import { CheckError } from "../check/check-error.ts";
import type { World } from "../matrix/attacks/world.ts";
import { seedWorld } from "../matrix/attack-schema.ts";
import { tenantColumn } from "../rules/judge/tenant-rows.ts";
import { dotted } from "../understand/schema/graph.ts";
import { answerCommands } from "./explain-row.ts";
import type { RowValue } from "./evaluate.ts";
import type { Explanation } from "./explanation.ts";
import { findRow, keyOf, type RowKey } from "./find-row.ts";
import { inReadOnly } from "./inside.ts";
import { unboundReason } from "./unbound-reason.ts";
import { contextLines, namingColumns, roleOf, rowSecurityOf, tableOf } from "./who-asks.ts";

/** What is asked. */
export interface WhyReplayRequest extends CheckRequest {
  readonly table: string;
  /** Default: one row of each tenant. */
  readonly row?: string;
  /** A, B or the id of one of them; default A. */
  readonly tenant?: string;
  readonly role?: string;
}

/** The same seed for every run: the ids of one run name the rows of the next. */
const seed = "watertight why";

/**
 * Explains rows of a replayed schema.
 * @throws CheckError WT_CHECK_UNKNOWN for a table, row, role or tenant that is not there, or a table that could not be seeded
 */
export async function whyReplay(request: WhyReplayRequest): Promise<Explanation[]> {
  const { facts, replay, close } = await check({ ...request, attack: false });
  try {
    const server = await labOf(replay);
    const world = await seedWorld(server, facts, {
      seed,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    const relation = tableOf(world.graph, request.table);
    const tenant = tenantOf(world, request.tenant ?? "A");
    const byRole = facts.understanding.context.some(({ kind }) => kind === "role") && request.role === undefined;
    const application = roleOf(facts, request.role);
    const role = byRole ? tenant.id : application.name;
    const login = byRole ? tenant.id : application.login;
    const statementMs = request.resolved.options.limits.statementSeconds * 1000;
    const rows = await connected(server.config(null), (db) =>
      inReadOnly(db, statementMs, () => rowsOf(db, world, request, relation)),
    );
    const context = world.context.statements("strongest", tenant);
    const explain = (db: Queryable, row: RowValue): Promise<Explanation> =>
      inReadOnly(db, statementMs, async () => {
        if (role !== login) await db.query(`set local role ${pg.escapeIdentifier(role)}`);
        for (const statement of context) await db.query(statement);
        return {
          table: { schema: relation.schema, name: relation.name },
          row: namingColumns(facts, world.graph, relation, row.columns),
          tenant: tenant.id,
          user: world.context.knowsUsers ? tenant.users[0] : null,
          role,
          context: contextLines(context),
          rowSecurity: rowSecurityOf(relation),
          unbound: unboundReason(facts, role, relation),
          commands: await answerCommands({ db, facts, row, role }),
        };
      });
    return await connected(server.config(login), async (db) => {
      const answers: Explanation[] = [];
      for (const row of rows) answers.push(await explain(db, row));
      return answers;
    });
  } finally {
    await close();
  }
}

function tenantOf({ tenants: { a, b } }: World, named: string): World["tenants"]["a"] {
  const found = [a, b].find(({ id, label }) => named === id || named.toUpperCase() === label);
  if (found !== undefined) return found;
  throw new CheckError(
    "WT_CHECK_UNKNOWN",
    `Without a database there are two tenants, A (${a.id}) and B (${b.id}), and no ${named}.`,
    "Say --as A or --as B, or name a live database: --db env:DATABASE_URL",
  );
}

async function rowsOf(
  db: Queryable,
  world: World,
  request: WhyReplayRequest,
  relation: ReturnType<typeof tableOf>,
): Promise<RowValue[]> {
  const { graph, book, facts, seeded } = world;
  const column = tenantColumn(facts, relation);
  const keys: RowKey[] =
    request.row === undefined ? seededKeys(world, relation) : [keyOf(graph, relation, request.row, column)];
  if (keys.length === 0)
    throw new CheckError(
      "WT_CHECK_UNKNOWN",
      `${relation.name} has no rows to explain: ${seeded.problems.get(dotted(relation)) ?? "it belongs to no tenant"}.`,
      "Name a live database: --db env:DATABASE_URL",
    );
  const found: RowValue[] = [];
  for (const key of keys) {
    const row = await findRow(db, relation, key);
    if (row !== null) found.push(row);
  }
  if (found.length > 0) return found;
  const ids = (book.page(relation)?.rows ?? []).map(({ values }) =>
    graph
      .primaryKey(relation)
      .map((name) => values.get(name))
      .join(","),
  );
  throw new CheckError(
    "WT_CHECK_UNKNOWN",
    `The seeds have no such row of ${relation.name}.`,
    ids.length === 0 ? "Leave --row out." : `Leave --row out, or take one of: ${ids.slice(0, 6).join("  ")}`,
  );
}

/** A row of A and one of B, by the primary key; without one by all that compares. */
function seededKeys({ graph, book }: World, relation: ReturnType<typeof tableOf>): RowKey[] {
  const key = graph.primaryKey(relation);
  const columns =
    key.length > 0
      ? key
      : relation.columns.filter(({ type }) => !/^(json|xml|point|box)/.test(type)).map(({ name }) => name);
  return (["A", "B"] as const).flatMap((owner) => {
    const [row] = book.of(relation, owner);
    if (row === undefined) return [];
    return [
      new Map(
        columns.flatMap((name): [string, string][] => {
          const value = row.values.get(name);
          return value === null || value === undefined ? [] : [[name, value]];
        }),
      ),
    ];
  });
}

async function connected<T>(config: pg.ClientConfig, work: (db: Queryable) => Promise<T>): Promise<T> {
  const client = new pg.Client(config);
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
