/** The functions of a clean schema, in their source, and what is known of them. */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../src/history/statement.ts";
import { replaced } from "./change.ts";
import type { CleanSchema, Mutation, Operator } from "./mutation.ts";
import { type Span, wordsAt } from "./text.ts";

/** One CREATE FUNCTION. */
export interface FunctionSource {
  readonly at: number;
  readonly text: string;
  readonly target: string;
  readonly routine: Routine;
  /** Between the quotes; undefined where the body is no string. */
  readonly body: Span | undefined;
  /** The whole `set search_path = …`. */
  readonly path: Span | undefined;
  /** Some policy calls it, itself or by another helper. */
  readonly inPolicies: boolean;
}

/** All functions that are the user's. */
export function functionsOf(schema: CleanSchema): FunctionSource[] {
  const { routines } = schema.facts.snapshot;
  return schema.statements.flatMap(({ text, tree }, index) => {
    const node = tree["CreateFunctionStmt"] as SyntaxNode | undefined;
    if (node === undefined || index < schema.given) return [];
    const words = (node["funcname"] as SyntaxNode[]).map((each) => each["String"].sval as string);
    const [name, above = "public"] = words.toReversed();
    const routine = routines.find((each) => each.schema === above && each.name === name);
    if (routine === undefined) return [];
    const dollar = /\$(\w*)\$/.exec(text);
    const body =
      dollar === null ? undefined : { start: dollar.index + dollar[0].length, end: text.lastIndexOf(dollar[0]) };
    const start = wordsAt(text, /\bset\s+search_path\s*(=|to)/);
    const rest = start && /^\s*('[^']*'|[\w.$"]+)(\s*,\s*('[^']*'|[\w.$"]+))*/.exec(text.slice(start.end))?.[0];
    const path = start && rest !== undefined ? { start: start.start, end: start.end + rest.length } : undefined;
    return [{ at: index, text, target: `${above}.${name}`, routine, body, path, inPolicies: decides(schema, routine) }];
  });
}

/** Whether rows are shown by what it answers alone: beside another comparison it only takes rows away. */
function decides({ facts }: CleanSchema, routine: Routine): boolean {
  const { routines } = facts.snapshot;
  const policies = facts.snapshot.policies.filter(({ using, check }) => !/\) AND \(/.test(`${using} ${check}`));
  const called = (each: Routine): boolean => policies.some(({ calls }) => calls.includes(each.signature));
  return called(routine) || routines.some((each) => called(each) && each.body.includes(`${routine.name}(`));
}

/** Whether a request may call it. */
export function mayCall({ roles }: CleanSchema, { acl }: Routine): boolean {
  return acl.some(({ role, privilege }) => privilege === "EXECUTE" && (role === "public" || roles.includes(role)));
}

/** Tables with tenants' rows that its body names and whose policies do not bind its owner. */
export function unboundTables({ facts }: CleanSchema, { body, owner }: Routine): string[] {
  const { relations, roles } = facts.snapshot;
  const bypasses = roles.some(({ name, superuser, bypassRls }) => name === owner && (superuser || bypassRls));
  return relations
    .filter(({ kind, name }) => /^[rpm]$/.test(kind) && new RegExp(`\\b${name}\\b`).test(body))
    .filter(
      ({ schema, name, owner: other, forced, rowSecurity }) =>
        facts.understanding.tables.some(
          ({ relation, tenancy }) =>
            relation.schema === schema && relation.name === name && !/^(global|unknown)$/.test(tenancy.kind),
        ) &&
        (bypasses || !rowSecurity || (other === owner && !forced)),
    )
    .map(({ schema, name }) => `${schema}.${name}`);
}

/** An operator that rewrites a function. */
export function onFunctions(
  operator: Omit<Operator, "mutate">,
  change: (source: FunctionSource, schema: CleanSchema) => string | undefined,
): Operator {
  return {
    ...operator,
    mutate: (schema) =>
      functionsOf(schema).flatMap((source): Mutation[] => {
        const by = change(source, schema);
        return by === undefined || by === source.text ? [] : [replaced(schema, source.target, source.at, by)];
      }),
  };
}

/** Whether it returns trigger: nobody can call it. */
export const isTrigger = ({ routine }: FunctionSource): boolean => routine.returns === "trigger";
