/**
 * Which lock each statement takes and whether it reads or rewrites a whole table: what a plan shows before anything runs. Read from the syntax
 * tree alone, so it is what PostgreSQL does at worst. Must never decide whether a statement runs.
 */
import type { SyntaxNode } from "./migration-reader.ts";

/** PostgreSQL's table locks, weakest first. */
export const lockModes = [
  "access share",
  "row share",
  "row exclusive",
  "share update exclusive",
  "share",
  "share row exclusive",
  "exclusive",
  "access exclusive",
] as const;
/** A table lock. */
export type LockMode = (typeof lockModes)[number];

/** A lock of one statement. */
export interface TableLock {
  /** As the statement names it. */
  readonly table: string;
  readonly mode: LockMode;
  /** "" where only the catalog changes. */
  readonly work: "" | "reads the table" | "rewrites the table" | "builds an index";
}

const LIGHT = new Set([
  "AT_SetStatistics",
  "AT_ClusterOn",
  "AT_DropCluster",
  "AT_SetRelOptions",
  "AT_ResetRelOptions",
  "AT_SetOptions",
  "AT_ResetOptions",
  "AT_ValidateConstraint",
  "AT_AttachPartition",
]);
const TRIGGERS = /^AT_(?:Enable|Disable)(?:Always|Replica)?Trig/;

/** The name of a RangeVar, as it stands there. */
const rangeName = (range: SyntaxNode | undefined): string =>
  range === undefined ? "" : [range["schemaname"], range["relname"]].filter(Boolean).join(".");

const strongest = (a: LockMode, b: LockMode): LockMode => (lockModes.indexOf(a) > lockModes.indexOf(b) ? a : b);

function constraintLocks(table: string, constraint: SyntaxNode, unchecked: boolean): TableLock[] {
  const skip = unchecked || constraint["skip_validation"] === true;
  switch (constraint["contype"]) {
    case "CONSTR_FOREIGN": {
      const work = skip ? "" : "reads the table";
      return [
        { table, mode: "share row exclusive", work },
        { table: rangeName(constraint["pktable"]), mode: "share row exclusive", work: "" },
      ];
    }
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE":
    case "CONSTR_EXCLUSION":
      return [{ table, mode: "access exclusive", work: unchecked || constraint["indexname"] ? "" : "builds an index" }];
    case "CONSTR_CHECK":
    case "CONSTR_NOTNULL":
      return [{ table, mode: "access exclusive", work: skip ? "" : "reads the table" }];
    default:
      return [];
  }
}

/** A default that is the same for every row is kept in the catalog; anything else is computed for each row that is there. */
function addsByRewriting(column: SyntaxNode): boolean {
  return ((column["constraints"] ?? []) as SyntaxNode[]).some(({ Constraint: each }) => {
    const kind = each?.["contype"];
    if (kind === "CONSTR_GENERATED" || kind === "CONSTR_IDENTITY") return true;
    return kind === "CONSTR_DEFAULT" && JSON.stringify(each["raw_expr"]).includes('"FuncCall"');
  });
}

function alterLocks(table: string, command: SyntaxNode): TableLock[] {
  const subtype = String(command["subtype"]);
  const definition = command["def"] as SyntaxNode | undefined;
  if (subtype === "AT_AddConstraint") return constraintLocks(table, definition?.["Constraint"] ?? {}, false);
  if (subtype === "AT_ValidateConstraint") return [{ table, mode: "share update exclusive", work: "reads the table" }];
  if (subtype === "AT_AttachPartition" || subtype === "AT_DetachPartition") {
    const part = definition?.["PartitionCmd"] as SyntaxNode | undefined;
    const gentle = subtype === "AT_AttachPartition" || part?.["concurrent"] === true;
    const own: TableLock = { table, mode: gentle ? "share update exclusive" : "access exclusive", work: "" };
    const work = subtype === "AT_AttachPartition" ? "reads the table" : "";
    return [own, { table: rangeName(part?.["name"]), mode: "access exclusive", work }];
  }
  if (LIGHT.has(subtype)) return [{ table, mode: "share update exclusive", work: "" }];
  if (TRIGGERS.test(subtype)) return [{ table, mode: "share row exclusive", work: "" }];
  const strong = (work: TableLock["work"]): TableLock => ({ table, mode: "access exclusive", work });
  if (subtype === "AT_AddColumn") {
    const column = (definition?.["ColumnDef"] ?? {}) as SyntaxNode;
    const inner = ((column["constraints"] ?? []) as SyntaxNode[]).flatMap(({ Constraint: each }) =>
      constraintLocks(table, each ?? {}, each?.["contype"] === "CONSTR_NOTNULL"),
    );
    return [strong(addsByRewriting(column) ? "rewrites the table" : ""), ...inner];
  }
  if (subtype === "AT_AlterColumnType" || subtype === "AT_SetLogged" || subtype === "AT_SetUnLogged")
    return [strong("rewrites the table")];
  if (subtype === "AT_SetNotNull") return [strong("reads the table")];
  return [strong("")];
}

const dropped = (statement: SyntaxNode): string[] =>
  ((statement["objects"] ?? []) as SyntaxNode[]).map((object) => {
    const parts = ((object["List"]?.items ?? []) as SyntaxNode[]).map((part) => String(part["String"]?.sval ?? ""));
    // policy, trigger, rule: the last part is its own name, the table stands before it
    const own = ["OBJECT_POLICY", "OBJECT_TRIGGER", "OBJECT_RULE"].includes(String(statement["removeType"]));
    return (own ? parts.slice(0, -1) : parts).join(".");
  });

const DROPS = new Set([
  "OBJECT_TABLE",
  "OBJECT_INDEX",
  "OBJECT_POLICY",
  "OBJECT_TRIGGER",
  "OBJECT_RULE",
  "OBJECT_MATVIEW",
]);
const ROWS: Readonly<Record<string, true>> = { InsertStmt: true, UpdateStmt: true, DeleteStmt: true, MergeStmt: true };

function found(type: string, statement: SyntaxNode): TableLock[] {
  const table = rangeName(statement["relation"] ?? statement["table"]);
  if (type === "AlterTableStmt")
    return ((statement["cmds"] ?? []) as SyntaxNode[]).flatMap(({ AlterTableCmd: each }) =>
      alterLocks(table, each ?? {}),
    );
  if (type === "IndexStmt") {
    const mode = statement["concurrent"] === true ? "share update exclusive" : "share";
    return [{ table, mode, work: "builds an index" }];
  }
  if (type === "CreateTrigStmt") return [{ table, mode: "share row exclusive", work: "" }];
  if (type === "CreatePolicyStmt" || type === "AlterPolicyStmt" || type === "RenameStmt" || type === "RuleStmt")
    return table === "" ? [] : [{ table, mode: "access exclusive", work: "" }];
  if (type === "CreateStmt")
    return ((statement["tableElts"] ?? []) as SyntaxNode[])
      .flatMap((element) => (element["ColumnDef"]?.constraints as SyntaxNode[] | undefined) ?? [element])
      .flatMap(({ Constraint: each }) => (each === undefined ? [] : constraintLocks("", each, true)))
      .filter((lock) => lock.table !== "");
  if (type === "DropStmt" && DROPS.has(String(statement["removeType"]))) {
    const mode = statement["concurrent"] === true ? "share update exclusive" : "access exclusive";
    return dropped(statement).map((each) => ({ table: each, mode, work: "" }));
  }
  if (type === "TruncateStmt" || type === "LockStmt")
    return ((statement["relations"] ?? []) as SyntaxNode[]).map(({ RangeVar: each }) => ({
      table: rangeName(each),
      mode: type === "LockStmt" ? (lockModes[Number(statement["mode"]) - 1] ?? "access exclusive") : "access exclusive",
      work: "",
    }));
  if (type === "RefreshMatViewStmt")
    return [
      { table, mode: statement["concurrent"] === true ? "exclusive" : "access exclusive", work: "rewrites the table" },
    ];
  if (type === "ClusterStmt") return [{ table, mode: "access exclusive", work: "rewrites the table" }];
  if (ROWS[type]) return [{ table, mode: "row exclusive", work: "" }];
  return [];
}

/** The locks of a statement, one for each table. */
export function locksOf(type: string, tree: SyntaxNode | null): TableLock[] {
  const byTable = new Map<string, TableLock>();
  for (const lock of found(type, (tree?.[type] ?? {}) as SyntaxNode)) {
    const before = byTable.get(lock.table);
    byTable.set(
      lock.table,
      before === undefined
        ? lock
        : { ...lock, mode: strongest(before.mode, lock.mode), work: before.work === "" ? lock.work : before.work },
    );
  }
  return [...byTable.values()];
}
