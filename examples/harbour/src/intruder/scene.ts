// What an attempt works with: the intruder's client, an honest user of the victim, the ids the intruder got hold of, forged tokens. Every
// reply the intruder gets is kept word for word; the verdict is passed on it later, never by the attempt itself.
import type { TokenAuthority } from "../app/identity.ts";
import type { Names } from "../database/names.ts";
import type { Forgery } from "./forgery.ts";

export interface Reply {
  status: number;
  text: string;
  requestId: string;
}

interface Sending {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string;
}

export interface Client {
  send(method: string, path: string, sending?: Sending): Promise<Reply>;
  get(path: string, sending?: Sending): Promise<Reply>;
  post(path: string, body: unknown): Promise<Reply>;
  /** Runs a whole statement through the custom report. */
  sql(statement: string): Promise<Reply>;
}

/** Ids of the victim that an intruder could have seen over a shoulder. */
export interface Targets {
  tenant: string;
  invoices: readonly string[];
  attachment: string;
  customer: string;
  /** An address of a customer of the victim that is public knowledge. */
  knownEmail: string;
}

export interface Scene {
  attacker: Client;
  victim: Client;
  ownTenant: string;
  targets: Targets;
  /** How statements name the intruder's tables and the victim's: the intruder knows names. */
  own: Names;
  theirs: Names;
  /** Ways past the application; there are none where all tenants share one place. */
  breakIn?: BreakIn;
  forgery: Forgery;
  authority: TokenAuthority;
  /** Foreign records seen so far in this attempt. */
  seen(): number;
  /** Two answers that must be alike, or they tell what exists elsewhere. */
  compare(foreign: Reply, unknown: Reply): void;
  /** What came back, or was refused, beside the API. */
  heard(answer: Heard): void;
}

type Heard = { rows: readonly unknown[] } | { refused: unknown } | { login: unknown };

/** What somebody can do who has got hold of more than an account. */
export interface BreakIn {
  /** The victim's rows are in another database than the intruder's. */
  readonly apart: boolean;
  /** The catalog knows both under one location. */
  readonly together: boolean;
  /** Runs a statement with the login of the intruder's place, without a context or with one that the place's key opens. Connecting may be refused. */
  withStolenLogin(where: "own" | "theirs", statement: string, contextOf?: string): Promise<Heard>;
  /** Runs `work` while the route of the intruder's tenant leads to the victim's place. */
  misrouted<T>(work: () => Promise<T>): Promise<T>;
}

export interface Attempt {
  readonly id: string;
  readonly title: string;
  /** Where the attempt means something; everywhere unless told. */
  readonly applies?: (breakIn: BreakIn) => boolean;
  run(scene: Scene): Promise<void>;
}

/** A client of the API. `record` gets every reply. */
export function apiClient(base: string, token: string, record: (reply: Reply) => void = () => {}): Client {
  const send: Client["send"] = async (method, path, { body, headers, token: other } = {}) => {
    const response = await fetch(base + path, {
      method,
      headers: {
        authorization: `Bearer ${other ?? token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    // header texts count as well: a file name is data
    const text = `${[...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n")}\n\n${await response.text()}`;
    const reply = { status: response.status, text, requestId: response.headers.get("x-request-id") ?? "" };
    record(reply);
    return reply;
  };
  return {
    send,
    get: (path, sending) => send("GET", path, sending),
    post: (path, body) => send("POST", path, { body }),
    sql: (statement) => send("POST", "/v1/reports/custom", { body: { sql: statement } }),
  };
}

export function bodyOf(reply: Reply): Record<string, unknown> {
  return JSON.parse(reply.text.slice(reply.text.indexOf("\n\n") + 2)) as Record<string, unknown>;
}
