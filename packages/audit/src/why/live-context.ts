/**
 * The context of a tenant on a live database: the person, the session, the settings and claims that its requests would carry. Must never print a key or a
 * token, and reads only what says who belongs to whom.
 */
import { openContext, type Queryable, quoteName, quoteQualified } from "@watertight/schema";
import { CheckError } from "../check/check-error.ts";
import { contextBook } from "../matrix/personas/context.ts";
import { columnMeaning, sessionKey } from "../matrix/personas/meaning.ts";
import { makeTenants, randomness, type Tenant } from "../matrix/personas/tenants.ts";
import type { Facts } from "../rules/rule.ts";
import { schemaGraph } from "../understand/schema/graph.ts";
import { attempt } from "./inside.ts";

/** A person of the tenant where requests carry one: the member who may do most. */
export async function memberOf(db: Queryable, { understanding }: Facts, tenant: string): Promise<string | null> {
  if (understanding.perUser) return tenant;
  if (!understanding.context.some((source) => "holds" in source && source.holds === "user")) return null;
  for (const { relation, userColumn, tenantColumn: column, role } of understanding.memberships) {
    const highest = role?.highest ?? null;
    const rank =
      role === null || highest === null ? "" : ` order by (${quoteName(role.column)}::text = $2) desc nulls last`;
    const text = `select ${quoteName(userColumn)}::text as member from ${quoteQualified(relation.schema, relation.name)} where ${quoteName(column)}::text = $1${rank} limit 1`;
    const found = await attempt(db, () => db.query(text, highest === null ? [tenant] : [tenant, highest]));
    if (!(found instanceof Error) && found.rows[0] !== undefined) return String(found.rows[0]["member"]);
  }
  throw new CheckError(
    "WT_CHECK_UNKNOWN",
    `Policies ask for a person, and no member of tenant ${tenant} was found.`,
    "Name one: --user ID",
  );
}

type Level = "plain" | "sealed" | "hostile";

/** How much the installed kit trusts the application. */
export async function kitLevel(db: Queryable): Promise<Level> {
  const { rows } = await db.query("select watertight.handshake() ->> 'level' as level");
  return rows[0]!["level"] as Level;
}

/** Opens the tenant's context as the application does. @throws CheckError WT_CHECK_DATABASE */
export async function openKit(db: Queryable, tenant: string, level: Level, key: string | undefined): Promise<void> {
  const done = await attempt(db, () => openContext(db, tenant, level, key));
  if (!(done instanceof Error)) return;
  const { code = "" } = done as Error & { code?: string };
  if (code.startsWith("WT_")) throw done;
  throw new CheckError(
    "WT_CHECK_DATABASE",
    `The kit opens no context of tenant ${tenant}: ${done.message}.`,
    "Name a registered tenant with --as, and set WATERTIGHT_KEY to the key of this database.",
    { cause: done },
  );
}

/** Where requests carry the key of a session in place of a person: a session of the person. */
export async function sessionsOf(
  db: Queryable,
  { understanding }: Facts,
  user: string | null,
): Promise<Tenant["sessions"]> {
  const found = new Map<string, [string, string]>();
  for (const source of understanding.context) {
    if (!("session" in source) || source.session === undefined || user === null) continue;
    const { relation, column, person } = source.session;
    const text = `select ${quoteName(column)}::text as session from ${quoteQualified(relation.schema, relation.name)} where ${quoteName(person)}::text = $1 limit 1`;
    const answer = await attempt(db, () => db.query(text, [user]));
    const session = answer instanceof Error ? undefined : answer.rows[0]?.["session"];
    if (session === undefined)
      throw new CheckError(
        "WT_CHECK_UNKNOWN",
        `Policies ask for a session, and ${user} has none in ${relation.name} that this connection may see.`,
        "Name a person with a session: --user ID",
      );
    found.set(sessionKey(source.session), [String(session), String(session)]);
  }
  return found;
}

/** The statements by which a request says who it is, the kit's left out. */
export async function statementsOf(
  facts: Facts,
  tenant: string,
  user: string | null,
  sessions: Tenant["sessions"],
): Promise<readonly string[]> {
  const { understanding, snapshot } = facts;
  const sources = understanding.context.filter(({ kind }) => kind !== "kit");
  const meaning = columnMeaning(facts, schemaGraph(snapshot));
  const { a } = makeTenants(randomness("why"), meaning, understanding.perUser);
  const person = user ?? tenant;
  const asked: Tenant = { ...a, id: tenant, users: [person, person], sessions };
  return (await contextBook(sources, null, [asked], user !== null)).statements("strongest", asked);
}
