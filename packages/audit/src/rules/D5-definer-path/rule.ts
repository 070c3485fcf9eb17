/**
 * D5: a definer function whose names the caller can redirect. Temporary tables come before everything else unless the path ends with pg_temp, and
 * without any path the caller's own counts. Only names without a schema can be redirected; bodies of BEGIN ATOMIC were bound when they were made.
 */
import { quoteName, type Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import { touchesOf } from "../bodies/touches.ts";
import { firedTriggers } from "../exposure/fired.ts";
import { exposedTouches, isTriggerFunction, routineObject } from "../exposure/routines.ts";
import { listed, said } from "../exposure/words.ts";
import { needsSql } from "../judge/sql-access.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const definerPath: Rule = {
  id: "D5",
  slug: "D5-definer-path",
  title: "A definer function looks names up in the caller's schemas",
  needs: "catalog",
  find: (facts) => {
    const fired = new Set(firedTriggers(facts).map(({ routine }) => routine));
    return facts.snapshot.routines.flatMap((routine) =>
      routine.securityDefiner &&
      routine.extension === null &&
      (isTriggerFunction(routine) ? fired.has(routine) : facts.reach.canCall(routine))
        ? (finding(facts, routine) ?? [])
        : [],
    );
  },
};

function finding(facts: Facts, routine: Routine): RuleFinding | null {
  const shadow = shadowable(facts, routine);
  if (shadow === null) return null;
  const { names, way } = shadow;
  const exposed = exposedTouches(facts, routine).length > 0;
  return {
    object: routineObject(facts, routine),
    message:
      way === null
        ? `Definer function ${said(routine)} names ${listed(names)} without a schema, and its path does not end with pg_temp; nobody can put anything in the way today.`
        : `Definer function ${said(routine)} names ${listed(names)} without a schema: a caller who ${way} decides what the owner reads.`,
    severity: way === null ? "low" : needsSql(facts, exposed ? "high" : "medium"),
    evidence: [
      `its path: ${pathOf(routine) ?? "none, so the caller's"}`,
      `names without a schema: ${listed(names)}`,
      ...(facts.reach.canMakeTemp() ? ["an application role has TEMPORARY on the database"] : []),
    ],
    keys: [objectKey.routine(routine.signature)],
    fix: `alter function ${routine.signature} set search_path = ${quoteName(routine.schema)}, pg_temp;\n-- or write every name with its schema and set search_path = ''`,
    attackable: way !== null,
  };
}

/** The names that can be redirected and how; null where none can. */
export function shadowable(facts: Facts, routine: Routine): { names: string[]; way: string | null } | null {
  const path = pathOf(routine);
  if (routine.atomic || (path !== undefined && /(^|,\s*)"?pg_temp"?$/.test(path)) || path === '""' || path === "")
    return null;
  const names = new Set(
    touchesOf(facts, routine).flatMap(({ unqualified, relation, through }) =>
      unqualified && (through === null || pathOf(through) === undefined) ? [relation.name] : [],
    ),
  );
  if (names.size === 0) return null;
  const creatable = facts.snapshot.schemas.find(({ name }) => facts.reach.canCreateIn(name))?.name;
  const way = facts.reach.canMakeTemp()
    ? `creates a temporary table of that name`
    : path === undefined && creatable !== undefined
      ? `creates a table of that name in ${creatable} and puts it first on the path`
      : null;
  return { names: [...names], way };
}

function pathOf({ settings }: Routine): string | undefined {
  return settings.find((setting) => setting.startsWith("search_path="))?.slice("search_path=".length);
}
