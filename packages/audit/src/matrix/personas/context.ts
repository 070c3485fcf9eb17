/**
 * How to be somebody: the statements by which a request of a tenant tells the database who it is, for every source that the understanding
 * names. Must never leave anything behind the transaction.
 */
import { openContext, quoteText } from "@watertight/schema";
import type { ContextSource } from "../../understand/understanding.ts";
import { sessionKey } from "./meaning.ts";
import type { Setters } from "./setters.ts";
import type { Tenant } from "./tenants.ts";

/**
 * strongest and weakest: a member of the tenant who may do most or least; none: a request that forgot its context; anonymous: nobody is
 * signed in, and the request says so.
 */
export type Persona = "strongest" | "weakest" | "none" | "anonymous";

/** What the kit of the database needs. */
export interface KitAccess {
  readonly level: "plain" | "sealed" | "hostile";
  readonly key: string;
}

/** Builds the statements of a persona. */
export interface ContextBook {
  statements(persona: Persona, tenant: Tenant): readonly string[];
  /** Whether the weakest member is told apart from the strongest at all. */
  readonly knowsUsers: boolean;
  /** Whether there is any context to forget. */
  readonly exists: boolean;
}

const setting = (name: string, value: string): string =>
  `select set_config(${quoteText(name)}, ${quoteText(value)}, true)`;

function putAt(target: Record<string, unknown>, path: readonly string[], value: string): void {
  const [first, ...rest] = path;
  if (first === undefined) return;
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner = target[first];
  const next: Record<string, unknown> = typeof inner === "object" && inner !== null ? { ...inner } : {};
  target[first] = next;
  putAt(next, rest, value);
}

const place = (persona: Persona): 0 | 1 => (persona === "weakest" ? 1 : 0);
const userOf = (persona: Persona, tenant: Tenant): string => tenant.users[place(persona)];

/** What a source holds in somebody's request: the tenant, the user, or the key of the user's session. */
function valueOf(
  source: ContextSource & { readonly kind: "setting" | "claims" },
  persona: Persona,
  tenant: Tenant,
): string {
  if (source.holds !== "user") return tenant.id;
  const session = source.session && tenant.sessions.get(sessionKey(source.session));
  return session?.[place(persona)] ?? userOf(persona, tenant);
}

const supabase = "request.jwt.claims";

function claims(sources: readonly ContextSource[], name: string, persona: Persona, tenant: Tenant): string[] {
  const user = userOf(persona, tenant);
  const signedIn = persona !== "anonymous";
  const token: Record<string, unknown> = {};
  if (name === supabase) {
    token.role = signedIn ? "authenticated" : "anon";
    if (signedIn) Object.assign(token, { sub: user, aud: "authenticated", email: `${tenant.canary}@example.test` });
  }
  if (signedIn)
    for (const source of sources)
      if (source.kind === "claims" && source.setting === name)
        putAt(token, source.path, valueOf(source, persona, tenant));
  const statements = [setting(name, JSON.stringify(token))];
  // the older form, one setting a claim, which auth.uid() of some projects still reads first
  if (name === supabase && signedIn)
    statements.push(setting("request.jwt.claim.sub", user), setting("request.jwt.claim.role", "authenticated"));
  return statements;
}

// Only the kit's own function knows how a token is signed; it is given a clock far ahead and no process, so that one token serves a whole
// run and its repro scripts.
async function kitStatement(kit: KitAccess, tenant: string): Promise<string> {
  let statement = "";
  const farAhead = Math.floor(Date.now() / 1000) + 10 * 365 * 86_400;
  await openContext(
    {
      query: (text, params) => {
        if (text.includes("watertight.open"))
          statement = text.replace(
            "$1",
            kit.level === "plain" ? quoteText(String(params?.[0])) : `${quoteText(String(params?.[0]))}::bytea`,
          );
        return Promise.resolve({ rows: [{ pid: 0, now: farAhead }] });
      },
    },
    tenant,
    kit.level,
    kit.key,
  );
  return statement;
}

/** The statements of both tenants; the kit's tokens are signed here, once. */
export async function contextBook(
  sources: readonly ContextSource[],
  kit: KitAccess | null,
  tenants: readonly Tenant[],
  hasUsers: boolean,
  setters: Setters = new Map(),
): Promise<ContextBook> {
  const tokens = new Map<string, string>();
  if (kit) for (const tenant of tenants) tokens.set(tenant.label, await kitStatement(kit, tenant.id));
  const names = [...new Set(sources.flatMap((each) => (each.kind === "claims" ? [each.setting] : [])))];
  return {
    exists: sources.some(({ kind }) => kind !== "role"),
    knowsUsers: hasUsers && sources.some((each) => "holds" in each && each.holds === "user"),
    statements(persona, tenant) {
      if (persona === "none") return [];
      const statements = names.flatMap((name) => claims(sources, name, persona, tenant));
      if (persona === "anonymous") return statements;
      for (const source of sources) {
        if (source.kind === "setting") {
          const value = valueOf(source, persona, tenant);
          statements.push(setters.get(source.setting.toLowerCase())?.(value) ?? setting(source.setting, value));
        }
        if (source.kind === "kit") statements.push(...(tokens.has(tenant.label) ? [tokens.get(tenant.label)!] : []));
      }
      return statements;
    },
  };
}
