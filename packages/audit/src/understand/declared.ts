/**
 * What the owner of a schema says about it; it goes before everything inferred. The names are those of watertight.config.ts. Names of tables are
 * "schema.table", or "table" where it is in public or its name is unique.
 */

/** One table's declaration. */
export interface DeclaredTable {
  /** The column that holds the tenant. */
  readonly column?: string | undefined;
  /** The parent to which it belongs, by foreign key or by these columns. */
  readonly parent?: string | undefined;
  readonly by?: readonly string[] | undefined;
  readonly global?: boolean | undefined;
  /** An SQL condition: rows that everyone may read. */
  readonly publicRows?: string | undefined;
}

/** Declarations that `understand` obeys. */
export interface Declared {
  readonly tenant?:
    | {
        readonly column?: string | undefined;
        readonly table?: string | undefined;
        readonly type?: string | undefined;
      }
    | undefined;
  readonly tables?: Readonly<Record<string, DeclaredTable>> | undefined;
  readonly global?: readonly string[] | undefined;
  readonly roles?:
    | {
        readonly tenant?: readonly string[] | undefined;
        readonly anonymous?: readonly string[] | undefined;
        readonly service?: readonly string[] | undefined;
        /** The role that logs in and then SETs to them. */
        readonly login?: string | undefined;
      }
    | undefined;
  readonly context?:
    | {
        readonly setting?: string | undefined;
        /** Path of the claim that holds the tenant or user, for example app_metadata.org_id. */
        readonly claim?: string | undefined;
        readonly holds?: "tenant" | "user" | undefined;
      }
    | undefined;
}
