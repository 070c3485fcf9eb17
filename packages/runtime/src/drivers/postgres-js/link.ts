/**
 * What is known about one server connection: who used it last, whether it must be reset before somebody else does, the
 * random prefix of its statement names, tokens bound to it. Kept outside postgres.js, keyed by its backend object;
 * a reconnect starts afresh.
 */
import { randomBytes } from "node:crypto";
import type { TokenSource } from "../../scope/token.ts";
import type { Backend } from "./shapes.ts";

interface KeptToken {
  readonly text: string;
  readonly until: number;
}

const tokenLimit = 256;

export class Link {
  readonly pid: number;
  readonly #secret: number | null;
  /** The last tenant that something was sent for. */
  lastTenant: string | undefined = undefined;
  /** The last transaction did not commit, so what it reset is back, and what it left is unknown. */
  dirty: boolean = false;
  #prefix: string = "";
  #names: number = 0;
  readonly #tokens: Map<string, KeptToken> = new Map();
  #generation: number = 0;

  constructor(backend: Backend) {
    this.pid = backend.pid ?? 0;
    this.#secret = backend.secret;
  }

  /** Whether this is still the same server connection. */
  belongsTo(backend: Backend): boolean {
    return this.pid === backend.pid && this.#secret === backend.secret;
  }

  /**
   * A statement name that nobody can list (the probe checked) or guess: postgres.js's own come from Math.random, whose
   * state can be computed from a few of its outputs.
   */
  nextName(): string {
    if (this.#prefix === "") this.#prefix = `wt${randomBytes(16).toString("hex")}_`;
    return this.#prefix + this.#names++;
  }

  /** A token for this connection, reused for half its life; `pid` is 0 behind a pooler. */
  token(tokens: TokenSource, tenant: string, pid: number, generation: number): string {
    const now = Date.now();
    if (this.#generation !== generation) {
      this.#tokens.clear();
      this.#generation = generation;
    }
    const kept = this.#tokens.get(tenant);
    if (kept !== undefined && kept.until > now) return kept.text;
    const text = tokens.mint(tenant, pid);
    if (this.#tokens.size >= tokenLimit) this.#tokens.clear();
    this.#tokens.set(tenant, { text, until: now + tokens.reuseMs });
    return text;
  }
}

const links = new WeakMap<Backend, Link>();

/** The link of a connection. */
export function linkOf(backend: Backend): Link {
  let link = links.get(backend);
  if (link === undefined || !link.belongsTo(backend)) links.set(backend, (link = new Link(backend)));
  return link;
}
