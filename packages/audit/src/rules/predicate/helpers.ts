/**
 * The functions that decide about rows: those that policies call, and those that these call. Must never forget one because its body could not be
 * judged: it is read here by its words alone.
 */
import type { Policy, Relation, Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import { bodyOf } from "../bodies/body.ts";
import { kitSchema } from "../judge/tenant-rows.ts";
import type { Facts } from "../rule.ts";
import { courtOf } from "./court.ts";
import { searchPath } from "./read-call.ts";

/** A function that policies rest on. */
export interface Helper {
  readonly routine: Routine;
  /** Policies that call it, directly or through others. */
  readonly policies: readonly Policy[];
}

const known = new WeakMap<object, readonly Helper[]>();

/** All helpers of policies, the kit's own left out. */
export function helpersOf(facts: Facts): readonly Helper[] {
  const found = known.get(facts.snapshot);
  if (found !== undefined) return found;
  const { catalog } = courtOf(facts);
  const policies = new Map<Routine, Set<Policy>>();
  const enter = (routine: Routine, policy: Policy): void => {
    const users = policies.get(routine) ?? new Set<Policy>();
    if (users.has(policy) || routine.schema === kitSchema || routine.extension !== null) return;
    policies.set(routine, users.add(policy));
    for (const called of callsOf(facts, routine)) enter(called, policy);
  };
  for (const policy of facts.snapshot.policies)
    for (const signature of policy.calls) {
      const routine = catalog.bySignature(signature);
      if (routine !== null) enter(routine, policy);
    }
  const made = [...policies].map(([routine, users]) => ({ routine, policies: [...users] }));
  known.set(facts.snapshot, made);
  return made;
}

/** The project's functions that a body calls. */
function callsOf(facts: Facts, routine: Routine): Routine[] {
  const { catalog } = courtOf(facts);
  const called: Routine[] = [];
  for (const { tree } of bodyOf(routine).parts)
    walkTree(tree, (type, node) => {
      if (type !== "FuncCall") return;
      const words = nameWords(node.funcname as SyntaxNode[]);
      const schema = words.length > 1 ? words[0]! : null;
      const count = (node.args as unknown[] | undefined)?.length ?? 0;
      const found = catalog.routine(schema, words.at(-1)!, count, schema === null ? searchPath(routine) : [schema]);
      if (found !== null && found !== routine) called.push(found);
    });
  return called;
}

/** What a body reads that changes from one call to the next: words of the session, and tables. */
export interface BodyReads {
  /** current_setting('app.tenant_id'), current_user, auth.uid() … */
  readonly session: readonly string[];
  /** Relations as written. */
  readonly tables: readonly string[];
  /** Relations that are written without a schema. */
  readonly unqualified: readonly string[];
}

const sessionFunctions =
  /^(current_setting|pg_backend_pid|txid_current|pg_current_xact_id|inet_client_addr|pg_has_role)$/;

/** Reads the words of a body. */
export function readsOf(routine: Routine): BodyReads {
  const session = new Set<string>();
  const tables = new Set<string>();
  const unqualified = new Set<string>();
  for (const { tree } of bodyOf(routine).parts) {
    const queries = new Set<string>();
    walkTree(tree, (type, node) => {
      if (type === "CommonTableExpr") queries.add(String(node.ctename));
    });
    walkTree(tree, (type, node) => {
      if (type === "SQLValueFunction") session.add(String(node.op).replace("SVFOP_", "").toLowerCase());
      if (type === "FuncCall") {
        const words = nameWords(node.funcname as SyntaxNode[]);
        if (sessionFunctions.test(words.at(-1)!) || words[0] === "auth") session.add(words.join("."));
      }
      if (type !== "RangeVar" || typeof node.relname !== "string") return;
      const { relname: name, schemaname: schema } = node as { relname: string; schemaname?: string };
      if (schema === undefined && queries.has(name)) return;
      tables.add(schema === undefined ? name : `${schema}.${name}`);
      if (schema === undefined) unqualified.add(name);
    });
  }
  return { session: [...session], tables: [...tables], unqualified: [...unqualified] };
}

/** Tables whose rows the policies of a helper decide about. */
export function guardedBy(facts: Facts, { policies }: Helper): Relation[] {
  const tables = policies.flatMap(({ relation }) => facts.reach.relation(relation) ?? []);
  return [...new Set(tables)].filter(
    (table) => !["global", "unknown"].includes(courtOf(facts).catalog.tenancy(table).kind),
  );
}

/** Whether some application role logs in itself, so that injected SQL runs as it. Behind PostgREST nobody sends SQL. */
export function sendsSql({ understanding }: Facts): boolean {
  return understanding.roles.some(({ kind, name, login }) => kind !== "service" && name === login);
}
