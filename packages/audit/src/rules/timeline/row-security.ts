/** Row security as a history tells it: every ENABLE, DISABLE, FORCE and NO FORCE, under the name that the table has at the end. */
import type { QualifiedName } from "@watertight/schema";
import type { SyntaxNode } from "../../history/statement.ts";
import { finalName, type Moment } from "./timeline.ts";

/** One switch. */
export interface Switch {
  readonly moment: Moment;
  readonly what: "enabled" | "forced";
  readonly on: boolean;
  /** The name at the time. */
  readonly original: QualifiedName;
  /** The name at the end; null where the table was dropped. */
  readonly table: QualifiedName | null;
}

const subtypes: Readonly<Record<string, readonly [Switch["what"], boolean]>> = {
  AT_EnableRowSecurity: ["enabled", true],
  AT_DisableRowSecurity: ["enabled", false],
  AT_ForceRowSecurity: ["forced", true],
  AT_NoForceRowSecurity: ["forced", false],
};

/** All switches in their order. */
export function switchesOf(moments: readonly Moment[]): Switch[] {
  return moments.flatMap((moment) =>
    moment.type === "AlterTableStmt"
      ? ((moment.node.cmds ?? []) as SyntaxNode[]).flatMap((command): Switch[] => {
          const [what, on] = subtypes[command.AlterTableCmd?.subtype as string] ?? [];
          const original = moment.name(moment.node.relation as SyntaxNode | undefined);
          if (what === undefined || on === undefined || original === null) return [];
          return [{ moment, what, on, original, table: finalName(moments, original, moment.at) }];
        })
      : [],
  );
}
