/**
 * Mistakes in policies that look memberships up: a column without its table that binds inward, a forgotten comparison, a membership that anybody writes.
 */
import type { SyntaxNode } from "../../../src/history/statement.ts";
import { walkTree } from "../../../src/parse/tree.ts";
import { appended, replaced } from "../change.ts";
import type { CleanSchema, Mutation, Operator } from "../mutation.ts";
import { bearingPolicies, mayDo } from "../policies.ts";
import { put } from "../text.ts";

interface Reference {
  readonly start: number;
  readonly qualifier: string;
  readonly column: string;
}

/** `x.column` wherever it stands inside of a sub-select. */
function references(tree: SyntaxNode): Reference[] {
  const found: Reference[] = [];
  walkTree(tree, (type, node, parents) => {
    if (type !== "ColumnRef" || !parents.includes("SubLink")) return;
    const words = (node["fields"] as SyntaxNode[]).map((each) => each["String"]?.sval as string);
    const [qualifier, column] = words;
    if (words.length === 2 && qualifier !== undefined && column !== undefined)
      found.push({ start: (node["location"] as number | undefined) ?? 0, qualifier, column });
  });
  return found;
}

/** Columns of the tables that policies look into. */
function inner({ facts }: CleanSchema, reads: readonly { schema: string; name: string }[]): Set<string> {
  const relations = facts.snapshot.relations.filter((each) =>
    reads.some(({ schema, name }) => each.schema === schema && each.name === name),
  );
  return new Set(relations.flatMap(({ columns }) => columns.map(({ name }) => name)));
}

const unqualified: Operator = {
  name: "unqualified-column",
  what: "the outer column loses its table and binds to the inner one",
  vectors: ["B10", "B13", "B2", "B6", "B8"],
  sparing: "names that no table of the sub-select has: they keep their meaning",
  mutate: (schema) =>
    bearingPolicies(schema).flatMap((policy) =>
      references(schema.statements[policy.at]!.tree).flatMap(({ start, qualifier, column }): Mutation[] => {
        const captured = inner(schema, policy.policy.reads).has(column);
        if (qualifier !== policy.table.name || !captured) return [];
        const text = put(policy.text, { start, end: start + qualifier.length + 1 }, "");
        return [replaced(schema, `${policy.target} ${column}@${start}`, policy.at, text)];
      }),
    ),
};

const anybody: Operator = {
  name: "whoever-is-member",
  what: "the sub-select no longer asks who the member is, or of what",
  vectors: ["B2", "B10", "B13", "B1", "B6", "B8"],
  mutate: (schema) =>
    bearingPolicies(schema).flatMap((policy) => {
      const found = references(schema.statements[policy.at]!.tree).filter(
        ({ qualifier }) => qualifier === policy.table.name,
      );
      return found.flatMap(({ start, qualifier, column }): Mutation[] => {
        const text = `${policy.text.slice(0, start)}`;
        // `m.tenant_id = invoices.tenant_id`: the left side again in the place of the right one
        const [, left] = /([\w.]+)\s*=\s*$/.exec(text) ?? [];
        if (left === undefined) return [];
        const after = policy.text.slice(start + qualifier.length + 1 + column.length);
        return [replaced(schema, `${policy.target} ${column}@${start}`, policy.at, text + left + after)];
      });
    }),
};

/** Tables of who belongs where, by whose rows policies decide. */
function trustBases(schema: CleanSchema): { table: string; owner: string; user: string }[] {
  const { relations, policies, routines, constraints } = schema.facts.snapshot;
  return relations.flatMap(({ schema: above, name, kind, owner, rowSecurity }) => {
    const table = `${above}.${name}`;
    const key = constraints.find(
      (each) => each.kind === "primary" && `${each.relation.schema}.${each.relation.name}` === table,
    );
    const user = key?.columns.length === 2 ? key.columns.find((each) => each === "user_id") : undefined;
    const decides =
      policies.some(({ reads }) => reads.some((each) => each.schema === above && each.name === name)) ||
      routines.some(
        ({ body, signature }) => body.includes(name) && policies.some(({ calls }) => calls.includes(signature)),
      );
    return kind === "r" && user !== undefined && rowSecurity && decides ? [{ table, owner, user }] : [];
  });
}

/** How the schema's own policies say who the user is. */
function userContext({ statements }: CleanSchema): string | undefined {
  const all = statements.map(({ text }) => text).join("\n");
  if (all.includes("auth.uid()")) return "(select auth.uid())";
  const setting = /current_setting\('([^']*user[^']*)'/.exec(all)?.[1];
  return setting && `nullif(current_setting('${setting}', true), '')::uuid`;
}

const selfJoin: Operator = {
  name: "join-by-oneself",
  what: "whoever is signed in may add themselves to any organisation",
  vectors: ["B11", "B8"],
  mutate: (schema) => {
    const me = userContext(schema);
    if (me === undefined) return [];
    return trustBases(schema).map(({ table, owner, user }) =>
      appended(
        schema,
        table,
        owner,
        `grant insert on ${table} to ${schema.roles.join(", ")}`,
        `create policy mutant on ${table} for insert with check (${user} = ${me})`,
      ),
    );
  },
};

const promote: Operator = {
  name: "change-own-membership",
  what: "members may change their own membership, the organisation included",
  vectors: ["B11", "B6"],
  mutate: (schema) => {
    const me = userContext(schema);
    if (me === undefined) return [];
    return trustBases(schema).flatMap(({ table, owner, user }) => {
      const [above = "", name = ""] = table.split(".");
      if (!mayDo(schema, { schema: above, name }, "SELECT")) return [];
      return [
        appended(
          schema,
          table,
          owner,
          `grant update on ${table} to ${schema.roles.join(", ")}`,
          `create policy mutant on ${table} for update using (${user} = ${me}) with check (${user} = ${me})`,
        ),
      ];
    });
  },
};

/** Operators on sub-selects and what they trust. */
export const subqueryOperators: readonly Operator[] = [unqualified, anybody, selfJoin, promote];
