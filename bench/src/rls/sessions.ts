/**
 * One connection for each shape, in the state in which its statements are to run. pg's own pipeline mode keeps the backend busy, so that
 * its CPU time is work and not waking up.
 */
import pg from "pg";
import { mintToken, parseKeys } from "@watertight/runtime";
import { type CaseName, statement } from "../data/cases.ts";
import type { Caller } from "../data/tables.ts";
import type { Environment } from "../environment/environment.ts";
import { handMade, kitShapes, type Shape, shapeRole } from "./shapes.ts";

/** A shape with its connection. */
export interface Session {
  readonly shape: Shape;
  /** The name of the session that it is compared with. */
  readonly base: string;
  readonly name: string;
  readonly pid: number;
  /** `count` executions in one transaction; resolves when all rows are there. */
  run(name: CaseName, from: number, count: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens all sessions: the hand-made shapes, and for each kit shape a base on the same database. */
export async function openSessions(environment: Environment, caller: Caller): Promise<Session[]> {
  const sessions: Session[] = [];
  const { plain, sealed } = environment.databases;
  for (const shape of handMade) {
    const client = await connect(plain.adminUrl);
    await client.query(`set role ${shapeRole(shape)}`);
    await client.query("set search_path = shape, public");
    await client.query("select set_config('shape.tenant', $1, false)", [caller.tenant]);
    sessions.push(session(client, shape, "none", shape.name, caller, shape.expression !== undefined));
  }
  for (const shape of kitShapes) {
    const database = shape.level === "plain" ? plain : sealed;
    const base = `none-${shape.level}`;
    const bypass = await connect(database.url(database.roles.migrator));
    sessions.push(session(bypass, handMade[0]!, base, base, caller, false));
    const client = await connect(database.appUrl);
    const open = shape.level === "plain" ? setPlain(client, caller) : openSealed(client, caller, database.key);
    sessions.push(session(client, shape, base, shape.name, caller, true, open));
  }
  return sessions;
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, pipeline: true } as pg.ClientConfig);
  client.on("error", () => {});
  await client.connect();
  // A worker's CPU would not be counted.
  await client.query("set max_parallel_workers_per_gather = 0");
  return client;
}

function setPlain(client: pg.Client, caller: Caller): () => Promise<unknown> {
  return () => client.query("select set_config('watertight.tenant', $1, true)", [caller.tenant]);
}

function openSealed(client: pg.Client, caller: Caller, key: string): () => Promise<unknown> {
  const [signing] = parseKeys(key);
  return () =>
    client.query("select watertight.open($1)", [
      mintToken({ key: signing, tenant: caller.tenant, pid: 0, expiresAt: Math.floor(Date.now() / 1000) + 60 }),
    ]);
}

function session(
  client: pg.Client,
  shape: Shape,
  base: string,
  name: string,
  caller: Caller,
  scoped: boolean,
  open?: () => Promise<unknown>,
): Session {
  return {
    shape,
    base,
    name,
    pid: (client as unknown as { processID: number }).processID,
    async run(caseName, from, count) {
      const answers: Promise<unknown>[] = [client.query("begin")];
      if (open !== undefined) answers.push(open());
      for (let n = from; n < from + count; n++) {
        const { text, values } = statement(caseName, scoped, caller, n);
        answers.push(client.query({ name: caseName, text, values }));
      }
      answers.push(client.query("commit"));
      await Promise.all(answers);
    },
    close: () => client.end(),
  };
}
