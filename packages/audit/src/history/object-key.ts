/**
 * Keys under which the history of an object is kept, and under which findings ask for it.
 */
import type { QualifiedName } from "@watertight/schema";

const dotted = ({ schema, name }: QualifiedName): string => `${schema}.${name}`;

/** Builds keys. */
export const objectKey = {
  relation: (name: QualifiedName): string => `relation ${dotted(name)}`,
  /** ENABLE or DISABLE ROW LEVEL SECURITY. */
  rowSecurity: (name: QualifiedName): string => `row security ${dotted(name)}`,
  forced: (name: QualifiedName): string => `forced ${dotted(name)}`,
  column: (name: QualifiedName, column: string): string => `column ${dotted(name)}.${column}`,
  policy: (relation: QualifiedName, policy: string): string => `policy ${dotted(relation)} ${policy}`,
  constraint: (relation: QualifiedName, constraint: string): string => `constraint ${dotted(relation)} ${constraint}`,
  index: (name: QualifiedName): string => `index ${dotted(name)}`,
  trigger: (relation: QualifiedName, trigger: string): string => `trigger ${dotted(relation)} ${trigger}`,
  rule: (relation: QualifiedName, rule: string): string => `rule ${dotted(relation)} ${rule}`,
  /** By signature, as in the snapshot. */
  routine: (signature: string): string => `routine ${signature}`,
  /** GRANT to a role or REVOKE on an object, which is named by its own key. */
  grant: (object: string, role: string): string => `grant ${object} to ${role}`,
  /** OWNER TO; the object is named by its own key. */
  owner: (object: string): string => `owner of ${object}`,
  role: (role: string): string => `role ${role}`,
  membership: (role: string, member: string): string => `membership ${role} of ${member}`,
  schema: (schema: string): string => `schema ${schema}`,
  defaultPrivileges: (creator: string, schema: string | null): string =>
    `default privileges ${creator} ${schema ?? "*"}`,
  publication: (name: string): string => `publication ${name}`,
  setting: (role: string | null, name: string): string => `setting ${role ?? "*"} ${name}`,
  other: (kind: string, name: string): string => `${kind} ${name}`,
};
