/**
 * Superuser for one statement. The role of the migrations is made one from outside, in the same session and transaction, so that what the
 * statement makes belongs to it and a ROLLBACK undoes it; then it is unmade, and nothing else runs until the session itself says that it is.
 * Event triggers are off meanwhile: they are code of the schema. If that can't be made sure the statement is refused.
 */
import { quoteName, quoteText } from "@watertight/schema";
import { OWNER, type Sandbox } from "./sandbox.ts";
import { type OwnRow, type Refusal, refusalOf, SAVEPOINT, type Session } from "./session.ts";

const off = (version: number): [string, string] =>
  version >= 17
    ? ["set event_triggers = off", "reset event_triggers"]
    : ["set session_replication_role = replica", "reset session_replication_role"];

const refusal = (message: string): Refusal => ({ sqlstate: "42501", message });

/**
 * Runs `work`, one statement that promotable() accepts, as superuser.
 * A session of which it is not certain that it is no superuser any more is dropped.
 */
export async function asSuperuser(
  sandbox: Sandbox,
  session: Session,
  work: () => Promise<Refusal | undefined>,
): Promise<Refusal | undefined> {
  const ask = async (text: string): Promise<OwnRow> => (await session.own(text))[0] ?? {};
  // a role that SET ROLE took on is not the one that is made superuser; a trigger that fires always can't be held back before 17
  const before = await ask(
    `select (current_user operator(pg_catalog.=) session_user) and session_user operator(pg_catalog.=) ${quoteText(OWNER)}::pg_catalog.name as own,
            exists (select from pg_catalog.pg_event_trigger where evtenabled operator(pg_catalog.=) any ('{A,R}'::pg_catalog."char"[])) as always`,
  );
  if (before["own"] !== true)
    return refusal("only the role that runs the migrations may do this, not one taken on by SET ROLE");
  if (before["always"] === true && sandbox.server.version < 17)
    return refusal("an event trigger that fires ALWAYS would run as superuser");
  await sandbox.admin(`alter role ${quoteName(OWNER)} superuser`);
  let result: Refusal | undefined;
  try {
    result = (await agrees(sandbox, session, true))
      ? await quietly(session, off(sandbox.server.version), work)
      : refusal("the session did not become superuser");
  } catch (error) {
    result = refusalOf(error);
  }
  await sandbox.admin(`alter role ${quoteName(OWNER)} nosuperuser`);
  // a session knows of a change of roles when it next takes a lock, not at once
  if (session.status() !== undefined && !(await agrees(sandbox, session, false).catch(() => false))) session.destroy();
  return result;
}

async function quietly(
  session: Session,
  [quiet, loud]: readonly [string, string],
  work: () => Promise<Refusal | undefined>,
): Promise<Refusal | undefined> {
  await session.own(quiet);
  const result = await work();
  if (session.status() === "E") await session.own(`rollback to savepoint ${SAVEPOINT}`);
  if (session.status() !== undefined) await session.own(loud);
  return result;
}

/** Whether the session itself takes its role for a superuser, or not for one. */
async function agrees(sandbox: Sandbox, session: Session, wanted: boolean): Promise<boolean> {
  const question = `select pg_catalog.pg_has_role(session_user, ${quoteText(sandbox.server.superuser)}, 'USAGE') as yes from pg_catalog.pg_roles limit 1`;
  for (let attempt = 0; attempt < 20; attempt++) {
    const [row] = await session.own(question);
    if (row?.["yes"] === wanted) return true;
  }
  return false;
}
