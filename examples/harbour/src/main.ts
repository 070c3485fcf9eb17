// `npm start`: runs the demonstration, prints its table, and leaves the shipped server up until Ctrl-C. Whatever happens, everything that was
// started is closed before the process ends.
import pc from "picocolors";
import { parseArguments, usage, UsageError } from "./arguments.ts";
import type { Arguments } from "./arguments.ts";
import { indexPage } from "./app/index-page.ts";
import type { Fleet } from "./fleet/fleet.ts";
import { models } from "./fleet/models.ts";
import { chooseHoles } from "./holes/holes.ts";
import { renderTable } from "./report/table.ts";
import { Closers, run } from "./run/run.ts";
import type { Run } from "./run/run.ts";
import type { Cast } from "./run/cast.ts";
import type { Harbour } from "./server/serve-harbour.ts";

async function main(): Promise<number> {
  let options: Arguments;
  let open: ReturnType<typeof chooseHoles>;
  try {
    options = parseArguments(process.argv.slice(2), process.env);
    open = chooseHoles(options.open);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${error instanceof UsageError ? `\n${usage}\n` : ""}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const started = performance.now();
  const say = (text: string): void => {
    process.stderr.write(`${pc.dim(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s`)}  ${text}\n`);
  };
  const closers = new Closers();
  try {
    const interrupted = new Promise<never>((_, reject) => {
      stop.signal.addEventListener("abort", () => reject(new Error("interrupted")));
    });
    interrupted.catch(() => {});
    const running = run(
      {
        databaseUrl: process.env["DATABASE_URL"] || undefined,
        seed: options.seed,
        open,
        ports: options.port === undefined ? [4280, 0] : [options.port],
        keepOpen: options.open.length > 0 && !options.once,
        say,
        signal: stop.signal,
      },
      closers,
    );
    // after an interruption the run fails on whatever is closed under it; nobody waits for that any more
    running.catch(() => {});
    const done = await Promise.race([running, interrupted]);
    process.stdout.write(
      options.json ? `${JSON.stringify(done.result, null, 2)}\n` : `${renderTable(done.result, pc)}\n`,
    );
    if (!options.once) {
      showAddresses(done);
      await new Promise((resolve) => {
        if (stop.signal.aborted) resolve(undefined);
        stop.signal.addEventListener("abort", resolve);
      });
      return 0;
    }
    return done.result.ok ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    await closers.closeAll();
  }
}

function showPage(harbour: Harbour, { a, b, targets }: Cast, fleet?: Fleet): void {
  const others = models.filter((model) => fleet !== undefined && model !== "pool");
  const people = [
    { who: `${a.members[0]!.name}, owner at ${a.name} (tenant A)`, userId: a.members[0]!.userId, tenant: a.id },
    { who: `${a.members[1]!.name}, technician at ${a.name}: the intruder`, userId: a.members[1]!.userId, tenant: a.id },
    { who: `${b.members[0]!.name}, owner at ${b.name} (tenant B)`, userId: b.members[0]!.userId, tenant: b.id },
    ...others.map((model) => {
      const { id, name, members } = fleet!.companies[model][0]!;
      return { who: `${members[0]!.name}, owner at ${name} (model ${model})`, userId: members[0]!.userId, tenant: id };
    }),
  ];
  harbour.page = async () => {
    const tokens = await Promise.all(
      people.map(async ({ who, ...identity }) => ({ who, token: await harbour.authority.issue(identity) })),
    );
    return indexPage(harbour.url, tokens, targets.invoices[0]!);
  };
}

function showAddresses({ shipped, open, cast, fleet }: Run): void {
  showPage(shipped, cast, fleet);
  if (open !== undefined) showPage(open, cast);
  const { plane, cluster, companies, residences } = fleet;
  const pool = residences.get(companies.pool[0]!.id)!;
  const lines = [
    `${pc.bold("Harbour is up, as shipped:")}`,
    `  try it    ${shipped.url}/          (curl commands with a token)`,
    `  API       ${shipped.url}/v1`,
    `  health    ${shipped.url}/health`,
    // only on the embedded server, which asks nobody for a password
    ...(cluster.embedded ? [`  database  ${cluster.url(pool.database, pool.role)}`] : []),
    `  control   ${plane.api}   token in ${plane.tokenFile}, which only you can read`,
    `            curl -H "authorization: Bearer $(cat ${plane.tokenFile})" "${plane.api}/v1/tenants?service=${plane.service}&model=schema"`,
    ...(open === undefined ? [] : [`  ${pc.red("leaking")}   ${open.url}/          (the holes of --open)`]),
    `Press Ctrl-C to stop; nothing is left behind.`,
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 3;
  },
);
