/** A driver as the isolation cases see it: the least that all drivers have in common. */
export type Level = "plain" | "sealed" | "hostile";

/** Rows and how many rows the statement touched. */
export interface Outcome {
  readonly rows: readonly Record<string, unknown>[];
  readonly count: number;
}

/** Runs one statement. */
export type Run = (text: string, values?: readonly unknown[]) => Promise<Outcome>;

export interface Subject {
  readonly level: Level;
  /** As an explicit tenant, whatever is ambient. */
  as(tenant: string): Run;
  /** As the ambient tenant. */
  readonly ambient: Run;
  /** In a transaction of a tenant. */
  transaction<T>(tenant: string, fn: (run: Run) => Promise<T>): Promise<T>;
  /** How many rows of the table there are, and whose, without row security. */
  truth(): Promise<{ total: number; a: number; b: number }>;
}
