/**
 * Statements that are not run, decided on the tree: they would reach the machine, its files, the network or the server's settings, or mean
 * nothing in a database that is thrown away. The server's own rights refuse most of them once more. Each has its reason.
 */
import type { ParsedStatement, SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";

/** Why a statement is not run. */
export interface Skip {
  readonly reason: string;
  /** Whether the catalog may lack something by that. */
  readonly matters: boolean;
}

const harmless = (reason: string): Skip => ({ reason, matters: false });
const missed = (reason: string): Skip => ({ reason, matters: true });

const serverFunctions: Readonly<Record<string, string>> = {
  pg_read_file: "reads a file of the server",
  pg_read_binary_file: "reads a file of the server",
  pg_stat_file: "looks at a file of the server",
  pg_ls_dir: "lists a folder of the server",
  pg_file_write: "writes a file of the server",
  pg_file_read: "reads a file of the server",
  pg_file_unlink: "removes a file of the server",
  pg_file_rename: "renames a file of the server",
  lo_import: "reads a file of the server",
  lo_export: "writes a file of the server",
  pg_reload_conf: "changes how the server runs",
  pg_rotate_logfile: "changes how the server runs",
  pg_promote: "changes how the server runs",
  pg_switch_wal: "changes how the server runs",
  pg_create_restore_point: "changes how the server runs",
};

const byType: Readonly<Record<string, (node: SyntaxNode, owner: string) => Skip | null>> = {
  CopyStmt(node) {
    if (node["is_program"] === true) return harmless("COPY … PROGRAM would run a program on the server");
    const reads = node["is_from"] === true;
    if (node["filename"] !== undefined) return harmless(`COPY would ${reads ? "read" : "write"} a file of the server`);
    return harmless(reads ? "rows of COPY are not loaded" : "COPY … TO gives out rows and changes nothing");
  },
  AlterSystemStmt: () => harmless("ALTER SYSTEM changes the server's configuration, not the database"),
  LoadStmt: () => harmless("LOAD would run a library of the server"),
  CreateSubscriptionStmt: () => harmless("a subscription connects to another server"),
  AlterSubscriptionStmt: () => harmless("a subscription connects to another server"),
  DropSubscriptionStmt: () => harmless("a subscription connects to another server"),
  CreateTableSpaceStmt: () => harmless("a tablespace is a folder of the server"),
  AlterTableSpaceOptionsStmt: () => harmless("a tablespace is a folder of the server"),
  DropTableSpaceStmt: () => harmless("a tablespace is a folder of the server"),
  CheckPointStmt: () => harmless("maintenance, which changes nothing that is checked"),
  VacuumStmt: () => harmless("maintenance, which changes nothing that is checked"),
  ReindexStmt: () => harmless("maintenance, which changes nothing that is checked"),
  ListenStmt: () => harmless("listens for notifications, which changes nothing"),
  UnlistenStmt: () => harmless("listens for notifications, which changes nothing"),
  CreatePLangStmt: ({ plname }) =>
    plname === "plpgsql"
      ? harmless("PL/pgSQL is there")
      : missed(`the language ${plname} is not available in the throw-away server`),
  ClusterStmt: ({ relation, indexname }) =>
    relation === undefined || indexname === undefined
      ? harmless("maintenance, which changes nothing that is checked")
      : null,
  TransactionStmt: ({ kind }) =>
    kind === "TRANS_STMT_PREPARE" || String(kind).endsWith("_PREPARED")
      ? harmless("prepared transactions outlive their connection; the throw-away server has none")
      : null,
  VariableSetStmt: ({ name, args }) =>
    name === "client_encoding" && !/^utf-?8$/i.test(String(args?.[0]?.A_Const?.sval?.sval ?? "UTF8"))
      ? harmless("the text was read as UTF-8 already")
      : null,
  CreateFunctionStmt({ options }) {
    const language = languageOf(options);
    return language === "c" || language === "internal"
      ? missed(`a function in LANGUAGE ${language} runs machine code of the server`)
      : null;
  },
  AlterRoleStmt: ({ role, options }, owner) =>
    role?.rolename === owner || role?.roletype === "ROLESPEC_CURRENT_USER" || role?.roletype === "ROLESPEC_SESSION_USER"
      ? harmless(`the role that runs the migrations keeps its rights here (${optionNames(options)})`)
      : null,
  DropdbStmt: ({ dbname }) =>
    dbname === "postgres" || /^template[01]$/.test(String(dbname))
      ? harmless("the database of the replay stays")
      : null,
};

/** Language of a CREATE FUNCTION, in lower case. */
function languageOf(options: readonly SyntaxNode[] | undefined): string | undefined {
  const found = options?.find(({ DefElem: option }) => option?.defname === "language");
  const value: unknown = found?.["DefElem"]?.arg?.String?.sval;
  return typeof value === "string" ? value.toLowerCase() : undefined;
}

function optionNames(options: readonly SyntaxNode[] | undefined): string {
  return (options ?? []).map(({ DefElem: option }) => String(option?.defname)).join(", ");
}

const readOnly = new Set(["SelectStmt", "DoStmt", "CallStmt"]);

/** The reason for which a statement is not run; null when it may run. */
export function refuse(statement: ParsedStatement, owner: string): Skip | null {
  const { tree, type } = statement;
  if (tree === null) return null;
  const own = byType[type]?.(tree[type] as SyntaxNode, owner);
  if (own !== undefined && own !== null) return own;
  let found: Skip | null = null;
  walkTree(tree, (kind, node) => {
    if (found !== null) return false;
    // inside a function it is a body: whoever calls it is refused by the server
    if (kind === "CreateFunctionStmt") return false;
    if (kind === "CopyStmt") found = byType["CopyStmt"]!(node, owner);
    if (kind !== "FuncCall") return;
    const name = String((node["funcname"] as SyntaxNode[]).at(-1)?.["String"]?.sval);
    const why = Object.hasOwn(serverFunctions, name) ? serverFunctions[name] : undefined;
    // a statement that only reads makes nothing; one that makes an object by it leaves a gap
    if (why !== undefined) found = (readOnly.has(type) ? harmless : missed)(`${name} ${why}`);
  });
  return found;
}
