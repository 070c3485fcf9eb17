/**
 * Is the server itself up to it? Unfixed minors, and settings by which a tenant's lock or token gets out.
 */
import { type Check, ok, type StatusContext, warn } from "../check.ts";
import { unfixedCves } from "../cve.ts";

/** CVEs, prepared transactions, parameter logging. */
export async function serverChecks({ tx, kit }: StatusContext): Promise<Check[]> {
  const unfixed = unfixedCves(tx.caller.version);
  const shown = `${Math.floor(tx.caller.version / 10000)}.${tx.caller.version % 10000}`;
  const [settings] = await tx.rows(
    `select pg_catalog.current_setting('max_prepared_transactions')::int as prepared, pg_catalog.current_setting('log_statement') as statement,
            (select setting::int from pg_catalog.pg_settings where name = 'log_min_duration_statement') as duration,
            (select setting::int from pg_catalog.pg_settings where name = 'log_min_duration_sample') as sample,
            (select setting::float8 from pg_catalog.pg_settings where name = 'log_transaction_sample_rate') as rate,
            (select setting::int from pg_catalog.pg_settings where name = 'log_parameter_max_length') as length,
            (select setting::int from pg_catalog.pg_settings where name = 'log_parameter_max_length_on_error') as on_error,
            pg_catalog.current_setting('auto_explain.log_min_duration', true) as explain, pg_catalog.current_setting('auto_explain.log_parameter_max_length', true) as explain_length`,
  );
  return [
    unfixed.length === 0
      ? ok("server-cves", `No known unfixed row security CVE in ${shown}`)
      : warn("server-cves", `PostgreSQL ${shown}: ${unfixed.length} row security CVEs not known to be fixed`, {
          detail: unfixed.map((cve) => `${cve.id}: ${cve.effect}`).join("; "),
          fix: "Update to the newest minor of this version.",
        }),
    settings!.prepared === 0
      ? ok("prepared-transactions", "Prepared transactions are off")
      : warn("prepared-transactions", "Prepared transactions are possible", {
          vectorId: "F12",
          detail:
            "a prepared transaction keeps its tenant's lock without a session: suspending or moving that tenant waits for ever",
          fix: "alter system set max_prepared_transactions = 0; -- and restart",
          needsSuperuser: true,
        }),
    ...(kit.level === "plain" ? [] : [logging(settings as Logging)]),
  ];
}

interface Logging {
  readonly statement: string;
  readonly duration: number;
  readonly sample: number;
  readonly rate: number;
  readonly length: number;
  readonly on_error: number;
  readonly explain: string | null;
  readonly explain_length: string | null;
}

function logging(settings: Logging): Check {
  const reasons = [
    ...(settings.length !== 0 && settings.statement === "all" ? ["log_statement = all"] : []),
    ...(settings.length !== 0 && settings.duration >= 0 ? [`log_min_duration_statement = ${settings.duration}`] : []),
    ...(settings.length !== 0 && settings.sample >= 0 ? [`log_min_duration_sample = ${settings.sample}`] : []),
    ...(settings.length !== 0 && settings.rate > 0 ? [`log_transaction_sample_rate = ${settings.rate}`] : []),
    ...(settings.on_error === 0 ? [] : [`log_parameter_max_length_on_error = ${settings.on_error}`]),
    ...(Number(settings.explain ?? -1) >= 0 && settings.explain_length !== "0"
      ? [`auto_explain.log_min_duration = ${settings.explain}`]
      : []),
  ];
  return reasons.length === 0
    ? ok("parameter-logging", "Bind parameters are not logged")
    : warn("parameter-logging", "The server logs bind parameters, and with them tenant tokens", {
        vectorId: "G8",
        detail: `${reasons.join(", ")}; a logged token can be replayed until it expires (10 s by default)`,
        fix: "alter system set log_parameter_max_length = 0; alter system set log_parameter_max_length_on_error = 0; select pg_reload_conf();",
        needsSuperuser: true,
      });
}
