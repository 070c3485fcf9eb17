/**
 * The role behind most proofs: it has every right and no row security binds it, so the same statement shows what would happen without these two
 * defences, while constraints, triggers and views work on. No table has to be changed, hence nothing is locked and proofs run side by side.
 * Must never be a role that attacks.
 */
import { quoteName } from "@watertight/schema";
import type { Facts } from "../../rules/rule.ts";
import type { Actor } from "../attacks/attack.ts";
import type { AttackServer } from "../server.ts";
import type { Session } from "../wire/session.ts";

/** Makes the role of that name, a member of all that attack, and gives it all rights. */
export async function makeUnbound(
  admin: Session,
  server: AttackServer,
  facts: Facts,
  actors: readonly Actor[],
  unbound: string,
): Promise<void> {
  const role = quoteName(unbound);
  // ours of a moment ago: the same seed gives the same names
  await server.superuser(
    `do $$ begin create role ${role} login bypassrls inherit; exception when duplicate_object or unique_violation then alter role ${role} login bypassrls inherit connection limit -1; end $$`,
  );
  for (const name of new Set(actors.map((actor) => actor.role)))
    await server.superuser(`do $$ begin grant ${quoteName(name)} to ${role}; exception when others then null; end $$`);
  const statements = facts.snapshot.schemas.flatMap(({ name }) => {
    const schema = quoteName(name);
    return [
      `grant usage on schema ${schema} to ${role}`,
      `grant all on all tables in schema ${schema} to ${role}`,
      `grant all on all sequences in schema ${schema} to ${role}`,
      `grant execute on all routines in schema ${schema} to ${role}`,
    ];
  });
  await admin.must("set session_replication_role = replica");
  await admin.run(statements);
  await admin.must(
    `do $do$ begin execute format('grant connect, temp on database %I to ${role}', current_database()); end $do$`,
  );
  await admin.must("reset session_replication_role");
}
