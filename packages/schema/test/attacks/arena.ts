/**
 * The databases of the hostile tests: hardened and protected as shipped, the same with one defence removed, and the secrets whose bytes
 * betray a leak. Has roles of its own, because some attacks and some removed defences change roles. Must never soften the shipped arena.
 */
import { randomBytes } from "node:crypto";
import { createDatabase, sampleSchema, type TestDatabase, type TestServer } from "@watertight/testkit";
import { mintToken, parseKeys, type TokenKey } from "@watertight/runtime";
import { installKit } from "../../src/install/install-kit.ts";
import type { RoleNames } from "../../src/install/role-names.ts";
import { protectTable } from "../../src/protect/protect-table.ts";

/** What an attack may know and name. */
export interface World {
  readonly a: string;
  readonly b: string;
  /** Fixed ids of one project and one task of B. */
  readonly bProject: string;
  readonly bTask: string;
  readonly aProject: string;
  readonly roles: RoleNames;
  readonly database: string;
  readonly canaryA: string;
  readonly canaryB: string;
  /** A valid token of A, unbound; for attackers that hold one. */
  readonly aToken: string;
  /** Tokens for B that must not work. */
  readonly badTokens: readonly string[];
}

export interface Arena {
  readonly db: TestDatabase;
  readonly roles: RoleNames;
  readonly key: TokenKey;
  /** The same as WATERTIGHT_KEY. */
  readonly keyText: string;
  readonly canaryA: string;
  readonly canaryB: string;
  readonly world: World;
  readonly level: Level;
  /** Strings that must never reach A: B's canary and the key pads, in every notation that PostgreSQL prints. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Hash of everything that B owns, seen by a superuser. */
  fingerprintB(): Promise<string>;
  /** Ends our own connection: PostgreSQL copies only a database that nobody uses. */
  freeze(): Promise<void>;
  drop(): Promise<void>;
}

export type Level = "plain" | "sealed";

const tables = ["projects", "tasks", "comments", "events"];

/** Installs kit and sample application in a fresh database and protects it. */
export async function makeArena(
  server: TestServer,
  options: { level?: Level; harden?: boolean; template?: Arena } = {},
): Promise<Arena> {
  const level = options.level ?? options.template?.level ?? "sealed";
  const db = await createDatabase(server, options.template ? { template: options.template.db.name } : {});
  // Roles are cluster-wide and other files run at the same time: a role that a control made superuser must not be theirs.
  const roles = options.template?.roles ?? suffixed(db.roles, `_h${randomBytes(4).toString("hex")}`);
  const sample = options.template
    ? {
        canaryA: options.template.canaryA,
        canaryB: options.template.canaryB,
        key: options.template.key,
        keyText: options.template.keyText,
        world: options.template.world,
      }
    : await build(db, roles, level, options.harden ?? true);
  const pads = await readPads(db);
  return {
    db,
    roles,
    level,
    ...sample,
    world: { ...sample.world, ...mintAll(sample.world, sample.key), database: db.name },
    secrets: new Map([
      ["row of B", sample.canaryB],
      ["row of B as bytea", Buffer.from(sample.canaryB).toString("hex")],
      ...pads,
    ]),
    fingerprintB: async () => {
      const answer = db.admin.query<{ hash: string }>(fingerprint, [sample.world.b, sample.canaryB]);
      return answer.then(
        ({ rows }) => String(rows[0]?.hash),
        (error: Error) => error.message, // a table is gone
      );
    },
    freeze: () => db.admin.end(),
    drop: () => db.drop(),
  };
}

async function build(
  db: TestDatabase,
  roles: RoleNames,
  level: Level,
  harden: boolean,
): Promise<Pick<Arena, "canaryA" | "canaryB" | "key" | "keyText" | "world">> {
  const report = await installKit(db.admin, { roles, level, harden });
  const { a, b } = await sampleSchema(db.admin, roles);
  await db.admin.query("create sequence app.ticket; select nextval('app.ticket')");
  await db.admin.query(
    `alter sequence app.ticket owner to "${roles.owner}"; grant usage on sequence app.ticket to "${roles.app}"`,
  );
  for (const table of ["app.projects", "app.tasks", "app.events"])
    await protectTable(db.admin, { table, tenantColumn: "tenant_id" });
  await protectTable(db.admin, { table: "app.comments", parent: { table: "app.tasks", via: { task_id: "id" } } });
  for (const tenant of [a, b]) await db.admin.query("select watertight.register_tenant($1)", [tenant.id]);
  const keyText = report.key ?? `none:${"A".repeat(43)}`;
  const [key] = parseKeys(keyText);
  const world: World = {
    canaryA: a.canary,
    canaryB: b.canary,
    badTokens: [],
    a: a.id,
    b: b.id,
    bProject: b.projectId,
    bTask: b.taskId,
    aProject: a.projectId,
    roles,
    database: db.name,
    aToken: "",
  };
  return { canaryA: a.canary, canaryB: b.canary, key, keyText, world };
}

// Signed for B but expired, bound elsewhere or by an unknown key id; signed wrongly; signed for A with B's name behind the signature; mutilated.
function mintAll({ a, b }: World, key: TokenKey): Pick<World, "aToken" | "badTokens"> {
  const soon = Math.floor(Date.now() / 1000) + 300;
  const good = mintToken({ key, tenant: a, pid: 0, expiresAt: soon });
  const [other] = parseKeys(`${key.kid}:${"B".repeat(42)}A`);
  const forB = mintToken({ key: other, tenant: b, pid: 0, expiresAt: soon });
  return {
    aToken: good,
    badTokens: [
      mintToken({ key, tenant: b, pid: 0, expiresAt: soon - 301 }),
      mintToken({ key, tenant: b, pid: 0, expiresAt: 0 }),
      mintToken({ key, tenant: b, pid: 1, expiresAt: soon }),
      mintToken({ key: { ...key, kid: "zzzz" }, tenant: b, pid: 0, expiresAt: soon }),
      forB,
      good.slice(0, 98) + forB.slice(98),
      `${"\\x"}${"0".repeat(64)}${forB.slice(66)}`,
      `${"\\x"}${forB.slice(66)}`,
      forB.slice(0, 98),
      good.slice(0, 66),
      `${"\\x"}`,
      `${good.slice(0, -32)}${Buffer.from(b).toString("hex")}`,
      good + Buffer.from(b).toString("hex"),
      `${good.slice(0, 98)}ff${forB.slice(100)}`,
      "\\x00",
    ],
  };
}

function suffixed(roles: RoleNames, suffix: string): RoleNames {
  return Object.fromEntries(Object.entries(roles).map(([kind, name]) => [kind, name + suffix])) as unknown as RoleNames;
}

const fingerprint = `select md5(string_agg(x, e'\\n' order by x)) as hash from (${tables
  .map(
    (table) =>
      `select '${table}' || r::text as x from app.${table} r where r::text like '%' || $1::text || '%' or r::text like '%' || $2 || '%'`,
  )
  .join(" union all ")}) all_rows`;

// bytea as hex, as escape and as debug_print_plan writes it: signed numbers, wrapped anywhere, so compared without white space.
async function readPads(db: TestDatabase): Promise<[string, string][]> {
  const { rows } = await db.admin.query<{ name: string; pad: Buffer }>(
    `select 'seal ipad' as name, ipad as pad from watertight.seal union all select 'seal opad', opad from watertight.seal
      union all select 'token ipad ' || kid, app_ipad from watertight.key union all select 'token opad ' || kid, app_opad from watertight.key`,
  );
  return rows.flatMap(({ name, pad }): [string, string][] => {
    const head = pad.subarray(0, 32);
    return [
      [name, head.toString("hex")],
      [`${name} in a plan`, [...head].map((byte) => (byte > 127 ? byte - 256 : byte)).join("")],
    ];
  });
}
