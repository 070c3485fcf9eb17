/**
 * Functions in a history: made, replaced, altered, dropped, granted. Functions are told apart by name and number of arguments, which is what the
 * statements show without a catalog.
 */
import type { Routine } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { nameWords } from "../../understand/sql/parser.ts";
import type { Moment } from "./timeline.ts";

/** Something that happened to a function. */
export interface RoutineEvent {
  readonly moment: Moment;
  readonly what: "made" | "replaced" | "altered" | "dropped" | "revoked from public" | "granted to public";
  /** Whether it gives or keeps a search_path; null where it says nothing of it. */
  readonly path: boolean | null;
}

/** What happened to a routine of the snapshot, in order. */
export function eventsOf(moments: readonly Moment[], routine: Routine): RoutineEvent[] {
  return moments.flatMap((moment): RoutineEvent[] => {
    const { type, node } = moment;
    const is = (words: unknown, count: number | null): boolean => {
      const name = moment.words(nameWords(words as SyntaxNode[] | undefined));
      return (
        name?.schema === routine.schema &&
        name.name === routine.name &&
        (count ?? routine.arguments.length) === routine.arguments.length
      );
    };
    const isObject = (object: SyntaxNode | undefined): boolean =>
      object !== undefined &&
      is(object.objname, object.args_unspecified === true ? null : ((object.objargs ?? []) as unknown[]).length);
    if (type === "CreateFunctionStmt") {
      const inputs = ((node.parameters ?? []) as SyntaxNode[]).filter(
        (each) => !/_(OUT|TABLE)$/.test(each.FunctionParameter?.mode as string),
      );
      if (!is(node.funcname, inputs.length)) return [];
      return [{ moment, what: node.replace === true ? "replaced" : "made", path: setsPath(node.options) ?? false }];
    }
    if (type === "AlterFunctionStmt" && isObject(node.func as SyntaxNode)) {
      const path = setsPath(node.actions);
      return [{ moment, what: "altered", path }];
    }
    if (type === "DropStmt" && /^OBJECT_(FUNCTION|PROCEDURE|ROUTINE)$/.test(node.removeType as string))
      return (node.objects as SyntaxNode[]).some((each) => isObject(each.ObjectWithArgs as SyntaxNode | undefined))
        ? [{ moment, what: "dropped", path: null }]
        : [];
    if (type !== "GrantStmt" || !/^OBJECT_(FUNCTION|PROCEDURE|ROUTINE)$/.test(node.objtype as string)) return [];
    const toPublic = ((node.grantees ?? []) as SyntaxNode[]).some(
      (each) => each.RoleSpec?.roletype === "ROLESPEC_PUBLIC",
    );
    const mine =
      node.targtype === "ACL_TARGET_ALL_IN_SCHEMA"
        ? nameWords(node.objects as SyntaxNode[]).includes(routine.schema)
        : ((node.objects ?? []) as SyntaxNode[]).some((each) =>
            isObject(each.ObjectWithArgs as SyntaxNode | undefined),
          );
    if (!toPublic || !mine) return [];
    return [{ moment, what: node.is_grant === true ? "granted to public" : "revoked from public", path: null }];
  });
}

function setsPath(options: unknown): boolean | null {
  let found: boolean | null = null;
  for (const { DefElem: option } of (options ?? []) as SyntaxNode[]) {
    const setting = option?.defname === "set" ? (option.arg?.VariableSetStmt as SyntaxNode | undefined) : undefined;
    if (setting?.kind === "VAR_RESET_ALL") found = false;
    else if (setting?.name === "search_path")
      found = setting.kind !== "VAR_RESET" && setting.kind !== "VAR_SET_DEFAULT";
  }
  return found;
}
