// The tables of one tenant's own schema, made of the text of the shared tables: the same release, without the tenant column and everything that
// leads through it, and without the schema's name, because the place decides that. Pure.

/** The same statements for a schema that belongs to one tenant. Throws where the tenant column or the schema's name is left: that would be half a table. */
export function asTenantSchema(sql: string): string {
  const text = sql
    .replaceAll(/^ *--.*\n/gm, "")
    .replaceAll("create schema harbour;\n", "")
    .replaceAll("  tenant_id uuid not null,\n", "")
    .replaceAll(/\b(\w\.)tenant_id = \w\.tenant_id and /g, "")
    .replaceAll(/\b(\w\.)?tenant_id, /g, "")
    .replaceAll("harbour.", "");
  const left = /.*(tenant_id|harbour).*/.exec(text);
  if (left !== null) throw new Error(`not for a schema of one tenant: ${left[0]}`);
  return text;
}
