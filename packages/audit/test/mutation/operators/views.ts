/** Mistakes with views: read as the owner, without the filter, without the barrier, given to a role that bypasses. */
import type { Relation } from "@watertight/schema";
import type { SyntaxNode } from "../../../src/history/statement.ts";
import { appended, replaced } from "../change.ts";
import type { CleanSchema, Mutation, Operator } from "../mutation.ts";
import { mayDo } from "../policies.ts";
import { rangeName } from "../text.ts";
import { cut, put, wordsAt } from "../text.ts";

interface ViewSource {
  readonly at: number;
  readonly text: string;
  readonly target: string;
  readonly view: Relation;
}

/** Views that requests read. */
function viewsOf(schema: CleanSchema): ViewSource[] {
  return schema.statements.flatMap(({ text, tree }, at): ViewSource[] => {
    const node = tree["ViewStmt"] as SyntaxNode | undefined;
    if (node === undefined || at < schema.given) return [];
    const target = rangeName(node["view"]);
    const view = schema.facts.snapshot.relations.find((each) => `${each.schema}.${each.name}` === target);
    return view !== undefined && mayDo(schema, view, "SELECT") ? [{ at, text, target, view }] : [];
  });
}

/** Whether a table that the view reads lets the view's owner see all rows. */
function opens({ facts }: CleanSchema, { reads, owner }: Relation): boolean {
  const { relations, roles } = facts.snapshot;
  const bypasses = roles.some(({ name, superuser, bypassRls }) => name === owner && (superuser || bypassRls));
  return reads.some(({ schema, name }) => {
    const table = relations.find((each) => each.schema === schema && each.name === name);
    return (
      table !== undefined &&
      /^[rp]$/.test(table.kind) &&
      (bypasses || !table.rowSecurity || (table.owner === owner && !table.forced))
    );
  });
}

/** An operator that rewrites a view. */
function onViews(
  operator: Omit<Operator, "mutate">,
  change: (source: ViewSource, schema: CleanSchema) => string | undefined,
): Operator {
  return {
    ...operator,
    mutate: (schema) =>
      viewsOf(schema).flatMap((source): Mutation[] => {
        const by = change(source, schema);
        return by === undefined ? [] : [replaced(schema, source.target, source.at, by)];
      }),
  };
}

const bound = "views whose owner is bound by the policies of all tables behind them";
const invoker = /\bsecurity_invoker\s*=\s*(true|on)\b/;

/** Operators on views. */
export const viewOperators: readonly Operator[] = [
  onViews(
    { name: "drop-security-invoker", what: "security_invoker is forgotten", vectors: ["D1", "D13"], sparing: bound },
    ({ text, view }, schema) => {
      const span = wordsAt(text, invoker);
      return span && opens(schema, view) ? put(text, span, "security_invoker = false") : undefined;
    },
  ),
  {
    name: "replace-view",
    what: "CREATE OR REPLACE VIEW without its options",
    vectors: ["D2", "D1", "D11", "D13"],
    sparing: bound,
    mutate: (schema) =>
      viewsOf(schema).flatMap(({ text, target, view }): Mutation[] => {
        const options = wordsAt(text, /\bwith\s*\(\s*security_invoker\s*=\s*\w+[^)]*\)/);
        if (options === undefined || !opens(schema, view)) return [];
        const again = put(text, options, "").replace(/^create\s+(or\s+replace\s+)?view/i, "create or replace view");
        return [appended(schema, target, view.owner, again)];
      }),
  },
  onViews(
    {
      name: "drop-barrier",
      what: "security_barrier is forgotten where only the view isolates",
      vectors: ["D11", "D1"],
      sparing: bound,
    },
    ({ text, view }, schema) => {
      const span = wordsAt(text, /\bsecurity_barrier\s*=\s*(true|on)\b/);
      const reads = view.options.includes("security_invoker=true") ? false : opens(schema, view);
      return span && reads ? put(text, span, "security_barrier = false") : undefined;
    },
  ),
  onViews(
    {
      name: "drop-check-option",
      what: "WITH CHECK OPTION is forgotten where only the view isolates",
      vectors: ["D16"],
      sparing: "views that requests don't write",
    },
    ({ text, view }, schema) =>
      ["INSERT", "UPDATE"].some((each) => mayDo(schema, view, each)) && opens(schema, view)
        ? cut(text, /\bwith\s+((cascaded|local)\s+)?check\s+option\b/)
        : undefined,
  ),
  onViews(
    {
      name: "drop-view-filter",
      what: "the filter of a view that alone isolates is gone",
      vectors: ["D1", "D11", "D13"],
      sparing: bound,
    },
    ({ text, view }, schema) => {
      if (!opens(schema, view) || view.options.includes("security_invoker=true")) return undefined;
      const where = wordsAt(text, /\bwhere\b/);
      if (where === undefined) return undefined;
      const rest = wordsAt(text.slice(where.start), /\b(group\s+by|order\s+by|with\s+\w*\s*check\s+option)\b/);
      return put(text, { start: where.start, end: rest ? where.start + rest.start : text.length }, "");
    },
  ),
  {
    name: "view-of-bypass-role",
    what: "a view is given to a role that bypasses row security",
    vectors: ["D13", "D1"],
    sparing: "views of the invoker, and views that filter by the tenant themselves",
    mutate: (schema) =>
      viewsOf(schema).flatMap(({ target, view }): Mutation[] =>
        view.options.includes("security_invoker=true") ||
        /current_setting/.test(view.definition ?? "") ||
        view.calls.length > 0
          ? []
          : [
              appended(
                schema,
                target,
                null,
                "create role mutant nologin bypassrls",
                ...schema.facts.snapshot.schemas.map(({ name }) => `grant usage on schema ${name} to mutant`),
                ...view.reads.map(({ schema: above, name }) => `grant select on ${above}.${name} to mutant`),
                `alter view ${target} owner to mutant`,
              ),
            ],
      ),
  },
];
