/**
 * Borrowed membership: a caller who is no superuser must be a member of the owner role to make objects in its name. On 15 a role with
 * CREATEROLE may grant itself any role; on 16 and later the maker of a role holds ADMIN on it without SET or INHERIT, and grants itself
 * these two. What was borrowed is given back before the transaction ends, so nobody keeps a way around row security (A3, A7).
 */
import type { KitTransaction } from "./transaction.ts";
import { quoteName } from "./quote.ts";
import { kitError } from "../errors/kit-error.ts";

interface Granted {
  readonly inherit: boolean;
  readonly set: boolean;
  readonly admin: boolean;
}

/** Runs `fn` as a full member of the given roles. */
export async function withMembership<T>(
  tx: KitTransaction,
  roles: readonly string[],
  fn: () => Promise<T>,
): Promise<T> {
  const giveBack: (() => Promise<unknown>)[] = [];
  for (const role of roles) giveBack.push(...(await borrow(tx, role)));
  const result = await fn();
  for (const undo of giveBack.reverse()) await undo();
  return result;
}

async function borrow(tx: KitTransaction, role: string): Promise<(() => Promise<unknown>)[]> {
  const { caller } = tx;
  if (caller.superuser || role === caller.user) return [];
  const modern = caller.version >= 160000;
  const [has] = await tx.rows(
    modern
      ? `select pg_catalog.pg_has_role(current_user, $1, 'USAGE') and pg_catalog.pg_has_role(current_user, $1, 'SET') as yes`
      : `select pg_catalog.pg_has_role(current_user, $1, 'USAGE') as yes`,
    [role],
  );
  if (has!.yes) return [];
  const before = modern ? await ownGrant(tx, role) : undefined;
  const grant = `grant ${quoteName(role)} to ${quoteName(caller.user)}`;
  const refused = await tx.attempt(async () => {
    await tx.run(modern ? `${grant} with inherit true, set true` : grant);
  });
  if (refused)
    throw kitError("WT_KIT_PRIVILEGE", {
      detail: `${caller.user} cannot become a member of ${role}: ${refused.message}`,
      next: `Ask the role's maker for: ${grant} with admin option`,
      cause: refused,
    });
  return [
    () =>
      before
        ? tx.run(`${grant} with inherit ${before.inherit}, set ${before.set}`)
        : tx.run(
            `revoke ${quoteName(role)} from ${quoteName(caller.user)}${modern ? ` granted by ${quoteName(caller.user)}` : ""}`,
          ),
  ];
}

// A grant that we gave ourselves earlier (createrole_self_grant does so) must come back as it was.
async function ownGrant(tx: KitTransaction, role: string): Promise<Granted | undefined> {
  const [row] = await tx.rows(
    `select m.inherit_option as inherit, m.set_option as set, m.admin_option as admin
       from pg_catalog.pg_auth_members m
      where m.roleid = $1::regrole and m.member = current_user::regrole and m.grantor = current_user::regrole`,
    [quoteName(role)],
  );
  return row as Granted | undefined;
}
