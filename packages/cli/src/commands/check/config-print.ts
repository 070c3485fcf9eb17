/**
 * `watertight config print`: every option, its value, and on request where it comes from.
 */
import { optionRows } from "@watertight/audit";
import type { Execute } from "../../command.ts";
import { requestOf } from "./request.ts";

interface Flags {
  readonly config?: string;
  readonly origin?: boolean;
}

/** Runs `config print`. */
export const execute: Execute<Flags> = async ({ io, print }, [folder], { config, origin }) => {
  const { resolved } = await requestOf(io, folder, config === undefined ? {} : { config });
  const rows = optionRows(resolved);
  print.result({ options: rows }, () =>
    print.table(
      ["option", "value", ...(origin === true ? ["from"] : [])],
      rows.map((row) => [
        row.path,
        JSON.stringify(row.value),
        ...(origin === true ? [`${row.origin.from}${row.origin.name === "" ? "" : ` ${row.origin.name}`}`] : []),
      ]),
    ),
  );
  return 0;
};
