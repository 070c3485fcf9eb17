/**
 * Views without security_invoker that the application may use and that show rows of all tenants: the common ground of D1, D2, D11, D13 and D16, each
 * of which takes its own part of them.
 */
import type { Relation } from "@watertight/schema";
import type { Facts } from "../rule.ts";
import { rightsOn } from "./rights.ts";
import { type ExposedTable, exposedBehind, isInvokerView } from "./views.ts";

/** Such a view. */
export interface OpenView {
  readonly view: Relation;
  readonly rights: readonly string[];
  readonly exposed: readonly ExposedTable[];
}

/** All of them, whatever they check. */
export function openViews(facts: Facts): OpenView[] {
  return facts.snapshot.relations.flatMap((view): OpenView[] => {
    if (view.kind !== "v" || isInvokerView(view) || view.extension !== null) return [];
    const rights = rightsOn(facts, view);
    const exposed = rights.length > 0 ? exposedBehind(facts, view) : [];
    return exposed.length > 0 ? [{ view, rights, exposed }] : [];
  });
}
