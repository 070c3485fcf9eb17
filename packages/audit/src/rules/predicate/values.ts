/**
 * Values of terms in a situation, with the conditions under which each is the one: COALESCE, CASE and sub-selects have several. Must never decide
 * between two that are both possible.
 */
import { below, settingSource, type sourceText } from "../../understand/meaning/source.ts";
import { aggregated, constantText, isLossyCall, isLossyCast, sourceOf, typeOf } from "./depend.ts";
import { and, type Formula, no, not, or, yes } from "./formula.ts";
import { isNullValue, type Judging, mixed, place, placesOf } from "./judging.ts";
import { printTerm } from "./print.ts";
import { type Select, type Term, truth as truthTerm } from "./term.ts";
import type { Alternative, Judge, Situation, Value } from "./world.ts";

const always = (value: Value): readonly Alternative[] => [{ when: yes, value }];
const nothing: Value = { kind: "null" };

/** The values of a term. */
export function valuesOf(to: Judging, judge: Judge, term: Term, at: Situation): readonly Alternative[] {
  switch (term.kind) {
    case "constant":
      return always(term.value === null ? nothing : { kind: "constant", value: term.value, fromSession: false });
    case "column":
      return always({ kind: "cell", ...place(term, at), exact: true, text: printTerm(term) });
    case "and":
    case "or":
    case "not":
    case "is":
    case "exists":
    case "any":
    case "distinct":
      return always({ kind: "truth", truth: judge.truth(term, at) });
    case "cast":
      return judge.values(term.term, at).map(({ when, value }) => ({ when, value: castValue(value, term) }));
    case "coalesce":
      return firstNotNull(to, judge, term.terms, at);
    case "nullif":
      return judge.values(term.left, at).map(({ when, value }) => {
        const other = constantText(term.right);
        return { when, value: value.kind === "constant" && String(value.value) === other ? nothing : value };
      });
    case "case":
      return caseValues(judge, term, at);
    case "select":
      return selectValues(to, judge, term.select, at);
    case "keyword": {
      const source = sourceOf(term);
      return always(source === null ? mixed(term, at) : { kind: "session", source, text: printTerm(term) });
    }
    case "call":
      return callValues(judge, term, at);
    case "operator": {
      if (/^(=|<>|<|>|<=|>=|~~|~~\*|~|~\*|!~~|!~|@>|<@|&&|\?|\?\||\?&)$/.test(term.name))
        return always({ kind: "truth", truth: judge.truth(term, at) });
      return jsonValues(judge, term, at);
    }
    case "array":
    case "array select":
    case "tuple":
    case "opaque":
      return always(mixed(term, at));
  }
}

function castValue(value: Value, term: Term & { kind: "cast" }): Value {
  if (value.kind === "constant" && value.fromSession && !/^(text|character varying|varchar|name)/.test(term.type))
    return nothing;
  if (value.kind !== "cell") return value;
  const from = typeOf(term.term) || (value.row.relation?.columns.find(({ name }) => name === value.column)?.type ?? "");
  return isLossyCast(from, term.type) ? { ...value, exact: false } : value;
}

function sessionValue(source: Parameters<typeof sourceText>[0], text: string, at: Situation): Value {
  if (source.kind === "role") return { kind: "session", source, text };
  // PostgREST sets the role's claim for everybody, also for who is not signed in
  if (at.scenario.session === "open" || (source.kind === "claims" && source.path.join() === "role"))
    return { kind: "session", source, text };
  const empty = at.scenario.session === "empty" && source.kind === "setting";
  return empty ? { kind: "constant", value: "", fromSession: true } : nothing;
}

function callValues(judge: Judge, term: Term & { kind: "call" }, at: Situation): readonly Alternative[] {
  const source = sourceOf(term);
  const text = printTerm(term);
  if (source !== null) return always(sessionValue(source, text, at));
  const body = term.body();
  if (body !== null) return judge.values(body, at);
  if (term.routine === null) {
    const inner = aggregated(term);
    if (inner !== null) return judge.values(inner, at);
    // trim(current_setting(…)) and its like keep what the context is
    const [first] = term.args;
    if (isLossyCall(term) && first !== undefined && sourceOf(first) !== null) return judge.values(first, at);
    if (/^jsonb?_extract_path(_text)?$/.test(term.name) && first !== undefined) {
      const start = sourceOf(first);
      const path = term.args.slice(1).map(constantText);
      if (start !== null && path.every((step) => step !== null)) {
        const end = path.reduce((found, step) => below(found, step) ?? found, start);
        return always(sessionValue(end, text, at));
      }
    }
    if (term.name === "set_config")
      return always(
        sessionValue(settingSource(constantText(first) ?? "?"), text, {
          ...at,
          scenario: { ...at.scenario, session: "open" },
        }),
      );
  }
  return always(mixed(term, at));
}

function jsonValues(judge: Judge, term: Term & { kind: "operator" }, at: Situation): readonly Alternative[] {
  const source = sourceOf(term);
  if (source !== null) return always(sessionValue(source, printTerm(term), at));
  const key = constantText(term.right);
  const path = ["->", "->>"].includes(term.name);
  // coalesce(…claims…) ->> 'sub': each of them, one step down
  if (path && key !== null && term.left.kind !== "column")
    return judge.values(term.left, at).map(({ when, value }) => {
      const down = value.kind === "session" ? below(value.source, key) : undefined;
      if (down !== undefined) return { when, value: { kind: "session", source: down, text: printTerm(term) } };
      return {
        when,
        value: value.kind === "null" || (value.kind === "constant" && value.fromSession) ? nothing : mixed(term, at),
      };
    });
  return always(mixed(term, at));
}

function firstNotNull(to: Judging, judge: Judge, terms: readonly Term[], at: Situation): readonly Alternative[] {
  const [first, ...rest] = terms;
  if (first === undefined) return always(nothing);
  return judge.values(first, at).flatMap(({ when, value }): readonly Alternative[] => {
    const later = (condition: Formula): Alternative[] =>
      firstNotNull(to, judge, rest, at).map((each) => ({ when: and(when, condition, each.when), value: each.value }));
    if (value.kind === "null") return later(yes);
    if (value.kind === "truth") {
      const isNothing = and(not(value.truth.t), not(value.truth.f));
      return [{ when: and(when, or(value.truth.t, value.truth.f)), value }, ...later(isNothing)];
    }
    if (value.kind !== "cell") return [{ when, value }];
    const test = isNullValue(to, value, `${value.text} is null`, at);
    return [{ when: and(when, test.f), value }, ...(test.t.kind === "false" ? [] : later(test.t))];
  });
}

function caseValues(judge: Judge, term: Term & { kind: "case" }, at: Situation): readonly Alternative[] {
  let before: Formula = yes;
  const found: Alternative[] = [];
  for (const { when, result } of term.whens) {
    const condition = judge.truth(when, at);
    const reached = and(before, condition.t);
    if (reached.kind !== "false")
      found.push(...judge.values(result, at).map((each) => ({ when: and(reached, each.when), value: each.value })));
    before = and(before, or(condition.f, not(condition.t)));
    if (before.kind === "false") return found;
  }
  return [
    ...found,
    ...judge.values(term.otherwise, at).map((each) => ({ when: and(before, each.when), value: each.value })),
  ];
}

function selectValues(to: Judging, judge: Judge, select: Select, at: Situation): readonly Alternative[] {
  const found: Alternative[] = [];
  for (const branch of select.branches)
    for (const place of placesOf(to, branch.rows, at)) {
      const where = and(place.visible, judge.truth(branch.where, place.at).t);
      if (where.kind === "false") continue;
      const target = branch.targets[0]?.term ?? truthTerm(null);
      for (const { when, value } of judge.values(aggregated(target) ?? target, place.at))
        found.push({ when: and(where, when), value });
    }
  // no row: null
  return [...found, { when: found.some(({ when }) => when.kind === "true") ? no : yes, value: nothing }];
}
