/**
 * `watertight kit observations`: what observed tables recorded, by statement, most frequent first.
 */
import { listObservations } from "@watertight/schema";
import type { Execute } from "../../command.ts";

const words = { observed_no_context: "no tenant", observed_crossing: "foreign row" };

/** Runs `kit observations`. */
export const execute: Execute<object> = async ({ database, print }) => {
  const observations = await database((client) => listObservations(client));
  print.result({ observations }, () => {
    if (observations.length === 0) return print.line("Nothing was recorded that enforcement would refuse.");
    print.table(
      ["count", "table", "why", "last", "statement"],
      observations.map((each) => [
        String(each.statements),
        each.relation,
        words[each.kind],
        each.last,
        each.example.replaceAll(/\s+/g, " "),
      ]),
    );
    return print.note("Next: correct these statements, then run: watertight kit enforce <table>");
  });
  return 0;
};
