/**
 * `watertight up`: API and worker of the control plane in this process, over a catalog of one's own or over an embedded one. On loopback only.
 * The token goes into a file that only this user reads; what is printed is its name, and a code that opens once.
 */
import { setMaxListeners } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type * as Control from "@watertight/control";
import pg from "pg";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { databaseUrl } from "../../database.ts";
import { loadControl } from "../catalog/control.ts";
import { type DemoSetting, makeFleet, startCells } from "./demo.ts";
import { demoProject } from "./demo-project.ts";
import { startLocalServer } from "./local-server.ts";

interface Options {
  readonly db?: string;
  readonly demo?: boolean;
  readonly port: string;
  readonly tokenFile: string;
  readonly secrets: string;
  /** For tests: how many tenants a demonstration has. */
  readonly tenants?: string;
}

/** Runs `up`. */
export const execute: Execute<Options> = async (context, _, options) => {
  const { print, io } = context;
  if (options.demo === true && options.db !== undefined)
    throw new CliError("WT_CLI_USAGE", "--demo makes a catalog of its own.", "Leave --db out, or --demo.");
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new CliError("WT_CLI_USAGE", `--port ${options.port} is no port.`, "For example: --port 7070");
  const size = demoSize(options.tenants);
  const control = await loadControl();
  const closing: (() => Promise<unknown>)[] = [];
  const stopping = new AbortController();
  // each tenant that is waited for listens to it
  setMaxListeners(0, stopping.signal);
  const interrupted = io.untilInterrupted().then(() => stopping.abort(new Error("interrupted")));
  // a demonstration that is interrupted while it is made ends like one that was finished
  const orInterrupted = async <T>(work: Promise<T>): Promise<T | undefined> =>
    Promise.race([work, interrupted.then(() => undefined)]).catch((error: unknown) => {
      if (stopping.signal.aborted) return undefined;
      throw error;
    });
  try {
    const url = options.db === undefined ? await ownCatalog(control, closing) : await databaseUrl(options.db, io);
    const catalog = new pg.Pool({ connectionString: url, max: 10, application_name: "watertight up" });
    closing.push(() => catalog.end());
    catalog.on("error", () => {});
    catalog.on("connect", (client) => client.on("error", () => {}));
    await requireCatalog(catalog);
    const folder = resolve(io.cwd, options.secrets);
    const secrets = control.openSecrets({ env: io.env, stores: { local: control.fileStore(folder) }, keepIn: "local" });
    if (options.demo === true) closing.push(() => rm(folder, { recursive: true, force: true }));
    const kinds = control.provisioningKinds({ secrets, schemaOf: control.releasedSchemas(catalog) });
    const worker = await control.startWorker({
      catalogUrl: url,
      kinds,
      deliver: { secrets },
      failed: (error) => print.note(error.message),
    });
    closing.push(() => worker.stop());
    const watch = control.startWatch({
      pool: catalog,
      secrets,
      alarm: (alarm) => print.note(alarmText(alarm)),
      failed: (error) => print.note(error.message),
    });
    closing.push(() => watch.stop());
    const api = control.createApi({ pool: catalog, kinds, log: (error) => print.note(error.message) });
    const served = await control.serveApi(api, { port }).catch((error: NodeJS.ErrnoException) => {
      throw new CliError(
        "WT_CLI_USAGE",
        `Port ${port} cannot be used: ${error.code ?? error.message}.`,
        "Give another one: --port 0 takes a free one.",
      );
    });
    closing.push(() => served.close());
    const tokenFile = resolve(io.cwd, options.tokenFile);
    const { id, token } = await control.createToken(
      catalog,
      { name: "up" },
      `up ${new Date().toISOString()}`,
      ["admin"],
      1,
    );
    closing.push(async () => {
      await control.revokeToken(catalog, { name: "up" }, id).catch(() => {});
      await rm(tokenFile, { force: true });
    });
    await ownFile(tokenFile, token);
    // an embedded catalog is for this machine's commands too: how it is reached stands beside the token
    const catalogFile = options.db === undefined ? join(dirname(tokenFile), "catalog") : undefined;
    if (catalogFile !== undefined) {
      await ownFile(catalogFile, url);
      closing.push(() => rm(catalogFile, { force: true }));
    }

    const project = demoProject(control, catalog, join(dirname(tokenFile), "demo"));
    if (options.demo === true) {
      closing.push(() => project.remove());
      const setting: DemoSetting = {
        control,
        pool: catalog,
        kinds,
        secrets,
        project,
        say: (text) => print.note(text),
        signal: stopping.signal,
      };
      await orInterrupted(startCells(setting, (server) => closing.unshift(() => server.stop())));
      if (!stopping.signal.aborted) await orInterrupted(makeFleet(setting, size));
    }
    if (!stopping.signal.aborted) {
      // what the token may, the code may: neither approves. Made now, because its minutes count from here
      const code = await control.createOneTimeCode(catalog, { name: "up" }, ["admin"]);
      closing.push(() => control.endOneTimeCode(catalog, { name: "up" }, code.id).catch(() => {}));
      tell(context, {
        url: served.url,
        tokenFile,
        code,
        ...(catalogFile === undefined ? {} : { catalogFile }),
        ...(options.demo === true ? { project: project.folder } : {}),
      });
      await interrupted;
    }
    return 0;
  } finally {
    for (const close of closing.toReversed())
      await close().catch((error: unknown) => print.note((error as Error).message));
  }
};

async function ownCatalog(
  control: Awaited<ReturnType<typeof loadControl>>,
  closing: (() => Promise<unknown>)[],
): Promise<string> {
  const server = await startLocalServer();
  closing.push(() => server.stop());
  await server.asAdmin((client) => client.query("create database watertight"));
  const { roles } = await server.asAdmin(async (client) => {
    const report = await control.installCatalog(client);
    await control.installQueue(client, report.roles);
    return report;
  }, "watertight");
  return server.login(roles.control, "watertight");
}

async function requireCatalog(catalog: pg.Pool): Promise<void> {
  const { rows } = await catalog.query<{ there: boolean }>(
    "select to_regclass('watertight_catalog.tenant') is not null as there",
  );
  if (rows[0]?.there !== true)
    throw new CliError(
      "WT_CLI_NO_DATABASE",
      "This database has no catalog.",
      "Run: watertight catalog install --db env:CATALOG_ADMIN_URL",
    );
}

function alarmText(alarm: Control.WatchAlarm): string {
  return alarm.kind === "provisioning.slow"
    ? `ALARM: tenants of model ${alarm.model} wait ${Math.round((alarm.p95Ms ?? 0) / 1000)} s (95th percentile of the last hour, limit ${alarm.thresholdMs / 1000} s)`
    : `ALARM: the provisioner of ${alarm.cell} is at work outside of any operation: ${alarm.applicationName || "a session without a name"} from ${alarm.client ?? "a socket"}, process ${alarm.pid}. Give the provisioner a role that nobody else uses; if nobody does, its password is in other hands`;
}

function demoSize(text: string | undefined): { pool: number; schema: number; database: number; silo: number } {
  const all = Number(text ?? "200");
  if (!Number.isInteger(all) || all < 4 || all > 2000)
    throw new CliError("WT_CLI_USAGE", "--tenants is 4 to 2000.", "Leave it out for 200.");
  // as in a fleet: most share, some have a schema, few a database, one group is kept apart
  const schema = Math.max(1, Math.round(all * 0.075));
  const database = Math.max(1, Math.round(all * 0.02));
  return { schema, database, silo: 1, pool: all - schema - database - 1 };
}

/** A file that only this user reads, and nobody's link. */
async function ownFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  await writeFile(file, `${text}\n`, { mode: 0o600, flag: "wx" });
}

interface Told {
  readonly url: string;
  readonly tokenFile: string;
  readonly code: Control.OneTimeCode;
  readonly catalogFile?: string;
  /** Of a demonstration. */
  readonly project?: string;
}

function tell({ print }: CommandContext, { url, tokenFile, code, catalogFile, project }: Told): void {
  const oneTimeCode = { code: code.code, expiresAt: code.expiresAt };
  const demo = project !== undefined;
  const tries = [
    ...(catalogFile === undefined ? [] : tryLines(`--db ${quoted(`file:${catalogFile}`)}`, project)),
    `curl -H "Authorization: Bearer $(cat ${quoted(tokenFile)})" ${url}/v1/tenants?limit=5`,
  ];
  print.result({ url, tokenFile, demo, oneTimeCode, catalogFile: catalogFile ?? null, try: tries }, () => {
    print.line(`API      ${url}   document ${url}/openapi.json   metrics ${url}/metrics`);
    print.line(`token    in ${tokenFile}, which only you can read; it ends with this command`);
    print.line(
      `code     ${code.code}, once and within five minutes: POST ${url}/v1/sessions {"code":"…"} gives a token`,
    );
    for (const [at, line] of tries.entries()) print.line(`${at === 0 ? "try  " : "     "}    ${line}`);
    print.line(`stop     Ctrl-C${demo ? " (nothing is left behind)" : ""}`);
  });
}

/** As a shell reads one word. */
const quoted = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Commands that work now, in another terminal, in this folder. */
function tryLines(db: string, project: string | undefined): string[] {
  if (project === undefined) return [`watertight cells list ${db}`];
  return [
    `watertight tenants list --behind --limit 5 ${db}`,
    `watertight migrations plan ${db}`,
    `watertight migrations apply --wave 10%,100% ${db}`,
    `watertight tenants create example --model database ${db}`,
    `watertight audit verify ${db}`,
  ];
}
