/**
 * Runs one statement: as it is, then with what it lacks, at last as superuser where that is all it lacks. Nothing is ever dropped: what can't
 * run is an outcome with its reason.
 */
import { quoteText } from "@watertight/schema";
import type { Outcome, ParsedStatement, SyntaxNode } from "../history/statement.ts";
import { whereToLook } from "../history/where.ts";
import { excuse } from "./decide/excuse.ts";
import { prepare } from "./decide/prepare.ts";
import { promotable } from "./decide/promotable.ts";
import { refuse } from "./decide/refuse.ts";
import { asSuperuser } from "./promote.ts";
import { remedy } from "./remedy.ts";
import { attempt, reconnect, type Runner } from "./runner.ts";
import { OWNER } from "./sandbox.ts";
import { type Refusal, SAVEPOINT } from "./session.ts";
import { extensionOptions } from "./stubs/stand-in.ts";

/** What became of one statement, and of others by it. */
export interface Ran {
  readonly outcome: Outcome;
  readonly asSuperuser: boolean;
  readonly touched: readonly string[];
  /** Statements from this index on were undone. */
  readonly undone: number | null;
}

/** Runs a statement. */
export async function runStatement(runner: Runner, statement: ParsedStatement, index: number): Promise<Ran> {
  const ran = (outcome: Outcome, more: Partial<Ran> = {}): Ran => ({
    outcome,
    asSuperuser: false,
    touched: [],
    undone: null,
    ...more,
  });
  if (statement.skip !== undefined) return ran({ state: "skipped", ...statement.skip });
  if (statement.tree === null)
    return ran({ state: "failed", reason: statement.problem ?? "could not be parsed", sqlstate: "42601" });
  const exhausted = runner.watchdog.exhausted();
  if (exhausted !== null) return ran({ state: "failed", reason: `not run: ${exhausted}`, sqlstate: null });
  const skip = refuse(statement, OWNER);
  if (skip !== null) return ran({ state: "skipped", ...skip });
  if (statement.type === "TransactionStmt") return steer(runner, statement, index);

  const prepared = prepare(statement, runner.pretended);
  const adapted = [...(statement.adapted === undefined ? [] : [statement.adapted]), ...prepared.adapted];
  const forbidden = { superuser: runner.sandbox.server.superuser, owner: OWNER };
  let promoted = false;
  let text = prepared.text ?? statement.text;
  let refusal = prepared.text === null ? undefined : await attempt(runner, prepared.text);
  for (let round = 0; refusal !== undefined && round < 8; round++) {
    if (runner.session.status() === undefined) break;
    const may = refusal.sqlstate === "42501" && !promoted && promotable(statement, text, forbidden);
    if (may && !(await isCaptured(runner, statement))) {
      promoted = true;
      refusal = await promote(runner, text);
      continue;
    }
    const cure = await remedy(runner, statement, text, refusal);
    if (cure === null) break;
    if (cure.note !== "") adapted.push(cure.note);
    if (cure.done === false) break;
    if (cure.renamed) text = cure.text ?? text;
    refusal = cure.done === true ? undefined : await attempt(runner, cure.text ?? text);
  }
  if (runner.session.status() === undefined) {
    const undone = runner.transaction.start;
    await reconnect(runner);
    runner.transaction.end();
    if (undone !== null) await runner.observer.forget(runner.session, undone);
    const why = refusal?.message ?? "the connection was lost";
    return ran({ state: "failed", reason: why, sqlstate: refusal?.sqlstate ?? null }, { undone });
  }
  const excused = refusal === undefined ? null : excuse(statement, refusal, runner.platforms);
  if (excused !== null) return ran({ state: "skipped", ...excused });
  if (refusal !== undefined) return ran({ state: "failed", reason: refusal.message, sqlstate: refusal.sqlstate });
  for (const each of prepared.after)
    if ((await attempt(runner, each))?.sqlstate === "42501") await promote(runner, each);
  if (prepared.leakproof !== undefined) {
    const refused = await makeLeakproof(runner, prepared.leakproof);
    promoted = refused === undefined;
    if (refused !== undefined) adapted.push(`it is not LEAKPROOF here: ${refused.message}`);
  }
  if (/^Alter(Role|Database)SetStmt$/.test(statement.type)) runner.stale = true;
  const touched = await runner.observer.look(runner.session, index, whereToLook(statement));
  return ran(
    { state: "ran", ...(adapted.length === 0 ? {} : { adapted: adapted.join("; ") }) },
    { asSuperuser: promoted, touched },
  );
}

async function promote(runner: Runner, text: string): Promise<Refusal | undefined> {
  const { session } = runner;
  const inside = session.status() === "T";
  if (inside) await session.own(`savepoint ${SAVEPOINT}`);
  const result = await asSuperuser(runner.sandbox, session, async () => {
    const { result: answer, reason } = await runner.watchdog.guard(session, () => session.run(text));
    return reason === null ? answer : { sqlstate: null, message: `ended, because ${reason}` };
  });
  if (inside && session.status() === "T") await session.own(`release savepoint ${SAVEPOINT}`);
  return result;
}

/**
 * Whether the script of an extension would take a type of the schema's for its own: before 16 earthdistance's reads a `cube` with no schema before
 * it, in its own schema first.
 */
async function isCaptured(runner: Runner, { type, tree }: ParsedStatement): Promise<boolean> {
  const node = tree?.[type] as SyntaxNode;
  if (type !== "CreateExtensionStmt" || node["extname"] !== "earthdistance") return false;
  if (runner.sandbox.server.version >= 16) return false;
  const [row] = await runner.session.own(
    `select n.nspname::pg_catalog.text as cube, pg_catalog.current_schema()::pg_catalog.text as here
       from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) e.extnamespace where e.extname operator(pg_catalog.=) 'cube'::pg_catalog.name`,
  );
  return row !== undefined && row["cube"] !== (extensionOptions(node).schema ?? row["here"]);
}

/** Marks the function that was made last under a name. */
async function makeLeakproof(runner: Runner, name: readonly string[]): Promise<Refusal | undefined> {
  const [own, schema] = name.toReversed();
  const inSchema =
    schema === undefined ? "" : `and n.nspname operator(pg_catalog.=) ${quoteText(schema)}::pg_catalog.name`;
  const [row] = await runner.session.own(
    `select pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as signature
       from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
      where p.proname operator(pg_catalog.=) ${quoteText(own ?? "")}::pg_catalog.name ${inSchema}
      order by pg_catalog.age(p.xmin) limit 1`,
  );
  return promote(runner, `alter function ${String(row?.["signature"])} leakproof`);
}

/** BEGIN, COMMIT, ROLLBACK, SAVEPOINT. */
async function steer(runner: Runner, statement: ParsedStatement, index: number): Promise<Ran> {
  const { transaction } = runner;
  const node = statement.tree!["TransactionStmt"] as SyntaxNode;
  const before = transaction.start;
  const refusal = await attempt(runner, statement.text, true);
  const open = runner.session.status() === "T";
  if (refusal !== undefined) {
    // a COMMIT that a deferred constraint refuses takes everything with it
    const lost = before !== null && !open;
    if (lost) transaction.end();
    if (lost) await runner.observer.forget(runner.session, before);
    return {
      outcome: { state: "failed", reason: refusal.message, sqlstate: refusal.sqlstate },
      asSuperuser: false,
      touched: [],
      undone: lost ? before : null,
    };
  }
  const undone = transaction.steer(node, index, open);
  if (undone !== null) await runner.observer.forget(runner.session, undone);
  return { outcome: { state: "ran" }, asSuperuser: false, touched: [], undone };
}
