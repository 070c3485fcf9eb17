/**
 * Views and materialized views over a tenant's table: rows of B in the answer, an answer that depends on B's rows at all (sums, counts), and
 * writes through the view (D1, D3, D11, D13, D16).
 */
import { counted } from "../../words/counted.ts";
import { quoteName, type Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import { insertText, nameOf } from "../seed/values.ts";
import type { Answer } from "../wire/session.ts";
import type { Actor, Attack, Control, Ruling, Seen, Step } from "./attack.ts";
import { Forge, insertParts, mainStance, written } from "./forms.ts";
import { rowOfB } from "./insert.ts";
import { type Markers, markersOf, ruling, spoken } from "./judge.ts";
import { forgetB, tablesBehind, touchedBy } from "./paths.ts";
import { openTable, rightsOf, type Target, unboundControl, type World } from "./world.ts";

/** What of B an answer shows, cell by cell. */
function shows(answer: Answer, markers: Markers, sent: string): string[] {
  const rows = answer.rows.filter((cells) => cells.some((cell) => cell !== null && markers.in(cell, sent).length > 0));
  if (rows.length === 0) return [];
  const first = rows[0]!.map((cell, at) => `${answer.columns[at]}=${(cell ?? "null").slice(0, 60)}`).slice(0, 4);
  return [`${counted(rows.length, "row")} with data of tenant B: ${first.join(" ")}`];
}

const same = (one: Answer, other: Answer): boolean => JSON.stringify(one.rows) === JSON.stringify(other.rows);

/** Judges four steps: the question, the question again, B's rows taken away, the question. */
export function judgeDependence(markers: Markers, sent: string): (seen: Seen) => Ruling {
  return ({ answers }) => {
    const [first, again, forgotten, without] = answers;
    const told = [first!, again!].flatMap((answer) => [
      ...shows(answer, markers, sent),
      ...spoken(answer, markers, sent),
    ]);
    if (told.length === 0 && forgotten && without && !first!.error && !without.error && !forgotten.error)
      if (same(first!, again!) && !same(first!, without))
        told.push(
          `the answer depends on tenant B's rows: ${JSON.stringify(first!.rows[0] ?? [])} with them, ${JSON.stringify(without.rows[0] ?? [])} without`,
        );
    return ruling(
      told.slice(0, 2),
      first!.error ? [first!] : [first!],
      `${counted(first!.rows.length, "row")}, none of tenant B, and the same without B's rows`,
    );
  };
}

function vectorOfView(world: World, view: Relation): string {
  if (view.kind === "m") return "D3";
  const owner = world.facts.reach.role(view.owner);
  return owner && (owner.superuser || owner.bypassRls) ? "D13" : "D1";
}

function controlsFor(world: World, actor: Actor, view: Relation, tables: readonly Relation[]): Control[] {
  const open = openTable(world, actor, [view, ...tables], "row security of the tables off, all rights granted");
  const refresh = view.kind === "m" ? [`refresh materialized view ${nameOf(view)}`] : [];
  return [
    ...(view.kind === "v" ? [unboundControl] : []),
    { ...open, sql: [...open.sql, ...refresh] },
    { off: "tenant B asks the same", sql: open.sql.filter((sql) => sql.startsWith("grant")), asB: true },
  ];
}

function writes(
  world: World,
  target: Target,
  actor: Actor,
  view: Relation,
  forge: Forge,
  controls: readonly Control[],
): Attack[] {
  const rights = rightsOf(world, actor, view);
  const main = mainStance(actor);
  const watch = [...tablesBehind(world, view), ...touchedBy(world, view)].filter((table) => world.book.page(table));
  const options = { watch, controls, object: view.name, vector: vectorOfView(world, view) };
  const name = nameOf(view);
  const attacks: Attack[] = [];
  const column = view.columns.find(
    (each) =>
      rights.update.has(each.name) &&
      !target.key.includes(each.name) &&
      target.relation.columns.some((own) => own.name === each.name),
  );
  if (column)
    attacks.push(
      forge.write(
        `update through view ${view.name}`,
        main,
        `update ${name} set ${quoteName(column.name)} = ${quoteName(column.name)}`,
        options,
      ),
    );
  if (rights.delete)
    attacks.push(forge.write(`delete through view ${view.name}`, main, `delete from ${name}`, options));
  if (rights.insert.size > 0) {
    const { row, scene } = rowOfB(world, target);
    const shown = new Map(
      [...insertParts(target.relation, row).row].filter(([each]) => view.columns.some((own) => own.name === each)),
    );
    if (target.ownerColumns.every((each) => shown.has(each)))
      attacks.push(
        forge.write(`insert a row of B through view ${view.name}`, main, insertText(name, shown, false), {
          ...options,
          ...(scene.length > 0 ? { scene } : {}),
        }),
      );
  }
  return attacks;
}

// D11: a cheap function of the attacker's own sees rows before the view's filter does, where the view is the only filter.
function leaky(
  target: Target,
  actor: Actor,
  view: Relation,
  forge: Forge,
  controls: readonly Control[],
  markers: Markers,
): Attack[] {
  const shared = view.columns.find(
    ({ name, baseType }) =>
      /^(text|character varying|uuid)/.test(baseType) && target.b[0]!.values.get(name) !== undefined,
  );
  if (!shared) return [];
  const steps: Step[] = [
    // an index would apply the view's filter first
    { sql: "set local enable_indexscan = off" },
    { sql: "set local enable_indexonlyscan = off" },
    { sql: "set local enable_bitmapscan = off" },
    {
      sql: "create function pg_temp.wt_peek(value text) returns boolean language plpgsql cost 0.0000001 as $$ begin raise notice '%', value; return true; end $$",
    },
    {
      sql: `select 1 from ${nameOf(view)} where pg_temp.wt_peek(${quoteName(shared.name)}::text)`,
      note: "the notices may show rows that the view hides",
    },
  ];
  const sent = written(steps);
  const judge = ({ answers }: Seen): Ruling =>
    ruling(
      answers.flatMap((answer) => spoken(answer, markers, sent)),
      answers,
      "no notice shows a row of tenant B",
    );
  return [
    forge.write(`a leaky function over view ${view.name}`, mainStance(actor), steps, {
      object: view.name,
      vector: "D11",
      judge,
      controls,
      watch: [],
    }),
  ];
}

/** The attacks through views that read the table. */
export function viewAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const markers = markersOf([target.page], [], world.tenants.b.canary);
  return world.facts.snapshot.relations.flatMap((view) => {
    if (view.kind !== "v" && view.kind !== "m") return [];
    const tables = tablesBehind(world, view);
    if (!tables.some((table) => dotted(world.graph.root(table)) === dotted(target.relation))) return [];
    const rights = rightsOf(world, actor, view);
    if (rights.select.size === 0 && rights.update.size === 0 && rights.insert.size === 0 && !rights.delete) return [];
    const forge = new Forge(world, target, actor, "side-door", "D1");
    const controls = controlsFor(world, actor, view, tables);
    const shown = view.columns.filter(({ name }) => rights.select.has(name));
    const attacks: Attack[] = [];
    if (shown.length > 0) {
      const question = `select ${shown.map(({ name }) => quoteName(name)).join(", ")} from ${nameOf(view)} order by ${shown.map((_, at) => at + 1).join(", ")}`;
      const sortable = shown.every(
        ({ baseType }) => !/^(json|xml|point|polygon|line|box|path|circle|lseg)\b/.test(baseType),
      );
      const sql = sortable ? question : question.slice(0, question.lastIndexOf(" order by "));
      const steps: Step[] = [{ sql }, { sql }, forgetB(world, tables), { sql }];
      const attack = forge.write(
        `select from ${view.kind === "m" ? "materialized view" : "view"} ${view.name}`,
        mainStance(actor),
        steps,
        {
          object: view.name,
          vector: vectorOfView(world, view),
          judge: judgeDependence(markers, written([{ sql }])),
          controls,
        },
      );
      attacks.push({ ...attack, watch: [], heavy: true });
      if (view.kind === "v" && !target.relation.rowSecurity && world.rights.temp(actor.role))
        attacks.push(...leaky(target, actor, view, forge, controls, markers));
    }
    if (view.kind === "v") attacks.push(...writes(world, target, actor, view, forge, controls));
    return attacks;
  });
}

/** Materialized views, which are to be filled after the seed. */
export const materializedViews = (world: World): string[] =>
  world.facts.snapshot.relations.flatMap((relation) => (relation.kind === "m" ? [nameOf(relation)] : []));
