/**
 * Where the replay stands between BEGIN and COMMIT: which statements fall with a ROLLBACK. Follows the server's own word on the state of the
 * transaction, not the text.
 */
import type { SyntaxNode } from "../history/statement.ts";

/** The open transaction. */
export class Transaction {
  /** Index of its first statement; null outside. */
  #start: number | null = null;
  #savepoints: { readonly name: string; readonly from: number }[] = [];
  /** Opened by us because the tool would have. */
  byTool = false;

  get start(): number | null {
    return this.#start;
  }

  /** A transaction begins before the statement. */
  begin(index: number, byTool: boolean): void {
    this.#start = index;
    this.#savepoints = [];
    this.byTool = byTool;
  }

  /** It has ended, well or not. */
  end(): void {
    this.#start = null;
    this.#savepoints = [];
    this.byTool = false;
  }

  /**
   * Takes in a statement that steers the transaction.
   * @returns index from which statements were undone; null when none were
   */
  steer(node: SyntaxNode, index: number, open: boolean): number | null {
    const name = String(node["savepoint_name"] ?? "");
    const found = this.#savepoints.findLastIndex((one) => one.name === name);
    switch (node["kind"]) {
      case "TRANS_STMT_SAVEPOINT":
        this.#savepoints.push({ name, from: index });
        return null;
      case "TRANS_STMT_RELEASE":
        if (found >= 0) this.#savepoints.length = found;
        return null;
      case "TRANS_STMT_ROLLBACK_TO":
        if (found < 0) return null;
        this.#savepoints.length = found + 1;
        return this.#savepoints[found]!.from;
      case "TRANS_STMT_ROLLBACK": {
        const from = this.#start;
        if (open) this.begin(index, false);
        else this.end();
        return from;
      }
      default:
        if (!open) this.end();
        else if (this.#start === null) this.begin(index, false);
        return null;
    }
  }
}
