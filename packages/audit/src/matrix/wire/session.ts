/**
 * A login that sends many statements at once and hears the answer to each: an attack is a list of plain statements, as a person would type
 * them, and a round trip for each would cost more than the attack. Every statement stands alone (simple protocol), so an error stops only
 * itself. Must never throw for what a statement does: refusals are what attacks are about.
 */
import pg from "pg";

/** What PostgreSQL refused. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  readonly constraint: string | null;
}

/** The answer to one statement; of several in one text, the rows of the last. */
export interface Answer {
  readonly columns: readonly string[];
  /** As the server wrote them. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** INSERT, UPDATE …, and how many rows it says. */
  readonly command: string;
  readonly count: number | null;
  readonly notices: readonly string[];
  readonly error: Refusal | null;
}

/** SQLSTATE that we give to a connection that is gone. */
const connectionLost = "08006";

const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

interface ResultOf {
  readonly fields: readonly { readonly name: string }[];
  readonly rows: (string | null)[][];
  readonly command: string;
  readonly rowCount: number | null;
}

// The class is there and stable; the types name only its newer constructor.
const PlainQuery = pg.Query as unknown as new (
  config: { text: string; rowMode: "array"; types: pg.CustomTypesConfig },
  callback: (error: Partial<pg.DatabaseError> | null, result: ResultOf | ResultOf[]) => void,
) => pg.Submittable;

/**
 * No answer for so long: the statement obeys no timeout (a function may catch its cancellation, and turn the setting off for what follows). More
 * than any timeout of ours.
 */
const lateMs = 20_000;

/** Ends a connection of the server, from another one. */
export type EndConnection = (pid: number) => Promise<unknown>;

/** A connected role. */
export class Session {
  readonly #client: pg.Client;
  readonly #end: EndConnection;
  #notices: string[] = [];
  #lost = false;
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(client: pg.Client, end: EndConnection) {
    this.#client = client;
    this.#end = end;
    client.on("error", () => {
      this.#lost = true;
    });
    client.on("notice", (notice) => {
      this.#notices.push([notice.message, notice.detail].filter(Boolean).join(" | "));
    });
  }

  /** Logs in; throws when that fails. `end` is for a statement that never ends by itself. */
  static async open(config: pg.ClientConfig, end: EndConnection = () => Promise.resolve()): Promise<Session> {
    const client = new pg.Client({ connectionTimeoutMillis: lateMs, ...config, pipeline: true });
    const session = new Session(client, end);
    await client.connect();
    return session;
  }

  /** Whether the server has closed the connection. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Sends the statements in one write and waits for all answers, in order. */
  run(statements: readonly string[]): Promise<Answer[]> {
    const { stream } = (this.#client as unknown as { connection: { stream: { cork(): void; uncork(): void } } })
      .connection;
    stream.cork();
    const answers = statements.map((text) => this.#send(text));
    stream.uncork();
    return Promise.all(answers);
  }

  /** One statement; throws when it is refused: for our own work, never for an attack. */
  async must(text: string): Promise<Answer> {
    const [answer] = await this.run([text]);
    if (answer!.error) throw new Error(`${answer!.error.message} (${answer!.error.code}) in: ${text.slice(0, 500)}`);
    return answer!;
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }

  /** Ends the connection now, whatever it does; what waits for an answer gets an error. */
  abandon(): Promise<void> {
    return this.#giveUp();
  }

  /** Counts statements that wait for their answer; the clock begins anew with each. */
  #expect(more: 1 | -1): void {
    this.#waiting += more;
    clearTimeout(this.#timer);
    if (this.#waiting > 0) this.#timer = setTimeout(() => void this.#giveUp(), lateMs);
  }

  async #giveUp(): Promise<void> {
    this.#lost = true;
    const { processID, connection } = this.#client as unknown as {
      processID: number;
      connection: { stream: { destroy(): void } };
    };
    await this.#end(processID).catch(() => {});
    connection.stream.destroy();
  }

  #send(text: string): Promise<Answer> {
    this.#expect(1);
    return this.#answerTo(text).finally(() => this.#expect(-1));
  }

  #answerTo(text: string): Promise<Answer> {
    return new Promise((resolve) => {
      const query = new PlainQuery({ text, rowMode: "array", types }, (error, result) => {
        const notices = this.#notices;
        this.#notices = [];
        if (error) resolve({ columns: [], rows: [], command: "", count: null, notices, error: refusal(error) });
        else resolve(answerOf(result, notices));
      });
      this.#client.query(query);
    });
  }
}

function refusal(error: Partial<pg.DatabaseError>): Refusal {
  return {
    code: error.code ?? connectionLost,
    message: error.message ?? "",
    detail: error.detail ?? "",
    constraint: error.constraint ?? null,
  };
}

function answerOf(result: ResultOf | ResultOf[], notices: readonly string[]): Answer {
  const last = Array.isArray(result) ? result.at(-1)! : result;
  return {
    columns: last.fields.map(({ name }) => name),
    rows: last.rows,
    command: last.command ?? "",
    count: last.rowCount,
    notices,
    error: null,
  };
}
