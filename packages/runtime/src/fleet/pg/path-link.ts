/**
 * The connection of a location with schema tenants: the statement that opens a context also sets search_path, for its transaction only, and a statement's
 * name belongs to one schema. Must never leave the path behind, and never send a statement prepared in one schema as another tenant.
 */
import type { ContextSource } from "../../drivers/pg/engine.ts";
import { Link } from "../../drivers/pg/link.ts";
import { StatementNames } from "../../drivers/pg/statement-names.ts";
import { contextText } from "../../scope/context-statement.ts";
import type { MessageWriter } from "../../scope/wire.ts";

/** Lower than any real one, and never used twice: cached context bytes hold the path. */
let generations = 0;

/** What unqualified names of one schema tenant mean. */
export class TenantPath {
  readonly schema: string;
  readonly #shared: string;
  #base: ContextSource | undefined;
  #baseGeneration: number = -1;
  #source: ContextSource | undefined;

  /** @param shared schemas that are searched after the tenant's own */
  constructor(schema: string, shared: readonly string[]) {
    this.schema = schema;
    this.#shared = `{${shared.map((name) => JSON.stringify(name)).join(",")}}`;
  }

  /** An engine's way to open a context, with the path. The database checks it against the fence. */
  source(engine: ContextSource): ContextSource {
    if (this.#source !== undefined && this.#base === engine && this.#baseGeneration === engine.generation)
      return this.#source;
    const { level } = engine.profile!;
    const { profile, resetBytes, resetCount, tokens, statementTimeoutMs } = engine;
    const path = (first: number): string =>
      `, pg_catalog.set_config('search_path', watertight.tenant_path($${first}, $${first + 1}), true)`;
    this.#base = engine;
    this.#baseGeneration = engine.generation;
    this.#source = {
      profile,
      resetBytes,
      resetCount,
      tokens,
      statementTimeoutMs,
      openText: contextText(level, false) + path(2),
      openTimedText: contextText(level, true) + path(3),
      generation: --generations,
      values: (tenant, pid, timeoutMs) => [...engine.values(tenant, pid, timeoutMs), this.schema, this.#shared],
    };
    return this.#source;
  }
}

class PathNames extends StatementNames {
  /** Comes before every text that is kept. */
  scope: string = "";

  override use(writer: MessageWriter, text: string, named: boolean): string {
    return super.use(writer, text, named, this.scope + text);
  }
}

export class PathLink extends Link {
  override readonly names: PathNames = new PathNames();
  /** Schemas that this connection has looked into; each one costs the server memory for as long as it lives. */
  readonly schemas: Set<string> = new Set();
  #path: TenantPath | undefined;

  /** For the next borrower. */
  set path(path: TenantPath | undefined) {
    this.#path = path;
    // No identifier holds a NUL, so no schema and text look like another.
    this.names.scope = path === undefined ? "" : `${path.schema}\0`;
    if (path !== undefined) this.schemas.add(path.schema);
  }

  override writePrefix(
    engine: ContextSource,
    writer: MessageWriter,
    tenant: string,
    timeoutMs: number | undefined,
    pid: number,
  ): number {
    const source = this.#path === undefined ? engine : this.#path.source(engine);
    const { scope } = this.names;
    // The statement that opens is the same for all.
    this.names.scope = "";
    try {
      return super.writePrefix(source, writer, tenant, timeoutMs, pid);
    } finally {
      this.names.scope = scope;
    }
  }
}
