/**
 * When two values are equal, or in another relation, for rows of others: the heart of the judgement. A row that is not the asker's does not
 * equal the session's identity; everything that an attacker can arrange is taken as arranged. Must never let a comparison that can call two
 * tenants equal pass as equality.
 */
import { sourceKey } from "../../understand/meaning/source.ts";
import type { Catalog } from "./catalog.ts";
import { and, atom, type AtomKind, type Formula, no, not, or, yes } from "./formula.ts";
import { identifiesSomebody, isRoleClaim, isUserWritten, sourceAtom } from "./source-kind.ts";
import {
  either,
  isFalse,
  isForeign,
  isNull,
  isTrue,
  type PlacedCell,
  type Situation,
  type Truth,
  type Value,
} from "./world.ts";

type Cell = Value & { kind: "cell" };
type Mixed = Value & { kind: "mixed" };
type Session = Value & { kind: "session" };

/** What comparing needs to know. */
export interface Comparing {
  readonly catalog: Catalog;
  /** Roles that the application's role is, and can become. */
  roles(role: string): { readonly is: string; readonly becomes: ReadonlySet<string> };
  /** Application and service roles. */
  readonly knownRoles: ReadonlySet<string>;
}

const literal = (text: string, about: AtomKind): Truth => {
  const found = atom(text, about);
  return { t: found, f: not(found) };
};

/** A comparison that holds for foreign rows, with its text; its negation never does. */
const leaky = (text: string, about: AtomKind): Truth => ({ t: atom(text, about), f: no });

/** Compares two values. `text` is the comparison as written. */
export function compareValues(
  to: Comparing,
  name: string,
  left: Value,
  right: Value,
  text: string,
  at: Situation,
): Truth {
  if (left.kind === "null" || right.kind === "null") return isNull;
  if (name === "=") return equal(to, left, right, text, at);
  if (name === "<>") {
    const same = equal(to, left, right, text, at);
    // true of foreign rows: what equality keeps out
    const keepsOut = same.t.kind === "false" && same.f.kind === "true" && tenantAgainstSession(left, right);
    return keepsOut ? leaky(text, "opposite") : { t: same.f, f: same.t };
  }
  if (tenantAgainstSession(left, right) && touches(to, [left, right])) return leaky(text, "inexact");
  return byWhatItHangsOn(to, [left, right], text, at);
}

function tenantAgainstSession(left: Value, right: Value): boolean {
  const rowSide = (value: Value): boolean =>
    value.kind === "cell" || (value.kind === "mixed" && value.cells.length > 0);
  const sessionSide = (value: Value): boolean =>
    value.kind === "session" || (value.kind === "mixed" && value.sources.length > 0 && value.cells.length === 0);
  return (rowSide(left) && sessionSide(right)) || (sessionSide(left) && rowSide(right));
}

/** Whether a column that says whose a row is takes part, with another's value in it. */
function touches(to: Comparing, values: readonly Value[]): boolean {
  return values.flatMap(cellsOf).some((cell) => isTenantColumn(to, cell) && isForeign(cell));
}

/** Whether the column says whose the row is: the tenant column, or the tenant of a membership. */
export function isTenantColumn({ catalog }: Pick<Comparing, "catalog">, { row, column }: PlacedCell): boolean {
  if (row.relation === null) return false;
  if (catalog.tenantColumns(row.relation).includes(column)) return true;
  return catalog.understanding.memberships.some(
    (each) =>
      each.relation.schema === row.relation?.schema &&
      each.relation.name === row.relation.name &&
      each.tenantColumn === column,
  );
}

function cellsOf(value: Value): readonly PlacedCell[] {
  return value.kind === "cell" ? [value] : value.kind === "mixed" ? value.cells : [];
}

function equal(to: Comparing, left: Value, right: Value, text: string, at: Situation): Truth {
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (one.kind === "truth" && other.kind === "constant")
      return other.value === true || other.value === "true" || other.value === "t"
        ? one.truth
        : { t: one.truth.f, f: one.truth.t };
    if (one.kind === "session" && other.kind === "constant") return sessionIs(to, one, other.value, text, at);
    if (one.kind === "session" && (other.kind === "cell" || other.kind === "mixed"))
      return rowIs(to, other, one, text, at);
    if (one.kind === "cell" && other.kind === "constant") return cellIs(to, one, other, text, at);
    // something made from a row's columns against the empty text of a setting
    if (one.kind === "mixed" && one.cells.length > 0 && other.kind === "constant" && other.fromSession) return isFalse;
  }
  if (left.kind === "constant" && right.kind === "constant")
    return String(left.value) === String(right.value) ? isTrue : isFalse;
  if (left.kind === "session" && right.kind === "session")
    return sourceKey(left.source) === sourceKey(right.source)
      ? isTrue
      : literal(text, worst([sourceAtom(left.source), sourceAtom(right.source)]));
  if (left.kind === "cell" && right.kind === "cell") return cells(to, left, right, text, at);
  if (left.kind === "mixed" && right.kind === "mixed" && tenantAgainstSession(left, right)) {
    const [row, session] = left.cells.length > 0 ? [left, right] : [right, left];
    const truths = session.sources.map((source) =>
      rowIs(to, row, { kind: "session", source, text: session.text }, text, at),
    );
    return session.known ? (truths[0] ?? either) : literal(text, "unknown");
  }
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const)
    if (one.kind === "cell" && other.kind === "mixed" && other.cells.length === 0 && other.sources.length > 0) {
      if (!other.known) return literal(text, "unknown");
      // a list in one text: 'acme,acme2' for a tenant called 'acme,acme2'; no uuid or number holds a comma
      if (other.list && touches(to, [one]) && isText(one)) return leaky(text, "inexact");
      return rowIs(to, one, { kind: "session", source: other.sources[0]!, text: other.text }, text, at);
    }
  return byWhatItHangsOn(to, [left, right], text, at);
}

function isText({ row, column }: PlacedCell): boolean {
  const type = row.relation?.columns.find(({ name }) => name === column)?.baseType ?? "";
  return /^(text|character|varchar|name|citext|public\.citext)/.test(type);
}

function sessionIs(to: Comparing, session: Session, value: string | boolean, text: string, at: Situation): Truth {
  const { source } = session;
  const wanted = String(value);
  if (source.kind === "role" || isRoleClaim(source)) {
    const { is, becomes } = to.roles(at.scenario.role);
    if (wanted === is) return isTrue;
    if (source.kind === "role") return becomes.has(wanted) ? literal(text, "role") : isFalse;
    return to.knownRoles.has(wanted) ? isFalse : literal(text, "claim");
  }
  // a context that is open is not empty
  return wanted === "" ? isFalse : literal(text, sourceAtom(source));
}

/** A value of a row against the identity in the session. */
function rowIs(to: Comparing, row: Cell | Mixed, session: Session, text: string, at: Situation): Truth {
  const cells = cellsOf(row);
  if (cells.length === 0)
    return literal(text, row.kind === "mixed" && !row.known ? "unknown" : sourceAtom(session.source));
  const unread = cells.some((cell) => cell.row.relation === null) || (row.kind === "mixed" && !row.known);
  if (unread) return literal(text, "unknown");
  const foreigners = cells.filter((cell) => isForeign(cell));
  if (foreigners.length === 0) return { t: atom(text, "own row"), f: yes };
  if (isUserWritten(session.source)) return literal(text, "user claim");
  const lossy = row.kind === "cell" ? !row.exact : row.lossy;
  if (lossy && foreigners.some((cell) => isTenantColumn(to, cell))) return leaky(text, "inexact");
  const identity = identifiesSomebody(session.source) || foreigners.some((cell) => isTenantColumn(to, cell));
  return identity ? isFalse : literal(text, attributeOf(to, cells, at));
}

function cellIs(to: Comparing, cell: Cell, constant: Value & { kind: "constant" }, text: string, at: Situation): Truth {
  const type = cell.row.relation?.columns.find(({ name }) => name === cell.column)?.baseType ?? "";
  if (constant.fromSession) {
    // ''::uuid is an error: nobody sees anything, and everybody gets it (B5)
    if (!isText(cell) || !isTenantColumn(to, cell)) return type === "" ? either : isFalse;
    return leaky(text, "empty tenant");
  }
  if (cell.row === at.judged && isTenantColumn(to, cell) && isForeign(cell)) return leaky(text, "literal");
  return literal(text, attributeOf(to, [cell], at));
}

function cells(to: Comparing, left: Cell, right: Cell, text: string, at: Situation): Truth {
  if (left.row === right.row && left.column === right.column) return leaky(text, "self");
  const { relation: one } = left.row;
  const { relation: other } = right.row;
  if (one === null || other === null) return literal(text, "unknown");
  const identities = to.catalog.identifies(one, left.column) && to.catalog.identifies(other, right.column);
  if (left.row === right.row || !identities) return literal(text, attributeOf(to, [left, right], at));
  if (isForeign(left) !== isForeign(right)) return isFalse;
  const lossy = !left.exact || !right.exact;
  return lossy && touches(to, [left, right]) ? leaky(text, "inexact") : either;
}

/** What a comparison of attributes is about. */
function attributeOf({ catalog }: Comparing, cells: readonly PlacedCell[], at: Situation): AtomKind {
  const others = cells.filter(({ row }) => row !== at.judged);
  if (others.length === 0) return "row";
  if (others.some(({ row }) => row.relation === null)) return "unknown";
  const ofTenants = others.some(({ row }) => {
    const tenancy = catalog.tenancy(row.relation!);
    const member = catalog.understanding.memberships.some(
      (each) =>
        each.relation.schema === row.relation!.schema &&
        each.relation.name === row.relation!.name &&
        each.userColumn !== each.tenantColumn,
    );
    return (
      member ||
      tenancy.kind === "tenants" ||
      tenancy.kind === "derived" ||
      (tenancy.kind === "column" && tenancy.holds !== "user")
    );
  });
  return ofTenants ? "tenant row" : "person row";
}

const order: readonly AtomKind[] = ["unknown", "user claim", "setting", "role", "claim", "other"];

function worst(kinds: readonly AtomKind[]): AtomKind {
  return order.find((kind) => kinds.includes(kind)) ?? "other";
}

/** Whatever else can be said: its truth hangs on rows, on the session, or on neither. */
export function byWhatItHangsOn(to: Comparing, values: readonly Value[], text: string, at: Situation): Truth {
  const cells = values.flatMap(cellsOf);
  const sources = values.flatMap((value) =>
    value.kind === "session" ? [value.source] : value.kind === "mixed" ? value.sources : [],
  );
  const known = values.every((value) => value.kind !== "mixed" || value.known);
  if (!known) return literal(text, "unknown");
  if (cells.length > 0 && sources.length > 0 && values.length === 1 && cells.some((cell) => isForeign(cell)))
    return literal(text, "unknown");
  if (cells.length > 0) return literal(text, attributeOf(to, cells, at));
  if (sources.length > 0) return literal(text, worst(sources.map(sourceAtom)));
  return literal(text, "other");
}

/** Joins truths of alternatives. */
export function anyTruth(parts: readonly { readonly when: Formula; readonly truth: Truth }[]): Truth {
  return {
    t: or(...parts.map(({ when, truth }) => and(when, truth.t))),
    f: or(...parts.map(({ when, truth }) => and(when, truth.f))),
  };
}
