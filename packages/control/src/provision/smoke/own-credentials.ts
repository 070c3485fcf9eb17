/**
 * The part of the intrusion test that connects as the tenant itself would: with the logins that were made for it. Everything it does is rolled
 * back. Must never log a password or a token.
 */
import { openContext, type Queryable } from "@watertight/schema";
import pg from "pg";
import { cellUrl } from "../../cells/cell-url.ts";
import { controlError } from "../../errors/control-error.ts";
import { isPassing } from "../../operations/failure.ts";
import { attack, type Found } from "./attack.ts";
import { type AttackedTable, readOnlyScript, withoutContextScript } from "./attack-sql.ts";

/** Who connects where. */
export interface OwnCredentials {
  readonly operation: string;
  readonly adminUrl: string;
  readonly database: string;
  readonly rw: { readonly role: string; readonly password: string };
  readonly ro: { readonly role: string; readonly password: string };
  readonly tables: readonly AttackedTable[];
  /** A tenant that is not active here yet, and the place's key. */
  readonly waiting?: { readonly tenant: string; readonly key: string };
  /** Databases of others on this cell. */
  readonly others: readonly string[];
}

const refusals = new Set(["42501", "28000", "28P01"]);

/** Attacks with the place's own logins. */
export async function attackAsItself(input: OwnCredentials): Promise<Found> {
  const { adminUrl, database, rw, ro, tables, operation } = input;
  const leaks: string[] = [];
  const untested: string[] = [];
  const add = (found: Found): void => {
    leaks.push(...found.leaks);
    untested.push(...found.untested);
  };
  await connected(cellUrl(adminUrl, database, rw), operation, async (session) => {
    add(await attack(session, { script: withoutContextScript, tables }));
    if (input.waiting !== undefined && !(await refusesToOpen(session, input.waiting)))
      leaks.push("a tenant that is not active yet was opened");
  });
  await connected(cellUrl(adminUrl, database, ro), operation, async (session) =>
    add(await attack(session, { script: readOnlyScript, tables, readWrite: true })),
  );
  for (const other of input.others)
    if (!(await refusesToConnect(cellUrl(adminUrl, other, rw), operation)))
      leaks.push(`${rw.role} connects to ${other}`);
  return { leaks, untested };
}

async function connected(url: string, operation: string, fn: (session: Queryable) => Promise<void>): Promise<void> {
  const client = clientFor(url, operation);
  try {
    await client.connect().catch((error: unknown) => {
      // a server that is away says nothing about the place
      if (isPassing(error)) throw error;
      throw controlError("WT_PROVISION_LEAK", {
        detail: `the place's own login does not get in, so that nothing was tested: ${(error as Error).message}`,
        cause: error,
      });
    });
    await fn(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function clientFor(connectionString: string, operation: string): pg.Client {
  const client = new pg.Client({
    connectionString,
    application_name: `watertight smoke ${operation}`,
    connectionTimeoutMillis: 10_000,
    options: "-c statement_timeout=30000 -c lock_timeout=5000",
  });
  client.on("error", () => {});
  return client;
}

async function refusesToOpen(session: Queryable, { tenant, key }: { tenant: string; key: string }): Promise<boolean> {
  await session.query("begin");
  try {
    await openContext(session, tenant, "sealed", key);
    return false;
  } catch (error) {
    if ((error as { code?: string }).code === "WT002") return true;
    throw error;
  } finally {
    await session.query("rollback");
  }
}

async function refusesToConnect(url: string, operation: string): Promise<boolean> {
  const client = clientFor(url, operation);
  try {
    await client.connect();
    return false;
  } catch (error) {
    const { code } = error as { code?: string };
    // 3D000: gone meanwhile; 55000: accepts no connections
    if (refusals.has(code ?? "") || code === "3D000" || code === "55000") return true;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}
