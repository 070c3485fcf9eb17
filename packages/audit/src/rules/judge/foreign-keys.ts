/**
 * Foreign keys by which a row of one tenant can point to a row of another. PostgreSQL checks and executes foreign keys without row security:
 * only a key that carries the tenant in both tables, or a policy of the referencing table that looks at the parent, keeps the two apart.
 */
import type { Constraint, Relation } from "@watertight/schema";
import { dotted } from "../../understand/schema/graph.ts";
import type { Facts, Severity } from "../rule.ts";
import { type Guessability, guessabilityOf } from "./identifiers.ts";
import { partsOfTables } from "./parts-of-table.ts";
import { checkOf, isBound, isOpenToRead, may, policiesFor } from "./row-access.ts";
import { graphOf, tenancyOf, tenantColumn } from "./tenant-rows.ts";

/** A foreign key between tables with tenants, judged. */
export interface CrossingKey {
  readonly constraint: Constraint;
  readonly references: NonNullable<Constraint["references"]>;
  readonly child: Relation;
  readonly parent: Relation;
  /** What an id of the parent gives away. */
  readonly ids: Guessability;
  /** An application role may write the referencing columns. */
  readonly writable: boolean;
  /** Everybody may read the parent's rows, or row security does not bind there: pointing to them tells nothing new. */
  readonly openParent: boolean;
  /** The parent is a person, or the table of tenants: shared by design more often than not. */
  readonly named: boolean;
}

/** All foreign keys that can cross. */
export function crossingKeys(facts: Facts): CrossingKey[] {
  return facts.snapshot.constraints.flatMap((constraint) => crossing(facts, constraint) ?? []);
}

function crossing(facts: Facts, constraint: Constraint): CrossingKey | null {
  const { references } = constraint;
  if (constraint.kind !== "foreign" || references === null || !constraint.enforced) return null;
  const graph = graphOf(facts);
  const child = graph.relation(constraint.relation);
  const parent = graph.relation(references.relation);
  if (!child || !parent || inherited(facts, constraint, child)) return null;
  const [own, other] = [tenancyOf(facts, child), tenancyOf(facts, parent)];
  if (!["column", "derived"].includes(own.kind) || !["column", "derived", "tenants"].includes(other.kind)) return null;
  if (carriesTenant(facts, constraint) || guardedByPolicy(facts, child, constraint)) return null;
  // an open child that belongs where this key leads: A1 says it, and the policy that closes A1 looks at the parent
  if (own.kind === "derived" && own.columns.join() === constraint.columns.join() && !child.rowSecurity) return null;
  return {
    constraint,
    references,
    child,
    parent,
    ids: guessabilityOf(parent, references.columns),
    writable: constraint.columns.some(
      (column) => may(facts, child, "insert", column) || may(facts, child, "update", column),
    ),
    openParent: !isBound(facts, parent) || isOpenToRead(facts, parent),
    named: other.kind === "tenants" || (other.kind === "column" && other.holds === "user"),
  };
}

/** Whether the tenant is one of the pairs of columns. */
function carriesTenant(facts: Facts, { relation, columns, references }: Constraint): boolean {
  const own = tenantColumn(facts, relation);
  const other = references && tenantColumn(facts, references.relation);
  return columns.some((column, at) => column === own && references?.columns[at] === other);
}

// A partition has its parent's foreign keys as rows of their own.
function inherited(facts: Facts, { columns, references }: Constraint, child: Relation): boolean {
  const root = graphOf(facts).root(child);
  return (
    root !== child &&
    partsOfTables(facts.snapshot)
      .constraints(root)
      .some(
        (other) =>
          other.kind === "foreign" &&
          other.columns.join() === columns.join() &&
          other.references !== null &&
          references !== null &&
          dotted(other.references.relation) === dotted(references.relation),
      )
  );
}

/**
 * Whether the child's own policies look at the parent for every new row: a sub-select or a helper that is given the referencing column. The
 * sub-select runs under the parent's row security, so a foreign id is refused like an unknown one.
 */
function guardedByPolicy(facts: Facts, child: Relation, { columns }: Constraint): boolean {
  if (!isBound(facts, child)) return false;
  return (["insert", "update"] as const).every((command) => {
    const policies = policiesFor(facts, child, command);
    const looks = policies.map((policy) => ({
      permissive: policy.permissive,
      guards:
        policy.reads.length + policy.calls.length > 0 &&
        columns.some((column) => new RegExp(`(?<![\\w$])"?${escape(column)}"?(?![\\w$])`).test(checkOf(policy))),
    }));
    return (
      looks.some(({ permissive, guards }) => !permissive && guards) ||
      looks.filter(({ permissive }) => permissive).every(({ guards }) => guards)
    );
  });
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The severity of what such a key allows: `guessable` where ids can be counted or guessed, `random` where they can't. */
export function byIdentifier(key: CrossingKey, guessable: Severity, random: Severity): Severity {
  if (!key.writable) return "info";
  if (key.openParent || key.named) return random === "info" ? "info" : "low";
  return key.ids === "random" ? random : guessable;
}
