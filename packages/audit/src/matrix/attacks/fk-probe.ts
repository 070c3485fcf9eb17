/**
 * Foreign keys do not obey row security: a row of A that names B's parent must be refused, and refused in the same way as a row that names
 * nobody's (E1, E4). Steps come in pairs: B's key, then a key that does not exist.
 */
import { quoteName } from "@watertight/schema";
import { dotted, type ForeignKey } from "../../understand/schema/graph.ts";
import { plainValue } from "../seed/plain-value.ts";
import { conditionText, insertText, literal, nameOf, type Values } from "../seed/values.ts";
import type { Actor, Attack, Control, Ruling, Seen, Step } from "./attack.ts";
import { Forge, insertParts, mainStance } from "./forms.ts";
import { isUnclear, said, spoken } from "./judge.ts";
import { rightsOf, type Target, targetOf, unboundControl, type World } from "./world.ts";

/** Columns of the key that are no one's tenant or user: those by which a foreign row is named. */
function pointing(world: World, target: Target, key: ForeignKey): string[] {
  return key.columns.filter((name) => world.meaning.holds(target.relation, name) === null);
}

function judgePair(world: World, guessable: boolean, sent: string): (seen: Seen) => Ruling {
  return ({ answers }) => {
    const told = answers.flatMap((answer) => spoken(answer, world.markers, sent));
    if (told.length > 0) return { result: "leaked", evidence: told.join("; ") };
    const [foreign, , missing] = pairOf(answers);
    if (!foreign || !missing) return { result: "error", evidence: "no answer" };
    const open = [foreign, missing].find(({ error }) => error && isUnclear(error.code));
    if (open?.error) return { result: "error", evidence: said(open.error) };
    if (!foreign.error && (foreign.count ?? 0) > 0)
      return { result: "leaked", evidence: "a row of A now refers to a row of tenant B" };
    const [one, other] = [foreign.error?.code ?? "accepted", missing.error?.code ?? "accepted"];
    if (one !== other) {
      const evidence = `B's key: ${one}, a key that does not exist: ${other}`;
      return guessable
        ? { result: "leaked", evidence: `tells which keys exist in tenant B: ${evidence}` }
        : {
            result: "noted",
            evidence: `tells an existing key from another, but the key is a random uuid: ${evidence}`,
          };
    }
    return {
      result: "blocked",
      evidence: foreign.error
        ? `${said(foreign.error)}; the same for a key that does not exist`
        : "0 rows, as for a key that does not exist",
    };
  };
}

/** First and last answer of a pair; a step of SET CONSTRAINTS may stand behind each. */
function pairOf<T>(answers: readonly T[]): [T | undefined, undefined, T | undefined] {
  const half = answers.length / 2;
  return [worst(answers.slice(0, half)), undefined, worst(answers.slice(half))];
}

function worst<T>(answers: readonly T[]): T | undefined {
  return answers.find((answer) => (answer as { error?: unknown }).error) ?? answers[0];
}

function widened(target: Target, key: ForeignKey, columns: readonly string[]): Control[] {
  const drop = `alter table ${target.name} drop constraint ${quoteName(key.name)}`;
  const parentColumns = columns.map((name) => quoteName(key.parentColumns[key.columns.indexOf(name)]!)).join(", ");
  const parent = nameOf(key.parent);
  const alone = `alter table ${target.name} add foreign key (${columns.map(quoteName).join(", ")}) references ${parent} (${parentColumns})${key.child.kind === "p" ? "" : " not valid"}`;
  const { off } = unboundControl;
  return [
    unboundControl,
    {
      off: `${off}, the foreign key without the tenant`,
      unbound: true,
      sql: [drop, `create unique index on ${parent} (${parentColumns})`, alone],
    },
    { off: `${off}, the foreign key dropped`, unbound: true, sql: [drop] },
  ];
}

function probe(
  world: World,
  target: Target,
  actor: Actor,
  key: ForeignKey,
  parent: Target,
  columns: readonly string[],
): Attack[] {
  const main = mainStance(actor);
  const forge = new Forge(world, target, actor, "fk-probe", "E1");
  const parentRow = parent.b[0]!.values;
  const named = new Map(
    columns.map((name) => [name, parentRow.get(key.parentColumns[key.columns.indexOf(name)]!) ?? null]),
  );
  const nobody = new Map(
    columns.map((name) => {
      const column = world.graph.column(target.relation, name)!;
      const mark = { canary: "wn0000", number: 9, table: dotted(target.relation), random: world.random };
      return [name, plainValue(column, mark) ?? "0"];
    }),
  );
  const guessable = columns.some((name) => world.graph.column(target.relation, name)?.baseType !== "uuid");
  const constraint = world.facts.snapshot.constraints.find(
    (each) => each.name === key.name && dotted(each.relation) === dotted(target.relation),
  );
  const check: Step[] = constraint?.deferrable ? [{ sql: "set constraints all immediate" }] : [];
  const pair = (statement: (values: Values) => string): Step[] => [
    { sql: statement(named), note: "names a row of tenant B" },
    ...check,
    { sql: statement(nobody), note: "names a row that does not exist: the answer must be the same", alone: true },
    ...check,
  ];
  const make = (name: string, steps: readonly Step[], vector = "E1"): Attack =>
    forge.write(name, main, steps, {
      vector,
      object: key.name,
      judge: judgePair(world, guessable, steps.map(({ sql }) => sql).join("\n")),
      controls: widened(target, key, columns),
    });
  const attacks: Attack[] = [];
  if (target.spareA) {
    const { row, overriding } = insertParts(target.relation, target.spareA);
    const statement = (values: Values): string =>
      insertText(target.name, new Map([...row, ...values]), overriding !== "");
    attacks.push(make(`insert with B's ${columns.join(", ")}`, pair(statement)));
    // MATCH SIMPLE: one NULL and nothing is compared (E4)
    const loose = key.columns.filter(
      (name) => !columns.includes(name) && !world.graph.column(target.relation, name)?.notNull,
    );
    if (loose.length > 0 && constraint?.references?.match !== "full") {
      const empty = new Map(loose.map((name) => [name, null]));
      attacks.push(
        make(
          `insert with B's ${columns.join(", ")} and no ${loose.join(", ")}`,
          pair((values) => statement(new Map([...values, ...empty]))),
          "E4",
        ),
      );
    }
  }
  const rights = rightsOf(world, actor, target.relation);
  const own = target.key.length > 0 ? target.key : [];
  if (
    columns.every((name) => rights.update.has(name)) &&
    own.length > 0 &&
    own.every((name) => rights.select.has(name))
  ) {
    const where = conditionText(own, target.a.at(-1)!.values);
    const statement = (values: Values): string =>
      `update ${target.name} set ${[...values].map(([name, value]) => `${quoteName(name)} = ${literal(value)}`).join(", ")} where ${where}`;
    attacks.push(make(`update to B's ${columns.join(", ")}`, pair(statement)));
  }
  return attacks;
}

/** The attacks on foreign keys of a table; empty where none leads to rows of tenants. */
export function foreignKeyAttacks(world: World, target: Target, actor: Actor): Attack[] {
  if (actor.kind === "anonymous") return [];
  return world.graph.foreignKeys(target.relation).flatMap((key) => {
    const root = world.graph.root(key.parent);
    const known = world.facts.understanding.tables.find(({ relation }) => dotted(relation) === dotted(root));
    const parent = known && targetOf(world, root, known.tenancy);
    // whose row the child is follows from this parent: naming B's is what the insert attack does
    const decides =
      target.tenancy.kind === "derived" && key.columns.every((name) => target.ownerColumns.includes(name));
    const columns = pointing(world, target, key);
    return parent && !decides && columns.length > 0 ? probe(world, target, actor, key, parent, columns) : [];
  });
}
