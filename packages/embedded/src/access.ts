/**
 * How a server is reached and by whom: loopback that trusts everybody (tests), or a private Unix socket where the superuser needs a random
 * password and no other user of the machine comes near. Must never put a password on a command line: those are listed for everybody.
 */
import { randomBytes } from "node:crypto";
import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedError } from "./errors.ts";
import { freePort } from "./free-port.ts";
import type { Identity } from "./readable-binaries.ts";

/** The way in. */
export interface Access {
  /** The socket's folder, or 127.0.0.1. */
  readonly host: string;
  /** Of the superuser; "" where everybody is trusted. */
  readonly password: string;
  /** Whether the other roles need that password, too. */
  readonly everybodyNeedsPassword: boolean;
  readonly socket: boolean;
  port(): Promise<number>;
}

// sun_path holds 104 bytes on macOS and 108 on Linux.
const LONGEST_PATH = 100;
const SOCKET_PORT = 5432;

/** Decides the way in; `folder` is the server's own, mode 0700. */
export function chooseAccess(folder: string, socketOnly: boolean): Access {
  if (!socketOnly)
    return { host: "127.0.0.1", password: "", everybodyNeedsPassword: false, socket: false, port: freePort };
  const password = randomBytes(32).toString("base64url");
  if (process.platform === "win32")
    return { host: "127.0.0.1", password, everybodyNeedsPassword: true, socket: false, port: freePort };
  const path = join(folder, `.s.PGSQL.${SOCKET_PORT}`);
  if (Buffer.byteLength(path) >= LONGEST_PATH)
    throw new EmbeddedError(
      "WT_EMBEDDED_SOCKET_PATH",
      `The folder for temporary files has too long a name for a Unix socket (${Buffer.byteLength(path)} bytes). Set TMPDIR to a shorter one.`,
    );
  return { host: folder, password, everybodyNeedsPassword: false, socket: true, port: async () => SOCKET_PORT };
}

/** What initdb is told; the password travels in a file. */
export async function initdbArguments(
  access: Access,
  folder: string,
  identity: Identity | undefined,
): Promise<string[]> {
  if (access.password === "") return ["--auth=trust"];
  const file = join(folder, "password");
  await writeFile(file, access.password, { mode: 0o600 });
  if (identity) await chown(file, identity.uid, identity.gid);
  return ["--auth=scram-sha-256", `--pwfile=${file}`];
}

/** Who may log in; with trust initdb wrote it already. */
export async function writeAccessRules(access: Access, data: string, superuser: string): Promise<void> {
  if (access.password === "") return;
  const quoted = `"${superuser.replaceAll('"', '""')}"`;
  const lines = access.socket
    ? [`local all ${quoted} scram-sha-256`, "local all all trust"]
    : ["host all all 127.0.0.1/32 scram-sha-256"];
  await writeFile(join(data, "pg_hba.conf"), `${lines.join("\n")}\n`);
}

/** Settings for the listening side. */
export function listenSettings(access: Access): Record<string, string> {
  return access.socket
    ? { listen_addresses: "", unix_socket_directories: quoteFolder(access.host), unix_socket_permissions: "0700" }
    : // No Unix socket: its path would have to be short, and everything here speaks TCP.
      { listen_addresses: "127.0.0.1", unix_socket_directories: "" };
}

// The setting is a list of names: a comma or a space in a folder's name must not divide it.
function quoteFolder(folder: string): string {
  return `"${folder.replaceAll('"', '""')}"`;
}
