/**
 * How the attacks reach the throw-away database. Must never name a database that anybody else needs: the attacks leave tenants, a schema of
 * their own and roles that may log in behind.
 */
import type { ClientConfig } from "pg";

/** The replayed database. */
export interface AttackServer {
  /**
   * node-postgres' options for a role; null: the role behind seeds and proofs. That one sees all rows, belongs to all other roles and may switch
   * triggers off; where the schema is of strangers it is no superuser, because their triggers fire for it.
   */
  config(role: string | null): ClientConfig;
  /** Runs our own statement about roles as superuser, where no code of the schema can run. */
  superuser(text: string): Promise<unknown>;
  /** Bytes that the server's folder holds; absent where nobody can look. */
  dataBytes?(): number;
}

/** Ends a connection that answers no more. */
export const endBy =
  (server: AttackServer) =>
  (pid: number): Promise<unknown> =>
    server.superuser(`select pg_catalog.pg_terminate_backend(${pid})`);
