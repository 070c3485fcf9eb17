/**
 * What a migration set knows about its placeholders: configured values, tools that replace text wherever it stands, schemas that a
 * placeholder names. Must never read a file: the finder brought the configuration.
 */
import type { Migration, MigrationSet } from "../find/migration.ts";
import { findPlaceholders, mayHoldPlaceholder, type Placeholder } from "./placeholders.ts";
import type { Surroundings } from "./read-statement.ts";

/** Tools that replace placeholders in the text, strings and bodies included, and so does a literal in code. */
export const replacesText = ({ tool, file }: Migration): boolean =>
  tool === "flyway" || tool === "graphile-migrate" || /\.[cm]?[jt]sx?$/.test(file);

/** Looks at the texts of a whole set once. */
export function surroundingsOf(set: MigrationSet): (migration: Migration) => Surroundings {
  const values = new Map(Object.entries(set.placeholders ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const live = new Set<string>();
  const schemas = new Set<string>();
  const colons = set.tool === "graphile-migrate";
  const texts = set.migrations.flatMap(({ fragments }) => fragments.map(({ sql }) => sql));
  for (const text of [...texts, ...Object.values(set.included ?? {})]) {
    if (!mayHoldPlaceholder(text)) continue;
    for (const { form, within, source, start } of findPlaceholders(text, colons)) {
      if (form === "template" && within !== "text") live.add(source);
      if (/\bcreate\s+schema\s+(?:if\s+not\s+exists\s+)?"?$/i.test(text.slice(Math.max(0, start - 60), start)))
        schemas.add(source);
    }
  }
  const value = (name: string): string | undefined => values.get(name.toLowerCase());
  return (migration) => ({
    colons,
    value,
    everywhere: ({ form, source, name }: Placeholder) =>
      form === "template"
        ? replacesText(migration) || live.has(source) || value(name) !== undefined
        : value(name) !== undefined,
    makesSchema: ({ source }) => schemas.has(source),
  });
}
