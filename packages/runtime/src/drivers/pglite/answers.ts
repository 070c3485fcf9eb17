/**
 * Reads the server's answer to a pipeline: one result per statement, or the error that stopped it. Pure; rows are
 * parsed by PGlite's own parsers.
 */
import { markContextError } from "../../scope/classify.ts";
import type { PgliteLike, ServerMessage } from "./shapes.ts";

/** A row. */
// oxlint-disable-next-line typescript/no-explicit-any -- as in PGlite: the caller names the row's type
export type Row = Record<string, any>;

/** A result, of the shape that PGlite's own has. */
export interface Result<R = Row> {
  rows: R[];
  fields: { name: string; dataTypeID: number }[];
  /** Rows changed by INSERT, UPDATE, DELETE or MERGE. */
  affectedRows?: number;
  command?: string;
  /** The number in the command tag. */
  rowCount?: number;
}

/** How rows are to be read. */
export interface ReadOptions {
  readonly rowMode?: "object" | "array" | undefined;
  /** Parsers by type OID, before PGlite's own. */
  readonly parsers?: Record<number, (value: string, typeId?: number) => unknown> | undefined;
}

/** The answer to one pipeline. */
export interface Answer {
  readonly results: Result[];
  readonly error: unknown;
  /** I, T or E: the state of the session afterwards. */
  readonly status: string;
}

const changing = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/** @param skip number of statements of ours in front */
export function readAnswer(
  messages: readonly ServerMessage[],
  skip: number,
  parsers: PgliteLike["parsers"],
  options: ReadOptions = {},
): Answer {
  const results: Result[] = [];
  let error: unknown;
  let status = "";
  let ours = skip;
  let result: Result = { rows: [], fields: [] };
  for (const message of messages) {
    switch (message.name) {
      case "error":
        if (ours > 0) markContextError(message);
        error ??= message;
        break;
      case "readyForQuery":
        status = message.status ?? "";
        break;
      case "rowDescription":
        if (ours === 0)
          result.fields = (message.fields as Result["fields"]).map(({ name, dataTypeID }) => ({ name, dataTypeID }));
        break;
      case "dataRow":
        if (ours === 0) result.rows.push(readRow(result.fields, message.fields as (string | null)[], parsers, options));
        break;
      case "commandComplete":
      case "emptyQuery":
        if (ours > 0) ours--;
        else results.push({ ...result, ...readTag(message.text ?? "") });
        result = { rows: [], fields: [] };
        break;
    }
  }
  return { results, error, status };
}

function readRow(
  fields: Result["fields"],
  values: readonly (string | null)[],
  parsers: PgliteLike["parsers"],
  { rowMode, parsers: own }: ReadOptions,
): Row {
  const parsed = fields.map(({ dataTypeID }, i) => {
    const value = values[i] ?? null;
    const parse = own?.[dataTypeID] ?? parsers[dataTypeID];
    return value === null || parse === undefined ? value : parse(value, dataTypeID);
  });
  if (rowMode === "array") return parsed;
  // Not by assignment: a column may be called __proto__.
  return Object.fromEntries(fields.map(({ name }, i) => [name, parsed[i]]));
}

// "SELECT 3", "INSERT 0 3", "CREATE TABLE".
function readTag(tag: string): { command?: string; rowCount?: number; affectedRows?: number } {
  if (tag === "") return {};
  const words = tag.split(" ");
  const command = words.filter((word) => !/^\d+$/.test(word)).join(" ");
  const count = words.at(-1) ?? "";
  if (!/^\d+$/.test(count)) return { command };
  const rowCount = Number(count);
  return { command, rowCount, ...(changing.has(command) ? { affectedRows: rowCount } : {}) };
}
