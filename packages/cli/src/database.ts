/**
 * Which database? From --db (env:NAME, file:PATH, or a URL without password) or DATABASE_URL. A password never comes by a flag: every user
 * of the machine can read the arguments of a process.
 */
import { readFile } from "node:fs/promises";
import type { Client } from "pg";
import { CliError, exitCodes } from "./cli-error.ts";
import type { Io } from "./io.ts";

const next = "Set DATABASE_URL, or give --db env:NAME or --db file:PATH.";

/** The connection URL. */
async function databaseUrl(db: string | undefined, io: Io): Promise<string> {
  if (db === undefined) return required(io.env.DATABASE_URL, "DATABASE_URL is not set.");
  if (db.startsWith("env:")) return required(io.env[db.slice(4)], `The variable ${db.slice(4)} is not set.`);
  if (db.startsWith("file:")) {
    const text = await readFile(db.slice(5), "utf8").catch(() => undefined);
    return required(text?.trim(), `The file ${db.slice(5)} cannot be read.`);
  }
  if (!/^postgres(ql)?:\/\//.test(db))
    throw new CliError("WT_CLI_NO_DATABASE", "--db is neither env:NAME, file:PATH nor a postgres:// URL.", next);
  if (holdsPassword(db))
    throw new CliError(
      "WT_CLI_SECRET_IN_FLAG",
      "The URL given with --db holds a password, which other users of this machine can read.",
      next,
    );
  return db;
}

function required(url: string | undefined, what: string): string {
  if (url === undefined || url === "") throw new CliError("WT_CLI_NO_DATABASE", what, next);
  return url;
}

function holdsPassword(text: string): boolean {
  try {
    const url = new URL(text);
    return url.password !== "" || url.searchParams.has("password");
  } catch {
    return /:[^/]*@/.test(text.slice(text.indexOf("//") + 2));
  }
}

/** Runs `fn` on a connection of its own. */
export async function withDatabase<T>(db: string | undefined, io: Io, fn: (client: Client) => Promise<T>): Promise<T> {
  const connectionString = await databaseUrl(db, io);
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString, application_name: "watertight", connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    // the driver's message names host and user, never the password
    throw new CliError(
      "WT_CLI_UNREACHABLE",
      `The database cannot be reached: ${(error as Error).message}.`,
      "Check the URL, that the server runs, and the password.",
      exitCodes.failed,
    );
  }
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
