/**
 * What constraints and counters do behind row security's back: a delete of A that cascades into B (E2), and sequences that all tenants share
 * (F5). A delete that is refused because of B (E3) needs a reference that the probe of the foreign key (E1) shows already.
 */
import { quoteName } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { conditionText, literal, nameOf, type Values } from "../seed/values.ts";
import type { Actor, Attack, Control, Ruling, Seen, Step } from "./attack.ts";
import { Forge, mainStance } from "./forms.ts";
import { isUnclear, rowInWords, said } from "./judge.ts";
import { rightsOf, type Target, targetOf, unboundControl, type World } from "./world.ts";

const cascading = new Set(["cascade", "set null", "set default"]);

function judge(target: Target, victim: Values, pointed: Values): (seen: Seen) => Ruling {
  return ({ answers: [plant, remove], changes }) => {
    const open = [plant, ...(plant?.error ? [] : [remove])].find(
      (answer) => answer?.error && isUnclear(answer.error.code),
    );
    if (open?.error) return { result: "error", evidence: said(open.error) };
    if (plant?.error)
      return { result: "blocked", evidence: `a row of B can't refer to one of A: ${said(plant.error)}` };
    if (remove?.error) return { result: "blocked", evidence: said(remove.error) };
    const now = changes.flatMap((change) => change.now);
    const row = now.find((values) => target.key.every((name) => values.get(name) === victim.get(name)));
    const stayed = row && [...pointed].every(([name, value]) => row.get(name) === value);
    return stayed || (remove?.count ?? 0) === 0
      ? { result: "blocked", evidence: `DELETE ${remove?.count ?? 0}, B's row stayed as it was` }
      : {
          result: "leaked",
          evidence: `A's delete reached B's row in ${target.relation.name}: ${rowInWords(target.key, victim)}`,
        };
  };
}

/** The attacks that delete A's parents of B's rows. */
export function cascadeAttacks(world: World, target: Target, actor: Actor): Attack[] {
  if (actor.kind === "anonymous" || target.key.length === 0) return [];
  return world.graph.foreignKeys(target.relation).flatMap((key) => {
    const root = world.graph.root(key.parent);
    const known = world.facts.understanding.tables.find(({ relation }) => dotted(relation) === dotted(root));
    const parent = known && targetOf(world, root, known.tenancy);
    const columns = key.columns.filter((name) => world.meaning.holds(target.relation, name) === null);
    const decides =
      target.tenancy.kind === "derived" && key.columns.every((name) => target.ownerColumns.includes(name));
    if (!parent || decides || columns.length === 0 || parent.key.length === 0 || root === target.relation) return [];
    if (!cascading.has(key.onDelete)) return [];
    const rights = rightsOf(world, actor, root);
    if (!rights.delete) return [];
    const victim = target.b.at(-1)!.values;
    // nobody of A's own refers to the last one
    const mine = parent.a.at(-1)!.values;
    const set = columns.map(
      (name) => `${quoteName(name)} = ${literal(mine.get(key.parentColumns[key.columns.indexOf(name)]!))}`,
    );
    const steps: Step[] = [
      {
        sql: world.lab.plant(`update ${target.name} set ${set.join(", ")} where ${conditionText(target.key, victim)}`),
        note: "the superuser lets a row of B refer to one of A: does the foreign key allow it?",
      },
      { sql: `delete from ${nameOf(root)} where ${conditionText(parent.key, mine)}`, note: "A deletes its own row" },
    ];
    const names = columns.map(quoteName).join(", ");
    const parentNames = columns.map((name) => quoteName(key.parentColumns[key.columns.indexOf(name)]!)).join(", ");
    const control: Control = {
      off: `${unboundControl.off}, the foreign key without the tenant`,
      unbound: true,
      sql: [
        `alter table ${target.name} drop constraint ${quoteName(key.name)}`,
        `create unique index on ${nameOf(root)} (${parentNames})`,
        `alter table ${target.name} add foreign key (${names}) references ${nameOf(root)} (${parentNames}) on delete ${key.onDelete}${target.relation.kind === "p" ? "" : " not valid"}`,
      ],
    };
    const forge = new Forge(world, target, actor, "side-door", "E2");
    const attack = forge.write(`delete A's ${root.name} to which a row of B refers`, mainStance(actor), steps, {
      vector: "E2",
      object: key.name,
      judge: judge(
        target,
        victim,
        new Map(columns.map((name) => [name, mine.get(key.parentColumns[key.columns.indexOf(name)]!) ?? null])),
      ),
      controls: [unboundControl, control],
    });
    return [attack];
  });
}

/** The attacks on sequences behind a table's columns. */
export function sequenceAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const { facts } = world;
  const main = mainStance(actor);
  const forge = new Forge(world, target, actor, "side-door", "F5");
  return facts.snapshot.relations.flatMap((sequence) => {
    if (sequence.kind !== "S" || !sequence.ownedBy || dotted(sequence.ownedBy) !== dotted(target.relation)) return [];
    if (!["SELECT", "UPDATE", "USAGE"].some((privilege) => facts.reach.can(privilege, sequence))) return [];
    const name = nameOf(sequence);
    const controls = [{ ...unboundControl, off: "all rights granted" }];
    const judged =
      (result: "leaked" | "noted", words: string) =>
      (seen: Seen): Ruling => {
        const refused = seen.answers.map(({ error }) => error).find((error) => error !== null);
        if (refused) return { result: isUnclear(refused.code) ? "error" : "blocked", evidence: said(refused) };
        return { result, evidence: `${words}: ${seen.answers[0]!.rows[0]?.[0] ?? ""}` };
      };
    const options = { object: sequence.name, vector: "F5", controls, watch: [] };
    const volume = forge.write(`read the counter of ${sequence.name}`, main, `select last_value from ${name}`, {
      ...options,
      judge: judged("noted", "the counter that all tenants share"),
    });
    const move = forge.write(
      `move the counter of ${sequence.name}`,
      main,
      `select setval(${literal(name)}, nextval(${literal(name)}))`,
      { ...options, judge: judged("leaked", "the counter that all tenants share was set") },
    );
    return [
      { ...volume, watch: [] },
      { ...move, watch: [] },
    ];
  });
}
