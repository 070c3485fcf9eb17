/**
 * From the statements of a migration to steps: what runs as one transaction, and what PostgreSQL refuses in one and therefore runs alone, with
 * what has to be looked at when such a step was interrupted. Pure. Must never let a statement through whose repetition could do harm.
 */
import { MigrationError } from "../migration-error.ts";
import { aloneActionOf, type AloneAction, refusedEverywhere } from "./alone.ts";
import { locksOf, type TableLock } from "./locks.ts";
import type { Scope } from "./scope.ts";
import type { SourceMigration, SourceStatement, SyntaxNode } from "./migration-reader.ts";

/** A statement that will run. */
export interface StepStatement {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  readonly type: string;
  readonly locks: readonly TableLock[];
  /** Name of what it creates; "*" where only running it tells (DO, CALL); "" for nothing. */
  readonly creates: string;
  /** It creates an ordinary or partitioned table: schema (or "") and name. */
  readonly table: { readonly schema: string; readonly name: string } | null;
  /** Reads or changes rows, so row security matters to it. */
  readonly rows: boolean;
}

/** A transaction of statements, or one statement outside of any. */
export type Step =
  | { readonly kind: "transaction"; readonly statements: readonly StepStatement[] }
  | { readonly kind: "alone"; readonly statement: StepStatement; readonly action: AloneAction };

const ROWS = new Set([
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "SelectStmt",
  "CreateTableAsStmt",
  "DoStmt",
  "CallStmt",
]);
const NAMED: Readonly<Record<string, (statement: SyntaxNode) => string | undefined>> = {
  CreateStmt: (statement) => statement["relation"]?.relname,
  ViewStmt: (statement) => statement["view"]?.relname,
  CreateTableAsStmt: (statement) => statement["into"]?.rel?.relname,
  CreateSeqStmt: (statement) => statement["sequence"]?.relname,
  CreateForeignTableStmt: (statement) => statement["base"]?.relation?.relname,
  CreateSchemaStmt: (statement) => statement["schemaname"],
  CreateFunctionStmt: (statement) => last(statement["funcname"]),
  CreateEnumStmt: (statement) => last(statement["typeName"]),
  CreateRangeStmt: (statement) => last(statement["typeName"]),
  CreateDomainStmt: (statement) => last(statement["domainname"]),
  CompositeTypeStmt: (statement) => statement["typevar"]?.relname,
};

const last = (names: readonly SyntaxNode[] | undefined): string | undefined => names?.at(-1)?.["String"]?.sval;

function tableOf(type: string, statement: SyntaxNode): StepStatement["table"] {
  const range = (type === "CreateStmt" ? statement["relation"] : undefined) as SyntaxNode | undefined;
  if (range === undefined || range["relpersistence"] === "t" || statement["partbound"] !== undefined) return null;
  return { schema: String(range["schemaname"] ?? ""), name: String(range["relname"]) };
}

function described({ text, file, line, type, tree }: SourceStatement): StepStatement {
  const statement = (tree?.[type] ?? {}) as SyntaxNode;
  const dynamic = type === "DoStmt" || type === "CallStmt" || type === "SelectStmt";
  return {
    text,
    file,
    line,
    type,
    locks: locksOf(type, tree),
    creates: dynamic ? "*" : (NAMED[type]?.(statement) ?? ""),
    table: tableOf(type, statement),
    rows: ROWS.has(type),
  };
}

/** A setting must end with its transaction: the next tenant has the same connection. */
function settingFor(migration: SourceMigration, statement: SourceStatement, scopes: readonly Scope[]): SourceStatement {
  const node = (statement.tree?.["VariableSetStmt"] ?? {}) as SyntaxNode;
  const name = String(node["name"] ?? "");
  if (scopes.includes("tenant") && (name === "search_path" || node["kind"] === "VAR_RESET_ALL"))
    throw refused(
      statement,
      "a tenant's migration does not choose its schema: names go unqualified, and each tenant's own schema is first",
    );
  if (node["is_local"] === true || !/^set\b/i.test(statement.text)) return statement;
  return {
    ...statement,
    text: statement.text.replace(/^set\s+(?:session\s+(?!authorization|characteristics))?/i, "set local "),
  };
}

const refused = ({ file, line, type }: SourceStatement, why: string): MigrationError =>
  new MigrationError("WT_MIGRATION_STATEMENT", { detail: `${file}:${line}: ${why}`, facts: { file, line, type } });

/**
 * The steps of a migration, in order.
 * @throws MigrationError WT_MIGRATION_UNREADABLE, WT_MIGRATION_STATEMENT
 */
export function stepsOf(migration: SourceMigration, scopes: readonly Scope[]): Step[] {
  const steps: Step[] = [];
  let open: StepStatement[] = [];
  const close = (): void => {
    if (open.length > 0) steps.push({ kind: "transaction", statements: open });
    open = [];
  };
  for (const statement of migration.statements) {
    const { file, line, problem, tree, type } = statement;
    if (problem !== null || tree === null)
      throw new MigrationError("WT_MIGRATION_UNREADABLE", {
        detail: `${file}:${line}: ${problem ?? "it can't be parsed"}`,
        facts: { file, line },
      });
    const node = (tree[type] ?? {}) as SyntaxNode;
    if (type === "TransactionStmt") {
      // ours are the transactions: BEGIN says nothing new, COMMIT ends a step
      if (!["TRANS_STMT_BEGIN", "TRANS_STMT_START", "TRANS_STMT_COMMIT"].includes(String(node["kind"])))
        throw refused(statement, "only BEGIN and COMMIT may stand in a migration");
      if (node["kind"] === "TRANS_STMT_COMMIT") close();
      continue;
    }
    const why = refusedEverywhere(type, node);
    if (why !== undefined) throw refused(statement, why);
    const action = aloneActionOf(type, node);
    if (typeof action === "string") throw refused(statement, action);
    if (action !== undefined) {
      close();
      steps.push({ kind: "alone", statement: described(statement), action });
      continue;
    }
    open.push(described(type === "VariableSetStmt" ? settingFor(migration, statement, scopes) : statement));
    // a value that was added to an enum can't be used before it is committed (55P04)
    if (type === "AlterEnumStmt" && node["newVal"] !== undefined && node["oldVal"] === undefined) close();
  }
  close();
  return steps;
}
