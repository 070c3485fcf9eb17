/**
 * What a statement lacks, and how it gets it: a role or schema that nobody made, an extension that is not here, a transaction that it can't
 * run in. Decides by SQLSTATE and tree; where a name is taken from the server's message, a lie in it makes a role or schema and nothing else.
 */
import { quoteName } from "@watertight/schema";
import type { ParsedStatement, SyntaxNode } from "../history/statement.ts";
import { walkTree } from "../parse/tree.ts";
import { mayLogIn } from "./decide/role-names.ts";
import { attempt, type Runner } from "./runner.ts";
import { DATABASE, OWNER } from "./sandbox.ts";
import { extensionOptions, makeStandIn } from "./stubs/stand-in.ts";
import type { Refusal } from "./session.ts";

/** What was done; `done` when nothing is left to run. */
export interface Cure {
  readonly note: string;
  readonly done?: boolean;
  /** To be sent in place of the statement. */
  readonly text?: string;
  /** The text is the statement with one name replaced, and may be promoted as the statement may. */
  readonly renamed?: true;
}

const MOST_ROLES = 200;

type Remedy = (runner: Runner, statement: ParsedStatement, text: string, refusal: Refusal) => Promise<Cure | null>;

const missingRole: Remedy = async (runner, { type }, _text, { message }) => {
  const name = /^role "(.+)" does not exist$/.exec(message)?.[1];
  if (name === undefined || type === "DropRoleStmt" || name.startsWith("pg_")) return null;
  if (runner.made.size >= MOST_ROLES || runner.made.has(name)) return null;
  const failed = await attempt(runner, `create role ${quoteName(name)} ${mayLogIn(name) ? "login" : "nologin"}`);
  if (failed !== undefined) return null;
  runner.made.add(name);
  await join(runner);
  return { note: `role ${name} is made by no migration: it was made here` };
};

const missingSchema: Remedy = async (runner, { type }, _text, { message }) => {
  if (type === "DropStmt") return null;
  let name = /^schema "(.+)" does not exist$/.exec(message)?.[1];
  if (name === undefined && message.startsWith("no schema has been selected")) {
    const [row] = await runner.session.own("select pg_catalog.current_setting('search_path') as path");
    name = /^\s*(?:"([^"$]+)"|([a-z_]\w*))/i
      .exec(String(row?.["path"] ?? ""))
      ?.slice(1)
      .find((one) => one !== undefined);
  }
  if (name === undefined || name.startsWith("pg_")) return null;
  const failed = await attempt(runner, `create schema ${quoteName(name)}`);
  return failed === undefined ? { note: `schema ${name} is made by no migration: it was made here` } : null;
};

/** The statement wants to stand alone, and the transaction is the tool's: a tool that knows ends it. */
const alone: Remedy = async (runner, _statement, text) => {
  const { transaction, session } = runner;
  if (!transaction.byTool || session.status() !== "T") return null;
  const committed = await attempt(runner, "commit", true);
  transaction.end();
  if (committed !== undefined) return null;
  return { note: "it can't run in a transaction: the file's was committed before it", text };
};

/** A new value of an enum may be used once it is committed. */
const commitFirst: Remedy = async (runner, _statement, text) => {
  const { transaction, session } = runner;
  const { start } = transaction;
  if (start === null || session.status() !== "T") return null;
  const committed = await attempt(runner, "commit", true);
  if (committed !== undefined) return null;
  await session.own("begin");
  return { note: "it uses an enum value of the same transaction: what stood before was committed", text };
};

/** A role that we made is now made by a migration: it gets the options. */
const madeBefore: Remedy = async (runner, { type, tree }, text) => {
  const name = String(tree?.[type]?.["role"]);
  if (type !== "CreateRoleStmt" || !runner.made.delete(name)) return null;
  const node = tree?.[type] as SyntaxNode;
  const options = ((node["options"] ?? []) as SyntaxNode[]).map((entry) => String(entry["DefElem"]?.defname));
  const note = `role ${name} was named before it was made`;
  const plain = options.filter((option) => !["addroleto", "rolemembers", "adminmembers", "sysid"].includes(option));
  const login = options.includes("canlogin") || node["stmt_type"] === "ROLESTMT_USER" ? "" : " nologin";
  if (plain.length === 0 || plain.length < options.length)
    return { note, text: `alter role ${quoteName(name)} ${login === "" ? "login" : "nologin"}` };
  const rest = text.replace(/^\s*create\s+(?:role|user|group)\s+(?:"(?:[^"]|"")+"|[^\s;]+)(?:\s+with)?/i, "");
  return { note, text: `alter role ${quoteName(name)} with${login} ${rest}` };
};

/** A new owner must be allowed to create in the schema, unless a superuser says it: it is, for this one statement. */
const ownerMayCreate: Remedy = async (runner, { type, tree }, text, { message }) => {
  const schema = /^permission denied for schema (.+)$/.exec(message)?.[1]?.replace(/^"(.*)"$/, "$1");
  const owner = newOwner(type, tree);
  if (schema === undefined || owner === undefined) return null;
  const [right, whom] = [`create on schema ${quoteName(schema)}`, quoteName(owner)];
  if ((await attempt(runner, `grant ${right} to ${whom}`)) !== undefined) return null;
  const refusal = await attempt(runner, text);
  await attempt(runner, `revoke ${right} from ${whom}`);
  return refusal === undefined
    ? { note: `${owner} may not create in ${schema}: as a superuser would`, done: true }
    : null;
};

function newOwner(type: string, tree: SyntaxNode | null): string | undefined {
  const node = (tree?.[type] ?? {}) as SyntaxNode;
  const spec: unknown =
    type === "AlterTableStmt"
      ? (node["cmds"] as SyntaxNode[]).map((one) => one["AlterTableCmd"]?.newowner).find((one) => one !== undefined)
      : type === "AlterOwnerStmt"
        ? node["newowner"]
        : undefined;
  const name = (spec as SyntaxNode | undefined)?.["rolename"];
  return typeof name === "string" ? name : undefined;
}

/** Our own membership stands in the way of one that the migration gives. */
const circular: Remedy = async (runner, { type, tree }, text) => {
  if (type !== "GrantRoleStmt") return null;
  const names: string[] = [];
  walkTree(tree, (kind, node) => {
    if (kind === "RoleSpec" && typeof node["rolename"] === "string") names.push(node["rolename"]);
  });
  for (const name of names) await attempt(runner, `revoke ${quoteName(name)} from ${OWNER}`);
  return { note: "", text };
};

/** An extension that is not here, or that reaches another server. */
const standIn: Remedy = async (runner, { type, tree }) => {
  if (type !== "CreateExtensionStmt") return null;
  const node = tree?.[type] as SyntaxNode;
  const refusal = await makeStandIn(runner, node);
  if (refusal === null) return null;
  const name = String(node["extname"]);
  return refusal === undefined
    ? { note: `extension ${name} is not here: a small stand-in was made`, done: true }
    : { note: `the stand-in for extension ${name} failed: ${refusal.message}`, done: false };
};

/** The version that the migration asks for is not the one that is here. */
const anyVersion: Remedy = async (_runner, { type, tree }, text, { message }) => {
  if (type !== "CreateExtensionStmt" || !/^extension ".+" has no installation script/.test(message)) return null;
  const { name, schema, cascade } = extensionOptions(tree?.[type] as SyntaxNode);
  const where = schema === undefined ? "" : ` schema ${quoteName(schema)}`;
  const instead = `create extension if not exists ${quoteName(name)}${where}${cascade ? " cascade" : ""}`;
  return instead === text ? null : { note: `extension ${name} in the version that is here`, text: instead };
};

/** The database has another name at home: here there is one only. */
const thisDatabase: Remedy = async (_runner, { type }, text, { message }) => {
  const name = /^database "(.+)" does not exist$/.exec(message)?.[1];
  if (name === undefined || !named.has(type)) return null;
  // from the start, with nothing quoted before: what is replaced is the name and nothing else
  const mentioned =
    /^(\s*(?:alter\s+database|comment\s+on\s+database|(?:grant|revoke)\s[\w\s,]*?\son\s+database)\s+)("(?:[^"]|"")+"|[a-z_][\w$]*)/i;
  const instead = text.replace(mentioned, (_all, words: string) => `${words}${quoteName(DATABASE)}`);
  if (instead === text) return null;
  return { note: `the throw-away database stands for database ${name}`, text: instead, renamed: true };
};

const named = new Set(["GrantStmt", "CommentStmt", "AlterDatabaseSetStmt", "AlterOwnerStmt"]);

const byState: Readonly<Record<string, readonly Remedy[]>> = {
  "42704": [missingRole],
  "22023": [missingRole, anyVersion],
  "0A000": [standIn],
  "58P01": [standIn],
  "3F000": [missingSchema],
  "3D000": [thisDatabase],
  "25001": [alone],
  "55P04": [commitFirst],
  "42710": [madeBefore],
  "42501": [ownerMayCreate, standIn],
  "0LP01": [circular],
};

/** Finds out what the statement lacks and gives it; null when there is nothing to be done. */
export async function remedy(
  runner: Runner,
  statement: ParsedStatement,
  text: string,
  refusal: Refusal,
): Promise<Cure | null> {
  for (const one of byState[refusal.sqlstate ?? ""] ?? []) {
    const cure = await one(runner, statement, text, refusal);
    if (cure !== null) return cure;
  }
  return null;
}

/**
 * Makes the migrations' role a member of every role that it made, on 15 where that does not happen by itself: it hands over tables to them.
 */
export async function join(runner: Runner): Promise<void> {
  if (runner.sandbox.server.version >= 16) return;
  const rows = await runner.session.own(
    `select r.rolname::pg_catalog.text as name from pg_catalog.pg_roles r where r.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
        and not r.rolsuper and r.rolname operator(pg_catalog.<>) '${OWNER}'::pg_catalog.name and not pg_catalog.pg_has_role('${OWNER}', r.oid, 'MEMBER')`,
  );
  for (const { name } of rows) await attempt(runner, `grant ${quoteName(String(name))} to ${OWNER}`);
}
