/**
 * The sources that policies read, each with what it holds: the tenant or the user. Decided by the columns with which it is compared, and only
 * then by its name. Must never list a source that nobody compares with anything, such as the claim "role".
 */
import type { PoliciesMeaning } from "./meaning/policy-meaning.ts";
import { namesUser, type RawSource, sourceKey, sourceText } from "./meaning/source.ts";
import { dotted, type SchemaGraph } from "./schema/graph.ts";
import type { TenantModel } from "./tenants/model.ts";
import type { ContextSource, SessionTable } from "./understanding.ts";

/** A source and why it is one. */
export interface FoundSource {
  readonly source: ContextSource;
  readonly because: string;
}

/** The table behind a source that holds a key of it and no id of a person. */
function sessionTable(graph: SchemaGraph, meaning: PoliciesMeaning, source: RawSource): SessionTable | undefined {
  const hop = meaning.session(source);
  const column = hop && graph.column(hop.relation, hop.enter);
  const single = hop && graph.uniqueKeys(hop.relation).some((key) => key.join() === hop.enter);
  if (hop === undefined || !column || !single || hop.relation.kind !== "r") return undefined;
  const { schema, name } = hop.relation;
  return { relation: { schema, name }, column: hop.enter, person: hop.leave, type: column.baseType };
}

/** Finds the sources, those of the tenant first. */
export function contextSources(graph: SchemaGraph, meaning: PoliciesMeaning, model: TenantModel): FoundSource[] {
  const found = meaning.sources.flatMap((source): FoundSource[] => {
    const compared = meaning.compared.filter((each) => sourceKey(each.source) === sourceKey(source));
    const [first] = compared;
    if (!first) return source.kind === "kit" ? [{ source, because: "policies call watertight.tenant_id()" }] : [];
    const because = `${dotted(first.relation)}.${first.column} is compared with ${sourceText(source)}`;
    if (source.kind === "kit" || source.kind === "role") return [{ source, because }];
    const tenants = compared.some((each) => model.tenant?.columns.get(dotted(each.relation))?.has(each.column));
    const user = model.perUser || (meaning.isUser(source) && !(tenants && !namesUser(source)));
    const session = user ? sessionTable(graph, meaning, source) : undefined;
    if (session === undefined) return [{ source: { ...source, holds: user ? "user" : "tenant" }, because }];
    const whose = `${dotted(session.relation)}.${session.person} says who that is`;
    return [{ source: { ...source, holds: "user", session }, because: `${because}, and ${whose}` }];
  });
  if (found.length === 0 && graph.routines("watertight", "tenant_id").length > 0)
    found.push({ source: { kind: "kit" }, because: "the watertight kit is installed" });
  const rank = (source: ContextSource): number => ("holds" in source && source.holds === "user" ? 1 : 0);
  return found.sort((one, other) => rank(one.source) - rank(other.source));
}
