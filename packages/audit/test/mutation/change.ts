/**
 * How a mutation is written: a statement that says something else, statements behind the schema, statements that come late. Each is both a new history and
 * the few statements that take the clean database there; a test compares the two for some mutants of each operator.
 */
import type { CleanSchema, Mutation } from "./mutation.ts";
import { rangeName } from "./text.ts";

const texts = (schema: CleanSchema): string[] => schema.statements.map(({ text }) => text);

/** The schema with other statements (none, one, several) in the place of one. */
export function replaced(schema: CleanSchema, target: string, at: number, ...by: readonly string[]): Mutation {
  const instead = by.flatMap((text) => (superuserOnly.test(text) ? ["reset role", text, roleAt(schema, at)] : [text]));
  return {
    target,
    migrations: [texts(schema).toSpliced(at, 1, ...instead)],
    delta: [...undone(schema, at), ...by.map(again)],
  };
}

/** What the role of the migrations may not do where they have taken on another one. */
const superuserOnly = /^(create role|grant mutant)\b/;

/** Takes on the role as which a statement is run. */
function roleAt({ statements }: CleanSchema, at: number): string {
  const before = statements.slice(0, at).map(({ text }) => text);
  return before.findLast((text) => /^(set|reset)\s+role\b/i.test(text)) ?? "reset role";
}

/** The schema and statements behind it, run by a role; null: by the superuser who runs the migrations. */
export function appended(
  schema: CleanSchema,
  target: string,
  role: string | null,
  ...more: readonly string[]
): Mutation {
  const delta = [role === null ? "reset role" : `set role ${role}`, ...more];
  return { target, migrations: [[...texts(schema), ...delta]], delta };
}

/** The schema, with a statement moved to a later migration. */
export function postponed(schema: CleanSchema, target: string, later: number): Mutation {
  const all = texts(schema);
  return { target, migrations: [all.toSpliced(later, 1), ["reset role", all[later]!]], delta: [] };
}

/** A function or view takes the place of the one that is there; the rest is gone already. */
const again = (text: string): string => text.replace(/^create\s+(?=function|procedure|view)/i, "create or replace ");

const inverse: Readonly<Record<string, string>> = {
  AT_EnableRowSecurity: "disable row level security",
  AT_ForceRowSecurity: "no force row level security",
};

/** Takes back what a statement did. */
function undone({ statements }: CleanSchema, at: number): string[] {
  const { tree } = statements[at]!;
  const [type = ""] = Object.keys(tree);
  const node = tree[type];
  switch (type) {
    case "CreatePolicyStmt":
      return [`drop policy "${node.policy_name}" on ${rangeName(node.table)}`];
    case "CreatePublicationStmt":
      return [`drop publication "${node.pubname}"`];
    case "AlterTableStmt":
      return [`alter table ${rangeName(node.relation)} ${inverse[node.cmds[0].AlterTableCmd.subtype as string]}`];
    case "CreateFunctionStmt":
    case "ViewStmt":
      return [];
    default:
      throw new Error(`no way back from ${type}`);
  }
}
