/**
 * Reading another tenant's rows: no filter, B's own keys, a cast that fails on B's text; in A's context, without one, signed in as nobody, on
 * connections that are fresh (settings are NULL) and used (settings are '').
 */
import { quoteName, quoteText } from "@watertight/schema";
import { conditionText } from "../seed/values.ts";
import type { Actor, Attack } from "./attack.ts";
import { allShown, Forge, mainStance, shownColumns, stancesOf } from "./forms.ts";
import { rightsOf, type Target, type World } from "./world.ts";

/** The attacks that read a table. */
export function readAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const forge = new Forge(world, target, actor, "read", "B1");
  const shown = shownColumns(world, target, actor);
  const main = mainStance(actor);
  if (shown === null)
    return [forge.read("select without filter", main, `select ${allShown(target)} from ${target.name}`)];
  const bare = `select ${shown} from ${target.name}`;
  const attacks = stancesOf(world, actor).map((stance) => forge.read("select without filter", stance, bare));
  const rights = rightsOf(world, actor, target.relation);
  const known = target.ownerColumns.filter((name) => rights.select.has(name));
  const [row] = target.b;
  if (known.length > 0 && known.length === target.ownerColumns.length)
    attacks.push(
      forge.read("select with B's id in the filter", main, `${bare} where ${conditionText(known, row!.values)}`),
    );
  const secret = target.relation.columns.find(
    ({ name, baseType }) =>
      /^(text|character varying)/.test(baseType) &&
      rights.select.has(name) &&
      // the attack writes these itself
      !known.includes(name) &&
      (row!.values.get(name)?.includes(world.tenants.b.canary) ?? false),
  );
  // E9, B18: a value that can't be cast is printed in the error
  if (secret && known.length > 0)
    attacks.push(
      forge.read(
        "a cast that fails on B's text",
        main,
        `select 1 from ${target.name} where case when ${quoteName(known[0]!)} = ${quoteText(row!.values.get(known[0]!) ?? "")} then ${quoteName(secret.name)}::text::int = 0 else false end`,
        target.relation.rowSecurity ? "B18" : undefined,
      ),
    );
  return attacks;
}
