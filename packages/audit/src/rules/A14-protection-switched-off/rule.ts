/**
 * A14: row security or FORCE that a migration switches off. In one transaction with the switch back on nobody sees it (ALTER TABLE holds its lock);
 * otherwise there is a window, and without the switch back the window has no end. Looks at tables that were protected before.
 */
import type { QualifiedName } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { assumedOwner, rightsOn } from "../exposure/rights.ts";
import { said, sqlName } from "../exposure/words.ts";
import { graphOf, holdsTenantRows } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding, Severity } from "../rule.ts";
import { type Switch, switchesOf } from "../timeline/row-security.ts";
import { timelineOf } from "../timeline/timeline.ts";

/** The rule. */
export const protectionSwitchedOff: Rule = {
  id: "A14",
  slug: "A14-protection-switched-off",
  title: "A migration switches row security off",
  needs: "history",
  find: (facts) => {
    const switches = facts.history ? switchesOf(timelineOf(facts.history)) : [];
    return switches.flatMap((off) =>
      off.on || off.table === null ? [] : (finding(facts, switches, off, off.table) ?? []),
    );
  },
};

function finding(facts: Facts, switches: readonly Switch[], off: Switch, table: QualifiedName): RuleFinding | null {
  const same = switches.filter(
    (each) => each.what === off.what && each.table?.schema === table.schema && each.table.name === table.name,
  );
  const relation = graphOf(facts).relation(table);
  const before = same.filter(({ moment }) => moment.at < off.moment.at);
  if (relation === undefined || before.at(-1)?.on !== true) return null;
  const on = same.find((each) => each.on && each.moment.at > off.moment.at);
  if (on?.moment.transaction === off.moment.transaction) return null;
  const still = off.what === "enabled" ? !relation.rowSecurity : !relation.forced;
  // switched on again by something that is no plain ALTER TABLE: nobody can tell when
  if (on === undefined && !still) return null;
  const forced = off.what === "forced";
  const name = said(relation);
  const words = forced ? "FORCE ROW LEVEL SECURITY" : "row security";
  return {
    object: { kind: "table", schema: relation.schema, name: relation.name, part: forced ? "force" : "row security" },
    table: { schema: relation.schema, name: relation.name },
    message:
      on === undefined
        ? `A migration takes ${words} of ${name} away and never gives it back.`
        : `A migration takes ${words} of ${name} away and gives it back in another transaction: in between every session ${forced ? "of the owner " : ""}sees all tenants' rows.`,
    severity: severityOf(facts, relation, forced, on !== undefined),
    evidence: [
      `off at ${placeOf(off)}`,
      on === undefined ? "off at the end of the migrations" : `on again at ${placeOf(on)}, not in the same transaction`,
    ],
    keys: [forced ? objectKey.forced(relation) : objectKey.rowSecurity(relation)],
    place: off.moment.statement.place,
    fix:
      on === undefined
        ? `alter table ${sqlName(relation)} ${forced ? "force" : "enable"} row level security;`
        : "put both into one transaction (BEGIN … COMMIT, or a migration that its tool runs as one), or let a role with BYPASSRLS do the work",
    attackable: on === undefined && !forced,
  };
}

const placeOf = ({ moment: { statement } }: Switch): string => `${statement.place.file}:${statement.place.line}`;

function severityOf(
  facts: Facts,
  relation: Parameters<typeof rightsOn>[1],
  forced: boolean,
  window: boolean,
): Severity {
  if (!holdsTenantRows(facts, relation) || rightsOn(facts, relation).length === 0) return "low";
  if (!forced) return window ? "medium" : "critical";
  const owner = facts.reach.all.has(relation.owner);
  return owner && !assumedOwner(facts) && !window ? "high" : "low";
}
