/**
 * Truth and values of terms in a situation: boolean structure exactly, with NULL; sub-selects by trying whose each of their rows may be. Must
 * never decide what it could not read: that is an atom about something "unknown".
 */
import { anyTruth, byWhatItHangsOn, compareValues } from "./compare.ts";
import { aggregated, constantText } from "./depend.ts";
import { and, type Formula, not, or, yes } from "./formula.ts";
import { isNullValue, type Judging, mixed, placesOf } from "./judging.ts";
import { printTerm } from "./print.ts";
import { type Branch, isSelect, type Select, type Term, truth as truthTerm } from "./term.ts";
import { valuesOf } from "./values.ts";
import { isFalse, isNull, isTrue, type Judge, type Situation, type Truth, type Value } from "./world.ts";

/** A judge. */
export function judgeOf(to: Judging): Judge {
  const judge: Judge = {
    truth: (term, at) => truthOf(to, judge, term, at),
    values: (term, at) => valuesOf(to, judge, term, at),
  };
  return judge;
}

function truthOf(to: Judging, judge: Judge, term: Term, at: Situation): Truth {
  const parts = (terms: readonly Term[]): Truth[] => terms.map((each) => judge.truth(each, at));
  switch (term.kind) {
    case "and": {
      const all = parts(term.terms);
      return { t: and(...all.map(({ t }) => t)), f: or(...all.map(({ f }) => f)) };
    }
    case "or": {
      const all = parts(term.terms);
      return { t: or(...all.map(({ t }) => t)), f: and(...all.map(({ f }) => f)) };
    }
    case "not": {
      const { t, f } = judge.truth(term.term, at);
      return { t: f, f: t };
    }
    case "is":
      return isTest(to, judge, term, at);
    case "exists": {
      const found = anyRow(to, judge, term.select, at, () => isTrue);
      return { t: found.t, f: yes };
    }
    case "any":
      return anyOf(to, judge, term, at);
    case "operator": {
      const counted = counting(to, judge, term, at);
      if (counted !== null) return counted;
      return compareTerms(to, judge, term.name, term.left, term.right, printTerm(term), at);
    }
    case "distinct": {
      const same = sameOrBothNull(to, judge, term.left, term.right, printTerm(term), at);
      return { t: same.f, f: same.t };
    }
    case "select": {
      const [target] = term.select.branches[0]?.targets ?? [];
      const call = target?.term.kind === "call" && target.term.routine === null ? target.term : null;
      if (call !== null && /^(bool_or|bool_and|every)$/.test(call.name)) {
        const found = anyRow(to, judge, term.select, at, () => isTrue, call.args[0]);
        return { t: found.t, f: yes };
      }
      const found = anyRow(to, judge, term.select, at, (value) => valueTruth(to, value, printTerm(term), at));
      return { t: found.t, f: or(found.f, yes) };
    }
    case "case":
    case "coalesce":
    case "call":
    case "cast":
    case "column":
    case "constant":
    case "keyword":
    case "nullif":
    case "array":
    case "array select":
    case "tuple":
    case "opaque": {
      if (term.kind === "call" && term.name === "pg_has_role") return hasRole(to, term, at);
      return anyTruth(
        judge.values(term, at).map(({ when, value }) => ({ when, truth: valueTruth(to, value, printTerm(term), at) })),
      );
    }
  }
}

function valueTruth(to: Judging, value: Value, text: string, at: Situation): Truth {
  switch (value.kind) {
    case "null":
      return isNull;
    case "truth":
      return value.truth;
    case "constant":
      if (value.fromSession) return isNull;
      return value.value === true || value.value === "true" || value.value === "t" ? isTrue : isFalse;
    case "session":
    case "cell":
    case "mixed":
      return byWhatItHangsOn(to, [value], text, at);
  }
}

function isTest(to: Judging, judge: Judge, term: Term & { kind: "is" }, at: Situation): Truth {
  if (term.what !== "null") {
    const { t, f } = judge.truth(term.term, at);
    return term.what === "true" ? { t, f: or(f, not(t)) } : { t: f, f: or(t, not(f)) };
  }
  const tests = judge
    .values(term.term, at)
    .map(({ when, value }) => ({ when, truth: isNullValue(to, value, printTerm(term), at) }));
  return anyTruth(tests);
}

/** Compares terms, alternative by alternative. */
function compareTerms(
  to: Judging,
  judge: Judge,
  name: string,
  left: Term,
  right: Term,
  text: string,
  at: Situation,
): Truth {
  const rights = judge.values(right, at);
  return anyTruth(
    judge.values(left, at).flatMap((one) =>
      rights.map((other) => ({
        when: and(one.when, other.when),
        truth: compareValues(to, name, one.value, other.value, text, at),
      })),
    ),
  );
}

function sameOrBothNull(to: Judging, judge: Judge, left: Term, right: Term, text: string, at: Situation): Truth {
  const rights = judge.values(right, at);
  return anyTruth(
    judge.values(left, at).flatMap((one) =>
      rights.map((other) => {
        const when = and(one.when, other.when);
        if (one.value.kind !== "null" && other.value.kind !== "null") {
          const truth = compareValues(to, "=", one.value, other.value, text, at);
          return { when, truth };
        }
        const rest = one.value.kind === "null" ? other.value : one.value;
        return { when, truth: isNullValue(to, rest, text, at) };
      }),
    ),
  );
}

/** Some row of a sub-select satisfies it, whoever's it is. */
function anyRow(
  to: Judging,
  judge: Judge,
  select: Select,
  at: Situation,
  test: (value: Value) => Truth,
  extra?: Term,
): Truth {
  const found: { when: Formula; truth: Truth }[] = [];
  for (const branch of select.branches)
    for (const place of placesOf(to, branch.rows, at)) {
      const where = and(
        place.visible,
        judge.truth(branch.where, place.at).t,
        extra === undefined ? yes : judge.truth(extra, place.at).t,
      );
      if (where.kind === "false") continue;
      const target = branch.targets[0]?.term ?? truthTerm(true);
      for (const { when, value } of judge.values(aggregated(target) ?? target, place.at))
        found.push({ when: and(where, when), truth: test(value) });
    }
  return anyTruth(found);
}

function anyOf(to: Judging, judge: Judge, term: Term & { kind: "any" }, at: Situation): Truth {
  const text = printTerm(term);
  const select = isSelect(term.right) ? term.right : rowsOf(term.right);
  if (select === null) return compareTerms(to, judge, term.name, term.left, term.right as Term, text, at);
  const found: { when: Formula; truth: Truth }[] = [];
  for (const branch of select.branches)
    for (const place of placesOf(to, branch.rows, at)) {
      const where = and(place.visible, judge.truth(branch.where, place.at).t);
      if (where.kind !== "false")
        found.push({ when: where, truth: anyTarget(to, judge, term, branch, text, place.at) });
    }
  return { t: anyTruth(found).t, f: yes };
}

function anyTarget(
  to: Judging,
  judge: Judge,
  { name, left }: Term & { kind: "any" },
  branch: Branch,
  text: string,
  at: Situation,
): Truth {
  const lefts = left.kind === "tuple" ? left.terms : [left];
  const all = lefts.map((one, index) => {
    const target = branch.targets[index]?.term ?? truthTerm(null);
    const value = aggregated(target) ?? target;
    return compareTerms(
      to,
      judge,
      name,
      one,
      value,
      lefts.length === 1 && value.kind === "column"
        ? printTerm({ kind: "operator", schema: null, name, left: one, right: value })
        : text,
      at,
    );
  });
  return { t: and(...all.map(({ t }) => t)), f: or(...all.map(({ f }) => f)) };
}

/** The sub-select behind an array: array(select …), (select array_agg(…) …), a function that answers one of them. */
function rowsOf(term: Term): Select | null {
  if (term.kind === "array select" || term.kind === "select") return term.select;
  if (term.kind === "cast") return rowsOf(term.term);
  if (term.kind === "coalesce") return term.terms[0] === undefined ? null : rowsOf(term.terms[0]);
  const body = term.kind === "call" && term.routine !== null ? term.body() : null;
  return body === null ? null : rowsOf(body);
}

/** (select count(*) …) > 0 asks whether a row exists. */
function counting(to: Judging, judge: Judge, term: Term & { kind: "operator" }, at: Situation): Truth | null {
  const { left, right, name } = term;
  if (left.kind !== "select") return null;
  const target = left.select.branches[0]?.targets[0]?.term;
  const number = Number(constantText(right) ?? "x");
  if (target?.kind !== "call" || target.name !== "count" || Number.isNaN(number)) return null;
  const exists = { t: anyRow(to, judge, left.select, at, () => isTrue).t, f: yes };
  const wantsNone = (name === "=" && number === 0) || (name === "<" && number <= 1) || (name === "<=" && number === 0);
  return wantsNone ? { t: exists.f, f: exists.t } : exists;
}

function hasRole(to: Judging, term: Term & { kind: "call" }, at: Situation): Truth {
  const names = term.args.map(constantText).filter((name) => name !== null);
  const wanted = names.find((name) => !/^(member|usage|set)\b/i.test(name));
  if (wanted === undefined) return byWhatItHangsOn(to, [mixed(term, at)], printTerm(term), at);
  return to.isMember(at.scenario.role, wanted) ? isTrue : isFalse;
}
