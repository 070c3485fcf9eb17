/**
 * Everything that judging policies takes, put together once for the facts of a run: catalog, policies, roles, and the judge, who asks the policies
 * of other tables when a predicate reads them.
 */
import type { QualifiedName } from "@watertight/schema";
import { roleGraph } from "../../understand/role-graph.ts";
import type { Facts } from "../rule.ts";
import { mayAskSession } from "./asks.ts";
import { type Catalog, catalogOf } from "./catalog.ts";
import { type Door, type Guards, type Policies, policiesOf } from "./effective.ts";
import { and, type Formula, or, yes } from "./formula.ts";
import { judgeOf } from "./judge.ts";
import type { Judging } from "./judging.ts";
import type { Predicate } from "./reader.ts";
import type { RowVariable } from "./term.ts";
import { foreign, type Judge, own, type Placement, type Scenario, type Situation } from "./world.ts";
import type { Guard } from "./effective.ts";

/** Judges policies. */
export interface Court {
  readonly catalog: Catalog;
  readonly policies: Policies;
  readonly judge: Judge;
  /** Roles whose policies and rights a role has without SET ROLE. */
  rights(role: string): ReadonlySet<string>;
  settable(role: string): ReadonlySet<string>;
  /** When a policy lets a row through that lies as placed. */
  admits(guard: Guard, placement: Placement, scenario: Scenario, more?: Partial<Situation>): Formula;
  /** All restrictive policies of a door together. */
  floor(guards: Guards, placement: Placement, scenario: Scenario, more?: Partial<Situation>): Formula;
}

/** A text for each placement. */
const placed = (placement: Placement): string =>
  placement.kind === "written" ? ["written", ...placement.foreign].join("\0") : placement.kind;

const plantedText = (planted: Situation["planted"] = new Map()): string[] =>
  [...planted].flatMap(([key, placements]) => ["", key, ...placements.map(placed)]);

/** A text for each relation. */
export const relationKey = ({ schema, name }: QualifiedName): string => JSON.stringify([schema, name]);

const readDoor: Door = { command: "select", side: "using" };
const deepest = 4;
const courts = new WeakMap<object, Court>();

/** The court of these facts; made once. */
export function courtOf(facts: Facts): Court {
  const known = courts.get(facts.snapshot);
  if (known !== undefined) return known;
  const made = convene(facts);
  courts.set(facts.snapshot, made);
  return made;
}

function convene({ snapshot, understanding, reach }: Facts): Court {
  const catalog = catalogOf(snapshot, understanding);
  const policies = policiesOf(catalog);
  const graph = roleGraph(snapshot);
  const platform = ["anon", "authenticated", "service_role"].filter((name) => graph.role(name) !== undefined);
  const knownRoles = new Set([...understanding.roles.flatMap(({ name, login }) => [name, login]), ...platform]);

  const empty: ReadonlyMap<string, readonly Placement[]> = new Map();
  const at = (
    judged: RowVariable,
    placement: Placement,
    scenario: Scenario,
    more: Partial<Situation> = {},
  ): Situation => ({
    planted: empty,
    stack: [],
    ...more,
    judged,
    scenario,
    placements: new Map([[judged, placement]]),
  });
  const unread: Formula = {
    kind: "atom",
    atom: { text: "a policy that could not be read", about: "unknown" },
    negated: false,
  };
  // the same question is put by every rule, and for every other policy of the table
  const answers = new WeakMap<Predicate, Map<string, Formula>>();
  const admits: Court["admits"] = (guard, placement, scenario, more) => {
    const { predicate } = guard;
    if (predicate === null) return unread;
    const answer = (): Formula => judge.truth(predicate.term, at(predicate.row, placement, scenario, more)).t;
    if (more?.stack !== undefined) return answer();
    const session = mayAskSession(predicate) ? scenario.session : "any";
    const asked = [session, scenario.role, placed(placement), ...plantedText(more?.planted)].join("\0");
    const known = answers.get(predicate) ?? new Map<string, Formula>();
    answers.set(predicate, known);
    const before = known.get(asked);
    if (before !== undefined) return before;
    const formula = answer();
    known.set(asked, formula);
    return formula;
  };
  const floor: Court["floor"] = (guards, placement, scenario, more) =>
    and(...guards.restrictive.map((guard) => admits(guard, placement, scenario, more)));

  /** Whether a row of another table, read in a sub-select, passes that table's own policies. */
  const visible = (row: RowVariable, placement: Placement, situation: Situation): Formula => {
    const { relation, actor } = row;
    if (relation === null || placement.kind === "own" || !relation.rowSecurity) return yes;
    const key = relationKey(relation);
    if (situation.stack.includes(key) || situation.stack.length >= deepest) return yes;
    const reader = actor ?? situation.scenario.role;
    if (reach.roleBypasses(reader, relation)) return yes;
    const guards = policies.guards(relation, graph.inherited(reader), readDoor);
    const more = { planted: situation.planted, stack: [...situation.stack, key] };
    const { scenario } = situation;
    const floored = floor(guards, placement, scenario, more);
    if (floored.kind === "false") return floored;
    return and(or(...guards.permissive.map((guard) => admits(guard, placement, scenario, more))), floored);
  };

  const judging: Judging = {
    catalog,
    knownRoles,
    roles: (role) => ({ is: role, becomes: graph.settable(role) }),
    isMember: (one, other) => graph.inherited(one).has(other) || graph.settable(one).has(other),
    worlds(row, situation) {
      if (row.relation === null) return [{ placement: own, visible: yes }];
      const planted = situation.planted.get(relationKey(row.relation)) ?? [];
      return [own, foreign, ...planted]
        .map((placement) => ({ placement, visible: visible(row, placement, situation) }))
        .filter(({ visible: seen }) => seen.kind !== "false");
    },
  };
  const judge = judgeOf(judging);
  return { catalog, policies, judge, rights: graph.inherited, settable: graph.settable, admits, floor };
}
