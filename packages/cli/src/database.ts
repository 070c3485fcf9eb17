/**
 * Which database? From --db (env:NAME, file:PATH, or a URL without password) or DATABASE_URL. A password never comes by a flag: every user
 * of the machine can read the arguments of a process.
 */
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import type { Client } from "pg";
import { CliError } from "./cli-error.ts";
import { connectError } from "./connect-error.ts";
import type { Io } from "./io.ts";

const scheme = /^postgres(ql)?:\/\//;
const next = "Set DATABASE_URL, or give --db env:NAME or --db file:PATH.";

/** The connection URL that --db names. */
export async function databaseUrl(db: string | undefined, io: Io): Promise<string> {
  if (db === undefined) return checked(io.env.DATABASE_URL, "The variable DATABASE_URL");
  if (db.startsWith("env:")) return checked(io.env[db.slice(4)], `The variable ${db.slice(4)}`);
  if (db.startsWith("file:")) {
    const text = await readFile(db.slice(5), "utf8").catch(() => undefined);
    return checked(text?.trim(), `The file ${db.slice(5)}`);
  }
  if (!scheme.test(db))
    throw new CliError("WT_CLI_NO_DATABASE", "--db is neither env:NAME, file:PATH nor a postgres:// URL.", next);
  if (holdsPassword(db))
    throw new CliError(
      "WT_CLI_SECRET_IN_FLAG",
      "The URL given with --db holds a password, which other users of this machine can read.",
      next,
    );
  return db;
}

// the driver would take any other text for a host, a socket or a database name, and connect to something nobody meant
function checked(url: string | undefined, source: string): string {
  if (url === undefined || url === "") throw new CliError("WT_CLI_NO_DATABASE", `${source} holds no URL.`, next);
  if (!scheme.test(url)) throw new CliError("WT_CLI_NO_DATABASE", `${source} holds no postgres:// URL.`, next);
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
  const client = makeClient(pg.Client, connectionString);
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    // the server would wait for a password until its own time limit, and this process with it
    stream(client).destroy();
    throw connectError(error, client);
  }
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

// the driver's errors about a URL can hold the URL
function makeClient(make: typeof Client, connectionString: string): Client {
  try {
    return new make({ connectionString, application_name: "watertight", connectionTimeoutMillis: 10_000 });
  } catch {
    throw new CliError("WT_CLI_NO_DATABASE", "The URL of the database cannot be read.", next);
  }
}

// not part of the driver's types
function stream(client: Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
