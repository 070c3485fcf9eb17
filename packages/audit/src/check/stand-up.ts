/**
 * The throw-away server of a finding once more, kept open: the migrations replayed, the same two tenants seeded, the finding's script ready to be run by
 * hand. Must never leave anything when it is closed, and never be reached by another user of the machine.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { attackSchema, seedWorld } from "../matrix/attack-schema.ts";
import type { Attempt } from "../matrix/matrix.ts";
import type { Facts } from "../rules/rule.ts";
import { labOf } from "./attack-replay.ts";
import { check, type CheckRequest } from "./check.ts";
import { CheckError } from "./check-error.ts";
import type { AttackServer } from "../matrix/server.ts";

/** What is to be shown. */
export interface StandUpRequest extends CheckRequest {
  /** The report's seed: the ids of the script come from it. */
  readonly seed: string;
  /** Of the finding. */
  readonly attempt: Attempt;
}

/** The server, until close(). */
export interface StoodUp {
  /** The file with the script; gone with the server. */
  readonly script: string;
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
    /** Where the system has no private sockets. */
    readonly password: string | null;
  };
  close(): Promise<void>;
}

/**
 * Replays and seeds again.
 * @throws CheckError WT_CHECK_UNKNOWN when the project is no longer the one that was attacked
 * @example const { script, connection, close } = await standUp({ ...request, seed: report.seed, attempt: finding.attempt });
 */
export async function standUp(request: StandUpRequest): Promise<StoodUp> {
  const { facts, replay, close } = await check({ ...request, attack: false });
  try {
    const server = await labOf(replay);
    const text = await scriptFor(server, facts, request);
    const login = /^\\connect - "((?:[^"]|"")*)"$/m.exec(text)?.[1]?.replaceAll('""', '"') ?? request.attempt.role;
    const { host = "", port = 0, database = "", user = login, password } = server.config(login);
    const folder = isAbsolute(host) ? host : await mkdtemp(join(tmpdir(), "watertight-repro-"));
    const script = join(folder, "repro.sql");
    await writeFile(script, text, { mode: 0o600 });
    return {
      script,
      connection: { host, port, user, database, password: typeof password === "string" ? password : null },
      async close() {
        await close();
        if (folder !== host) await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The script of the report; where contexts are signed, a new one, because the new server has a key of its own. */
async function scriptFor(
  server: AttackServer,
  facts: Facts,
  { seed, attempt, signal }: StandUpRequest,
): Promise<string> {
  const options = { seed, ...(signal === undefined ? {} : { signal }) };
  if (facts.understanding.context.some(({ kind }) => kind === "kit")) {
    const { cells } = await attackSchema(server, facts, { ...options, only: [attempt.table] });
    const again = cells.flatMap(({ attempts }) => attempts).find((each) => same(each, attempt));
    if (again !== undefined) return again.repro;
  } else {
    const { tenants } = await seedWorld(server, facts, options);
    const ids = [tenants.a.id, tenants.b.id];
    if (ids.every((id) => attempt.repro.includes(id))) return attempt.repro;
  }
  throw new CheckError(
    "WT_CHECK_UNKNOWN",
    "The migrations that were found are not those of the last check: its script does not fit them.",
    "Run watertight check again, or give repro the options that check had (--sql, --folder, --config, --server).",
  );
}

const same = (one: Attempt, other: Attempt): boolean =>
  (["vector", "column", "name", "object", "role", "connection"] as const).every((key) => one[key] === other[key]);
