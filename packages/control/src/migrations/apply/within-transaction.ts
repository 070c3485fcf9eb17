/**
 * A connection in the middle of a transaction, for functions of the kit that open one of their own: theirs is a savepoint. Must never be used
 * outside of a transaction.
 */
import type { Queryable } from "@watertight/schema";
import type { TargetConnection } from "./connection.ts";

const savepoint = "watertight_within";

/** The connection as the kit's functions want it. */
export function withinTransaction(connection: TargetConnection): Queryable {
  return {
    query: (text, params) => {
      if (text.startsWith("begin")) return connection.query(`savepoint ${savepoint}`);
      if (text === "commit") return connection.query(`release savepoint ${savepoint}`);
      if (text === "rollback") return connection.query(`rollback to savepoint ${savepoint}`);
      return connection.query(text, params);
    },
  };
}
