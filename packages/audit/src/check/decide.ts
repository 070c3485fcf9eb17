/**
 * Joins what the rules say with what the attacks saw. A finding that an attack carried out is a LEAK and has its script; one whose very attack was
 * tried, stopped, and shown to bite is BLOCKED and no error; a leak that no rule explains becomes a finding of its own. Pure. Must never make a
 * finding disappear.
 */
import { lookForPeople } from "../matrix/attacks/copies.ts";
import type { Attempt, Matrix, MatrixColumn } from "../matrix/matrix.ts";
import { ruleOf } from "../rules/rule-doc.ts";
import type { Facts, Severity } from "../rules/rule.ts";
import type { RuledFinding } from "../rules/run-rules.ts";
import { uniqueId } from "../rules/unique-id.ts";
import type { DecidedFinding } from "./assemble.ts";

/** Flaws of policies: what they open shows in the plain statements of the table, and such an attack is called by what it did. */
const shownByCommand = /^(B1|B2|B1[034]|B2[123])$/;
const plainAttack = /^B[13678]$/;
/** The same hole by two names: where it stands, and what it does to a policy. */
const alsoCalled: Readonly<Record<string, string>> = { D5: "B17" };
/** What an attack of the same name can refute: it tries the very object. The state of rows, or a value of a setting, may hide the others. */
const refutable = /^(D|E|F)\d+$/;
/** Flaws for which the table that is read is not the one that is flawed. */
const namedByObject = /^(A5|A6|A7|A9|B4|B11|B17|C9|D\d+)$/;

const writes: readonly MatrixColumn[] = ["insert", "update", "reassign", "delete"];
const columnsOf: Readonly<Record<string, readonly MatrixColumn[]>> = {
  all: ["read", ...writes],
  select: ["read"],
  insert: ["insert"],
  update: ["update", "reassign"],
  delete: ["delete"],
};

const key = (table: { readonly schema: string; readonly name: string }): string => `${table.schema}.${table.name}`;

/** Findings with their verdicts. */
export function decide(found: readonly RuledFinding[], { cells }: Matrix, { snapshot }: Facts): DecidedFinding[] {
  const attempts = cells.flatMap((cell) => cell.attempts);
  // whose plain read leaks has no news in every other way to read it
  const open = new Set(attempts.filter(isPlainLeak).map(({ table }) => key(table)));
  const news = attempts.filter((attempt) => !(open.has(key(attempt.table)) && onlyReadsMore(attempt)));
  const explained = new Set<Attempt>();
  const decided = found.map((finding): DecidedFinding => {
    const own = news.filter((attempt) => belongs(finding, attempt, snapshot));
    for (const attempt of own) explained.add(attempt);
    return verdictOf(finding, own);
  });
  const rest = news.filter((attempt) => attempt.result === "leaked" && !explained.has(attempt));
  return [...decided, ...unexplained(rest, decided)];
}

const isPlainLeak = ({ column, result, object }: Attempt): boolean =>
  column === "read" && result === "leaked" && object === null;

const onlyReadsMore = ({ vector, column, evidence }: Attempt): boolean =>
  /^(B3|B4|B11|B16|B17|B18|A5|A9)$/.test(vector) && (column === "read" || evidence.startsWith("read "));

function belongs(finding: RuledFinding, attempt: Attempt, snapshot: Facts["snapshot"]): boolean {
  const { object, table, rule } = finding;
  const named = attempt.object !== null && [object.name, object.part].includes(attempt.object);
  const same = attempt.vector === rule.id || attempt.vector === alsoCalled[rule.id];
  if (same && namedByObject.test(rule.id) && named) return true;
  // whoever owns a table has every right to it
  if (rule.id === "A7" && /^(A7|F[123])$/.test(attempt.vector)) return ownerOf(snapshot, attempt) === object.name;
  const about = object.kind === "function" || object.kind === "role" ? [] : [object];
  if (![...about, ...(table ? [table] : [])].some((each) => key(each) === key(attempt.table))) return false;
  if (same) {
    const exact = object.kind === "constraint" || object.kind === "index";
    return attempt.object === null || named || object.kind === "policy" || (object.part === undefined && !exact);
  }
  if (!shownByCommand.test(rule.id) || !plainAttack.test(attempt.vector) || attempt.object !== null) return false;
  if (attempt.column !== "read" && !writes.includes(attempt.column)) return false;
  if (object.kind !== "policy") return true;
  const command = snapshot.policies.find(
    ({ relation, name }) => key(relation) === key(object) && name === object.part,
  )?.command;
  return columnsOf[command ?? "all"]!.includes(attempt.column);
}

const ownerOf = ({ relations }: Facts["snapshot"], { table }: Attempt): string | undefined =>
  relations.find((relation) => key(relation) === key(table))?.owner;

function verdictOf({ rule, ...finding }: RuledFinding, own: readonly Attempt[]): DecidedFinding {
  const base = { ...finding, vector: rule.id, title: rule.title };
  const leak = strongest(own);
  if (leak !== undefined)
    return { ...base, verdict: "LEAK", attempt: leak, evidence: [...finding.evidence, `attacked: ${leak.evidence}`] };
  const exact = own.filter(({ vector }) => vector === rule.id);
  const stopped =
    refutable.test(rule.id) &&
    exact.length > 0 &&
    exact.every(({ result, bites }) => result === "blocked" && bites === true);
  if (!stopped) return { ...base, verdict: "UNVERIFIED", attempt: null };
  const severe = finding.severity === "critical" || finding.severity === "high";
  return {
    ...base,
    verdict: "BLOCKED",
    severity: severe ? "medium" : finding.severity,
    attempt: exact[0]!,
    evidence: [
      ...finding.evidence,
      `attacked: ${exact.length === 1 ? "one attack was" : `${exact.length} attacks were`} stopped (${exact[0]!.evidence}), and leaked with ${exact[0]!.proof ?? "the defence off"}`,
    ],
  };
}

/** The attack that says most: one that leaked, of a signed-in member rather than of nobody, on a fresh connection rather than on a used one. */
function strongest(own: readonly Attempt[]): Attempt | undefined {
  const weight = (attempt: Attempt): number =>
    (attempt.name.includes("in A's context") ? 0 : 2) + (attempt.connection === "fresh" ? 0 : 1);
  return own.filter(({ result }) => result === "leaked").sort((a, b) => weight(a) - weight(b))[0];
}

const severityOf: Readonly<Partial<Record<MatrixColumn, Severity>>> = {
  truncate: "medium",
  "fk-probe": "medium",
  "unique-probe": "low",
};

/**
 * People whom all tenants share. Nobody's row is taken, and an application with such a table often needs it; but whose addresses every tenant may read is
 * for their owner to decide. So an error, below a table of a tenant that stands open; a list of names and pictures is a question (B21).
 */
function ofPeople({ vector, table: { name }, role }: Attempt): Pick<DecidedFinding, "severity" | "message" | "fix"> {
  const list = vector === "B21";
  return {
    severity: list ? "medium" : "high",
    message: `${name} is taken as shared by all tenants and holds their people${list ? "" : " with personal data"}: as ${role} every tenant reads the people of every other.`,
    fix: `show people only to those who share a tenant with them (a policy that asks the table of members)${list ? "" : ", or grant SELECT on the columns only that others may see"}; or accept it with a reason`,
  };
}

/** Leaks that no rule explains, one finding for each way into a table. */
function unexplained(leaks: readonly Attempt[], decided: readonly DecidedFinding[]): DecidedFinding[] {
  const taken = new Set(decided.map(({ id }) => id.toLowerCase()));
  const ways = new Map<string, { id: string; own: Attempt[] }>();
  for (const attempt of leaks) {
    const { schema, name } = attempt.table;
    const parts = [
      ...(schema === "public" ? [] : [schema]),
      name,
      ...(attempt.object === null ? [] : [attempt.object]),
    ];
    const id = `${attempt.vector}-${parts.join(".")}`;
    // names may have dots: what reads alike may be two ways
    const way = JSON.stringify([attempt.vector, schema, name, attempt.object]);
    ways.set(way, { id, own: [...(ways.get(way)?.own ?? []), attempt] });
  }
  return [...ways.values()].map(({ id: named, own }): DecidedFinding => {
    const attempt = strongest(own)!;
    const id = uniqueId(taken.has(named.toLowerCase()) ? `${named}.${attempt.column}` : named, taken);
    const { vector, table, object, column, role } = attempt;
    const through = object === null ? "" : ` through ${object}`;
    return {
      id,
      vector,
      title: ruleOf(vector)?.title ?? "Rows of another tenant reached",
      verdict: "LEAK",
      severity: severityOf[column] ?? "critical",
      object: { kind: "table", ...table },
      evidence: [`attacked: ${attempt.evidence}`],
      ...(attempt.name.startsWith(lookForPeople)
        ? ofPeople(attempt)
        : {
            message: `An attack that no rule explains got through as ${role}: ${attempt.name}${through}.`,
            fix: `Run \`watertight repro ${id}\` to see it, then close the way that the script takes.`,
          }),
      attempt,
    };
  });
}
