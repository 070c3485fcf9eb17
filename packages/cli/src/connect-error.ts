/**
 * Why the database could not be reached, and the next step that fits. Names host:port/database, never the password, and never a part of
 * the URL that was not understood: a malformed URL may have its password anywhere.
 */
import type { Client } from "pg";
import { CliError, exitCodes } from "./cli-error.ts";

interface Reason {
  readonly what: string;
  readonly next: string;
}

const passwordNext =
  "Put the password into the URL of DATABASE_URL, or of the variable or file that --db names, or set PGPASSWORD.";

/** The error to show when `connect()` failed. */
export function connectError(error: unknown, client: Client): CliError {
  // a name of two addresses (localhost) fails with one error each
  const [first = error] = error instanceof AggregateError ? error.errors : [error];
  const { code, message } = first as { code?: string; message: string };
  const { what, next } = reason(code, message, client);
  return new CliError(
    "WT_CLI_UNREACHABLE",
    `The database ${client.host}:${client.port}/${client.database ?? ""} cannot be reached: ${what}.`,
    next,
    exitCodes.failed,
  );
}

function reason(code: string | undefined, message: string, { host, user, database }: Client): Reason {
  // without a password the driver gives up itself and has no code; an empty one is sent and refused
  if (code === undefined && /password must be a/.test(message))
    return { what: `the server wants a password for ${user}, and none was given`, next: passwordNext };
  switch (code) {
    case "28P01":
      return { what: `the password of ${user} was not accepted, or none was given`, next: passwordNext };
    case "28000":
      return { what: message, next: "Check the role's name, that it may LOG IN, and the server's pg_hba.conf." };
    case "3D000":
      return { what: `there is no database ${database}`, next: "Correct the database's name at the end of the URL." };
    case "ECONNREFUSED":
      return { what: "nothing answers there", next: "Start the server, or correct host and port of the URL." };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { what: `the host name ${host} is unknown`, next: "Correct the host of the URL." };
    default:
      return { what: message, next: "Check the URL, and that the server runs and accepts this connection." };
  }
}
