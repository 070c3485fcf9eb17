/**
 * Terms as text for a person: shorter than PostgreSQL prints them (casts of constants left out). Must never be run as SQL.
 */
import { isSelect, type Select, type Term } from "./term.ts";

const signs: Readonly<Record<string, string>> = {
  "~~": "like",
  "~~*": "ilike",
  "!~~": "not like",
  "!~~*": "not ilike",
};

// a term is judged in many situations, and each wants its text
const printed = new WeakMap<Term, string>();

/** A term's text. */
export function printTerm(term: Term): string {
  const known = printed.get(term);
  if (known !== undefined) return known;
  const text = print(term);
  printed.set(term, text);
  return text;
}

function print(term: Term): string {
  switch (term.kind) {
    case "and":
    case "or":
      return term.terms.map((part) => bracket(part, term.kind)).join(` ${term.kind} `);
    case "not":
      return `not ${bracket(term.term, "not")}`;
    case "constant":
      return term.quoted ? `'${String(term.value).replaceAll("'", "''")}'` : String(term.value);
    case "column":
      return `${term.row.alias}.${term.column}`;
    case "operator":
      return `${operand(term.left)} ${signs[term.name] ?? term.name} ${operand(term.right)}`;
    case "distinct":
      return `${operand(term.left)} is distinct from ${operand(term.right)}`;
    case "is":
      return `${operand(term.term)} is ${term.what}`;
    case "call":
      return `${term.schema === null || term.schema === "pg_catalog" ? "" : `${term.schema}.`}${term.name}(${list(term.args)})`;
    case "keyword":
      return term.name;
    case "cast":
      return term.term.kind === "constant" && term.term.quoted
        ? printTerm(term.term)
        : `${operand(term.term)}::${term.type}`;
    case "coalesce":
      return `coalesce(${list(term.terms)})`;
    case "nullif":
      return `nullif(${list([term.left, term.right])})`;
    case "case":
      return `case ${term.whens.map(({ when, result }) => `when ${printTerm(when)} then ${printTerm(result)}`).join(" ")} else ${printTerm(term.otherwise)} end`;
    case "select":
      return `(${printSelect(term.select)})`;
    case "exists":
      return `exists (${printSelect(term.select)})`;
    case "any":
      return term.name === "=" && isSelect(term.right)
        ? `${operand(term.left)} in (${printSelect(term.right)})`
        : `${operand(term.left)} ${signs[term.name] ?? term.name} any (${isSelect(term.right) ? printSelect(term.right) : printTerm(term.right)})`;
    case "array":
      return `array[${list(term.terms)}]`;
    case "array select":
      return `array(${printSelect(term.select)})`;
    case "tuple":
      return `(${list(term.terms)})`;
    case "opaque":
      return term.text;
  }
}

function list(terms: readonly Term[]): string {
  return terms.map(printTerm).join(", ");
}

function operand(term: Term): string {
  return ["and", "or", "not", "operator", "distinct", "is", "any"].includes(term.kind)
    ? `(${printTerm(term)})`
    : printTerm(term);
}

function bracket(term: Term, inside: string): string {
  const needed = term.kind === "or" || (term.kind === "and" && inside !== "and");
  return needed ? `(${printTerm(term)})` : printTerm(term);
}

/** A sub-select's text. */
function printSelect(select: Select): string {
  return select.branches
    .map((branch) => {
      const from = branch.rows
        .map(({ alias, relation }) =>
          relation === null || relation.name === alias ? alias : `${relation.schema}.${relation.name} ${alias}`,
        )
        .join(", ");
      const where =
        branch.where.kind === "constant" && branch.where.value === true ? "" : ` where ${printTerm(branch.where)}`;
      return `select ${list(branch.targets.map(({ term }) => term))}${from === "" ? "" : ` from ${from}`}${where}`;
    })
    .join(" union ");
}
