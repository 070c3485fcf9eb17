/** What the text of a clean schema says of its context, and a tenant to write into it. */
import type { CleanSchema } from "./mutation.ts";

/** The first setting that it reads, the one that holds the tenant or user in every clean schema. */
export function contextSetting({ statements }: CleanSchema): string | undefined {
  return /current_setting\('([^']+)'/.exec(statements.map(({ text }) => text).join("\n"))?.[1];
}

const literals: Readonly<Record<string, string>> = {
  uuid: "'aaaaaaaa-0000-4000-8000-00000000000a'",
  bigint: "1",
  integer: "1",
  text: "'acme'",
};

/** A tenant as a literal of a type; undefined for a type without one. */
export function literalOf(type: string): string | undefined {
  return literals[type];
}
