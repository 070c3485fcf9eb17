/**
 * The meaning of a schema: who is a tenant, how each row finds its tenant, which roles requests run as, where policies learn who asks. Every
 * answer has sentences that a person can check, and gives way to what the owner declared. Pure; must never answer a tie by choosing.
 */
import type { Snapshot } from "@watertight/schema";
import { contextSources } from "./context-sources.ts";
import type { Declared, DeclaredTable } from "./declared.ts";
import { meaningOfPolicies } from "./meaning/policy-meaning.ts";
import { applicationRoles } from "./roles/application-roles.ts";
import { dotted, type SchemaGraph, schemaGraph } from "./schema/graph.ts";
import { memberships } from "./tenants/memberships.ts";
import { tenantModel } from "./tenants/model.ts";
import { peopleOf } from "./tenants/people.ts";
import { tenancies } from "./tenants/tenancies.ts";
import type { ContextSource, Evidence, Understanding } from "./understanding.ts";

/** What `understand` may know beside the snapshot. */
export interface UnderstandOptions {
  readonly config?: Declared | undefined;
}

/**
 * Understands a schema. `loadParser()` must have run.
 * @example
 * await loadParser();
 * const { tables, roles } = understand(await readSnapshot(client));
 */
export function understand(snapshot: Snapshot, { config = {} }: UnderstandOptions = {}): Understanding {
  const graph = schemaGraph(snapshot);
  const people = peopleOf(graph);
  const meaning = meaningOfPolicies(graph, people.columns);
  const model = tenantModel(graph, meaning, people, config);
  const tables = tenancies(graph, meaning, model, declaredTables(graph, config));
  const roles = applicationRoles(graph, config);
  const sources = contextSources(graph, meaning, model);
  const members = memberships(graph, meaning, model);
  const said = declaredContext(config);
  const inferred = (because: readonly string[]): Evidence => ({ source: "inferred", because });
  return {
    tables,
    roles,
    context: said ? [said] : sources.map((each) => each.source),
    memberships: members.map((each) => each.table),
    perUser: model.perUser,
    evidence: [
      {
        about: "tenant",
        evidence: {
          source: model.declared ? "declared" : "inferred",
          because: model.because,
        },
      },
      {
        about: "context",
        evidence: said
          ? { source: "declared", because: ["declared"] }
          : inferred(sources.length > 0 ? sources.map((each) => each.because) : ["no policy reads a context"]),
      },
      ...(members.length > 0
        ? [{ about: "memberships", evidence: inferred(members.map((each) => each.because)) }]
        : []),
      ...(meaning.unread.length > 0 ? [{ about: "unread", evidence: inferred(meaning.unread) }] : []),
    ],
  };
}

function declaredContext({ context }: Declared): ContextSource | undefined {
  if (!context || (context.setting === undefined && context.claim === undefined)) return undefined;
  const setting = context.setting ?? "request.jwt.claims";
  const holds = context.holds ?? "tenant";
  return context.claim === undefined
    ? { kind: "setting", setting, holds }
    : { kind: "claims", setting, path: context.claim.split("."), holds };
}

function declaredTables(graph: SchemaGraph, config: Declared): Map<string, DeclaredTable> {
  const found = new Map<string, DeclaredTable>();
  const declare = (name: string, table: DeclaredTable): void => {
    const words = name.split(".");
    const relation = graph.find(words.length > 1 ? words[0] : undefined, words.at(-1)!, ["public"]);
    if (relation) found.set(dotted(relation), { ...found.get(dotted(relation)), ...table });
  };
  for (const name of config.global ?? []) declare(name, { global: true });
  for (const [name, table] of Object.entries(config.tables ?? {})) declare(name, table);
  return found;
}
