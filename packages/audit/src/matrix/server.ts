/**
 * How the attacks reach the throw-away database. Must never name a database that anybody else needs: the attacks leave tenants, a schema of
 * their own and roles that may log in behind.
 */
import type { ClientConfig } from "pg";

/** The replayed database. */
export interface AttackServer {
  /** node-postgres' options for a role; null logs in as the superuser. */
  config(role: string | null): ClientConfig;
}
