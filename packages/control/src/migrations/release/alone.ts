/**
 * Statements that PostgreSQL refuses inside a transaction. Each of those that a migration may hold is described so that an interrupted one can be
 * recognised and finished; the others have no place in a migration. Pure.
 */
import type { SyntaxNode } from "./migration-reader.ts";

/** A relation as the statement names it; schema "" where the search path decides. */
export interface NamedRelation {
  readonly schema: string;
  readonly name: string;
}

/** What a statement outside of a transaction does. */
export type AloneAction =
  | { readonly what: "create index"; readonly index: NamedRelation }
  | { readonly what: "drop index"; readonly index: NamedRelation }
  | { readonly what: "reindex" }
  | { readonly what: "detach"; readonly table: NamedRelation; readonly partition: NamedRelation }
  | { readonly what: "vacuum" };

const named = (range: SyntaxNode | undefined): NamedRelation => ({
  schema: String(range?.["schemaname"] ?? ""),
  name: String(range?.["relname"] ?? ""),
});

const option = (statement: SyntaxNode, name: string): boolean =>
  ((statement["params"] ?? []) as SyntaxNode[]).some(({ DefElem: each }) => each?.["defname"] === name);

/** What the statement does when it can't run in a transaction; a text where it can't be made safe to repeat; undefined for ordinary ones. */
export function aloneActionOf(type: string, statement: SyntaxNode): AloneAction | string | undefined {
  if (type === "IndexStmt" && statement["concurrent"] === true) {
    if (statement["idxname"] === undefined)
      return "CREATE INDEX CONCURRENTLY needs a name: an interrupted one leaves an invalid index, which is found by it";
    // an index lies in its table's schema
    const index = { schema: named(statement["relation"]).schema, name: String(statement["idxname"]) };
    return { what: "create index", index };
  }
  if (type === "DropStmt" && statement["concurrent"] === true) {
    const items = (statement["objects"]?.[0]?.List?.items ?? []) as SyntaxNode[];
    const parts = items.map((item) => String(item["String"]?.sval ?? ""));
    return { what: "drop index", index: { schema: parts.at(-2) ?? "", name: parts.at(-1) ?? "" } };
  }
  if (type === "ReindexStmt") {
    if (option(statement, "concurrently")) return { what: "reindex" };
    const whole = ["REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE"];
    return whole.includes(String(statement["kind"])) ? { what: "reindex" } : undefined;
  }
  if (type === "VacuumStmt") return statement["is_vacuumcmd"] === true ? { what: "vacuum" } : undefined;
  if (type === "AlterTableStmt") {
    const commands = ((statement["cmds"] ?? []) as SyntaxNode[]).map(({ AlterTableCmd: each }) => each);
    const detach = commands.find((each) => each?.["def"]?.PartitionCmd?.concurrent === true);
    if (detach === undefined) return undefined;
    const partition = named(detach["def"].PartitionCmd.name as SyntaxNode);
    return { what: "detach", table: named(statement["relation"]), partition };
  }
  return undefined;
}

const REFUSED: Readonly<Record<string, string>> = {
  AlterSystemStmt: "ALTER SYSTEM changes the server, not a tenant",
  CreatedbStmt: "databases are made by provisioning",
  DropdbStmt: "databases are dropped by deleting the tenant",
  CreateTableSpaceStmt: "tablespaces belong to the server",
  DropTableSpaceStmt: "tablespaces belong to the server",
  CreateSubscriptionStmt: "subscriptions are made by moving a tenant",
  DropSubscriptionStmt: "subscriptions are dropped by moving a tenant",
  DiscardStmt: "DISCARD has no meaning in a migration",
  PrepareStmt: "a prepared statement would outlive the tenant's migration",
  ListenStmt: "LISTEN would outlive the tenant's migration",
};

/** Why a statement may stand in no migration at all. */
export function refusedEverywhere(type: string, statement: SyntaxNode): string | undefined {
  if (type === "ClusterStmt" && statement["relation"] === undefined) return "CLUSTER of everything: name the table";
  return REFUSED[type];
}
