/**
 * Runs the scripts of the intrusion test, each in a transaction that is rolled back. Contexts are sealed by the kit's owner, so that a place can
 * be tested before any tenant is active in it; the application's role never gets that far.
 */
import { quoteName, quoteText, type Queryable } from "@watertight/schema";
import { controlError } from "../../errors/control-error.ts";
import { type AttackedTable, foundSetting, seedScript, tablesSetting } from "./attack-sql.ts";

/** What a script found. */
export interface Found {
  readonly leaks: readonly string[];
  /** Attacks that came to no end: something else stood in the way. */
  readonly untested: readonly string[];
}

/** How a script runs. */
export interface Attack {
  readonly script: string;
  readonly tables: readonly AttackedTable[];
  /** Become this role. Left out: stay who the session is. */
  readonly role?: string;
  /** Open this tenant's context. */
  readonly tenant?: string;
  /** Tables nobody uses yet: put a row of this tenant into each first, as this role. */
  readonly seed?: { readonly tenant: string; readonly owner: string };
  /** Ask for a transaction that may write, whatever the role's default. */
  readonly readWrite?: boolean;
}

// Several words a message: a place is attacked four times, and each answer is waited for.
const words = (...statements: readonly string[]): string => statements.join(";\n");
const set = (name: string, value: string): string => `select pg_catalog.set_config(${quoteText(name)}, ${value}, true)`;
const bySeal = (tenant: string): string => set("watertight.ctx", `watertight.seal_of(${quoteText(tenant)})`);
const become = (role: string): string => `set local role ${quoteName(role)}`;

/** Attacks, and takes everything back. */
export async function attack(
  session: Queryable,
  { script, tables, role, tenant, seed, readWrite }: Attack,
): Promise<Found> {
  if (tables.length === 0) return { leaks: [], untested: [] };
  await session.query(readWrite === true ? "begin read write" : "begin");
  try {
    await session.query(
      words(set("search_path", "'pg_catalog, pg_temp'"), set(tablesSetting, quoteText(JSON.stringify(tables)))),
    );
    if (role !== undefined) await mayBecome(session, role);
    if (seed !== undefined) {
      await session.query(words(bySeal(seed.tenant), become(seed.owner)));
      await session.query(seedScript);
      await session.query(words("set local role none", set("watertight.ctx", "''")));
    }
    const who = [...(tenant === undefined ? [] : [bySeal(tenant)]), ...(role === undefined ? [] : [become(role)])];
    if (who.length > 0) await session.query(words(...who));
    await session.query(script);
    const { rows } = await session.query("select pg_catalog.current_setting($1) as found", [foundSetting]);
    const { leaks, untested: all } = JSON.parse(rows[0]!["found"] as string) as Found;
    // only a partition may refuse its own tenant: rows come in through its table, which is attacked as well
    const closed = new Set(tables.flatMap(({ name, partition }) => (partition === true ? [`${name}: own`] : [])));
    const untested = all.filter((what) => !closed.has(what));
    const shut = untested.filter((what) => what.endsWith(": own"));
    if (shut.length > 0)
      throw controlError("WT_PROVISION_LEAK", {
        detail: `a tenant cannot write its own rows, so that nothing was tested: ${shut.join(", ")}`,
      });
    return { leaks, untested };
  } finally {
    await session.query("rollback");
  }
}

/**
 * Lets the session become a role until its transaction ends. Undone with it: nobody keeps the right to act as a tenant's role. In a database that
 * was there before us the right was given.
 */
export async function mayBecome(session: Queryable, role: string): Promise<void> {
  const { rows } = await session.query(
    `select current_user as me, x.modern, pg_catalog.pg_has_role($1, case when x.modern then 'set' else 'member' end) as may
       from (select pg_catalog.current_setting('server_version_num')::int >= 160000 as modern) x`,
    [role],
  );
  const { me, may, modern } = rows[0] as { me: string; may: boolean; modern: boolean };
  if (may) return;
  await session.query(`grant ${quoteName(role)} to ${quoteName(me)}${modern ? " with inherit false, set true" : ""}`);
}
