/**
 * What the statements of a fix refuse from then on, as sentences for whoever writes the application: sign-up, jobs, rows of other tenants, rights that
 * are gone. Read from the statements themselves, so that nothing is said of what they do not touch. Pure.
 */
import { quoteText } from "@watertight/schema";
import type { SyntaxNode } from "../history/statement.ts";
import type { Facts } from "../rules/rule.ts";
import { nodeType, parseStatements } from "../understand/sql/parser.ts";
import type { FixStatement } from "./fix-plan.ts";

/** What statements do, by table. */
interface Effects {
  /** Row security was switched on, forced, or got another policy. */
  readonly bound: Set<string>;
  readonly forced: Set<string>;
  readonly keys: Set<string>;
  readonly filled: Set<string>;
  readonly views: Set<string>;
  readonly revoked: string[];
}

/** The sentences; none where no statement touches the application. `loadParser()` must have run. */
export function applicationDuties(facts: Facts, statements: readonly FixStatement[]): string[] {
  const effects = effectsOf(statements);
  const { bound, forced, keys, filled, views, revoked } = effects;
  const split = statements.find(({ stage }) => stage === "roles");
  return [
    ...(split === undefined
      ? []
      : [
          `Log in as ${split.findings[0]!.replace(/^role /, "")} for requests, with a password that is set outside of migrations. Migrations stay with the owner.`,
        ]),
    ...(bound.size === 0 ? [] : ofContext(facts, effects)),
    ...(forced.size === 0
      ? []
      : [
          `Migrations that read or change rows of ${listed(forced)} are bound as well, the owner included (FORCE): run them as a role with BYPASSRLS, or lift FORCE inside their transaction.`,
        ]),
    ...(keys.size === 0 ? [] : [`A row that refers to a row of another tenant is refused (23503) in ${listed(keys)}.`]),
    ...(filled.size === 0 ? [] : [`A row without its tenant is refused (23502, 23514) in ${listed(filled)}.`]),
    ...(views.size === 0
      ? []
      : [`${listed(views)}: read with the rights of whoever asks, so the application needs SELECT on what they read.`]),
    ...(revoked.length === 0 ? [] : [`Rights that are gone, and fail with 42501 from now on: ${revoked.join(", ")}.`]),
  ];
}

/** Of tables whose rows are now found by the context alone. */
function ofContext(facts: Facts, { bound }: Effects): string[] {
  const own = facts.understanding.tables.filter(({ relation }) => bound.has(nameOf(relation.schema, relation.name)));
  const tenants = own.filter(({ tenancy }) => tenancy.kind === "tenants");
  const people = own.filter(({ relation, tenancy }) => tenancy.kind !== "tenants" && signsIn(facts, relation));
  const names = (tables: typeof own): string =>
    listed(new Set(tables.map(({ relation }) => nameOf(relation.schema, relation.name))));
  return [
    `Queries: ${openingWords(facts)} in each transaction that touches ${listed(bound)}. Without it SELECT, UPDATE and DELETE find no row, without an error, and INSERT is refused (42501).`,
    "Rows of other tenants: an INSERT or UPDATE that names another tenant than the context is refused (42501). Take the tenant from the context, never from the request.",
    ...(tenants.length === 0
      ? []
      : [
          `Sign-up: a new row of ${names(tenants)} is refused (42501) unless the context already names it. Make its id first, set the context to it, then insert. Or sign up as a role of its own with BYPASSRLS.`,
        ]),
    ...(people.length === 0
      ? []
      : [
          `Sign-in: nobody is found in ${names(people)} before the tenant is known. Look people up in a SECURITY DEFINER function that answers one row, or as a role of its own.`,
        ]),
    "Jobs, exports and clean-ups over all tenants: a statement without a context finds nothing and deletes nothing, without an error. Run them tenant by tenant, or as a role of their own with BYPASSRLS that requests never get.",
  ];
}

/** How a request says who it is. */
function openingWords({ understanding: { context, perUser } }: Facts): string {
  const [source] = context;
  const who = (holds: "tenant" | "user"): string => (holds === "user" || perUser ? "signed-in user" : "tenant");
  switch (source?.kind) {
    case "setting":
      return `set the ${who(source.holds)} (select set_config(${quoteText(source.setting)}, $1, true))`;
    case "claims":
      return `set the claims (select set_config(${quoteText(source.setting)}, $1, true), with ${source.path.join(".")} for the ${who(source.holds)}, as a platform's API does by itself)`;
    case "kit":
      return "open the context (the pool of @watertight/runtime does)";
    case "role":
      return "act as the tenant's role (set local role)";
    case undefined:
      return "set the context";
  }
}

function signsIn({ understanding, snapshot }: Facts, { schema, name }: { schema: string; name: string }): boolean {
  return (
    understanding.memberships.some(({ relation }) => relation.schema === schema && relation.name === name) ||
    snapshot.relations
      .find((each) => each.schema === schema && each.name === name)
      ?.columns.some((column) => /^(e_?mail|user_?name|login)$/i.test(column.name)) === true
  );
}

function effectsOf(statements: readonly FixStatement[]): Effects {
  const effects: Effects = {
    bound: new Set(),
    forced: new Set(),
    keys: new Set(),
    filled: new Set(),
    views: new Set(),
    revoked: [],
  };
  for (const { sql } of statements)
    for (const tree of parseStatements(sql) ?? []) {
      const type = nodeType(tree);
      const node = tree[type] as SyntaxNode;
      if (type === "CreatePolicyStmt" || type === "AlterPolicyStmt") effects.bound.add(tableOf(node.table));
      else if (type === "GrantStmt" && node.is_grant !== true)
        effects.revoked.push(sql.replaceAll(/\s+/g, " ").replace(/^revoke /i, ""));
      else if (type === "AlterTableStmt") alters(node, effects);
    }
  return effects;
}

function alters(node: SyntaxNode, { bound, forced, keys, filled, views }: Effects): void {
  const table = tableOf(node.relation);
  for (const command of (node.cmds ?? []) as SyntaxNode[]) {
    const { subtype, def } = command.AlterTableCmd as { subtype: string; def?: SyntaxNode };
    const kind: unknown = def?.Constraint?.contype;
    if (node.objtype === "OBJECT_VIEW") views.add(table);
    else if (subtype === "AT_EnableRowSecurity") bound.add(table);
    else if (subtype === "AT_ForceRowSecurity") forced.add(table);
    else if (subtype === "AT_SetNotNull" || kind === "CONSTR_CHECK") filled.add(table);
    else if (kind === "CONSTR_FOREIGN") keys.add(table);
  }
}

function tableOf(range: SyntaxNode | undefined): string {
  const { schemaname = "public", relname = "" } = (range ?? {}) as { schemaname?: string; relname?: string };
  return nameOf(schemaname, relname);
}

const nameOf = (schema: string, name: string): string => (schema === "public" ? name : `${schema}.${name}`);

function listed(names: ReadonlySet<string>): string {
  const all = [...names].sort();
  return all.length > 8 ? `${all.slice(0, 8).join(", ")} and ${all.length - 8} more` : all.join(", ");
}
