/**
 * An attack as a script for psql, whole: who logs in, the context, the attack, what to look for, the rollback. It is made from the very
 * statements that were run. Must never contain a commit of anything but a request that only reads.
 */
import { quoteName, quoteText } from "@watertight/schema";
import type { Attack } from "./attacks/attack.ts";
import type { World } from "./attacks/world.ts";
import { opening } from "./run/compile.ts";
import { nameOf } from "./seed/values.ts";

const line = (sql: string): string => `${sql};`;
// psql ends a comment at a carriage return as well, and what stands behind it may be a command to the reader's own shell
const comment = (text: string): string => `-- ${text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")}`;

/** The login. psql reads its own commands line by line, also within quotes: a name with a line end goes through a variable. */
function connect(login: string): string {
  if (!/\p{Cc}/u.test(login)) return `\\connect - ${quoteName(login)}`;
  return `select ${quoteText(login)} as watertight_login \\gset\n\\connect - :"watertight_login"`;
}

/** The script. */
export function reproScript(world: World, attack: Attack, evidence: string): string {
  const { actor, table } = attack;
  const { a, b } = world.tenants;
  const steps = (list: Attack["steps"], again: readonly string[]): string[] =>
    list.flatMap(({ sql, note, alone }) => [
      ...(alone ? ["rollback to savepoint attack;", ...again] : []),
      ...(note ? [comment(note)] : []),
      line(sql),
    ]);
  const scene = (attack.scene ?? []).flatMap(({ sql, note }) => [...(note ? [comment(note)] : []), line(sql)]);
  const context = opening(world, attack, false).map(line);
  return [
    comment(`${attack.vector}: ${attack.name}`),
    comment(`table ${table.schema}.${table.name}${attack.object ? `, through ${attack.object}` : ""}`),
    comment(`tenant A is ${a.id}, tenant B is ${b.id}; texts of B contain ${b.canary}`),
    comment(`seen when it ran: ${evidence}`),
    comment(
      "to run it: watertight repro ID --up brings back the throw-away server with these tenants and rows and prints the command line for psql",
    ),
    comment("elsewhere it needs a database with the migrations and rows of these ids: psql -X -d DATABASE -f FILE"),
    // an error inside must not end the script: some attacks are an error
    "\\set ON_ERROR_STOP off",
    "\\set ON_ERROR_ROLLBACK off",
    connect(actor.login),
    ...(attack.age === "reused"
      ? [
          comment("a connection that has served A before: its settings are '' now, not NULL"),
          "begin;",
          ...opening(world, { ...attack, persona: actor.kind === "anonymous" ? "anonymous" : "strongest" }, false).map(
            line,
          ),
          "commit;",
        ]
      : []),
    ...(attack.before
      ? ["begin;", ...opening(world, attack, true).map(line), ...steps(attack.before, []), "commit;"]
      : []),
    "begin;",
    ...(context.length > 0
      ? [comment(attack.persona === "anonymous" ? "nobody is signed in" : "A's request"), ...context]
      : [comment("no context is set")]),
    "savepoint attack;",
    ...scene,
    comment("the attack"),
    ...steps(attack.steps, scene),
    ...attack.watch.flatMap((relation) => [
      comment(
        `what is in ${relation.name} now, whoever owns it (after an error in this transaction: nothing has happened)`,
      ),
      line(world.lab.rows(nameOf(relation))),
    ]),
    "rollback;",
    ...(attack.after ?? []).map(line),
    "",
  ].join("\n");
}
