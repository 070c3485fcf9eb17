/**
 * The SQL of a migration that is a program: what its `up` runs, in order.
 */
import { namedFunctions } from "./functions.ts";
import { type Code, run, type Step } from "./run.ts";
import { tokensOf } from "./tokens.ts";
import { evaluate, sourceOf, type Value } from "./values.ts";

/** Constants of the file outside of functions: `const x = …` at the first level. */
function constants(code: Code): Map<string, Value> {
  const { tokens, source } = code;
  const scope = new Map<string, Value>();
  let depth = 0;
  for (let i = 0; i < tokens.length; i += 1) {
    const text = tokens[i]?.text ?? "";
    if (tokens[i]?.kind === "mark") depth += /^[([{]$/.test(text) ? 1 : /^[)\]}]$/.test(text) ? -1 : 0;
    if (depth > 0 || !/^(?:const|let|var)$/.test(text) || tokens[i + 1]?.kind !== "name") continue;
    let equals = i + 2;
    while (equals < tokens.length && !/^[=;]$/.test(tokens[equals]?.text ?? ""))
      equals = Math.max(equals, tokens[equals]?.close ?? 0) + 1;
    let end = equals + 1;
    while (
      end < tokens.length &&
      !/^(?:;|const|let|var|export|function|class|exports|module|async)$/.test(tokens[end]?.text ?? "")
    )
      end = Math.max(end, tokens[end]?.close ?? 0) + 1;
    const value = evaluate(tokens, { from: equals + 1, to: end }, scope, source);
    if (value.kind !== "unknown") scope.set(tokens[i + 1]?.text ?? "", value);
  }
  return scope;
}

/**
 * What a migration file's `up` runs; undefined when it has none.
 * @throws RangeError when it is nested too deeply or repeats too much to be followed
 */
export function readUp(text: string): Step[] | undefined {
  const tokens = tokensOf(text);
  const source = sourceOf(text);
  const functions = namedFunctions(tokens, text);
  const up = functions.get("up");
  if (up === undefined) return undefined;
  const code: Code = { tokens, source, functions };
  return run(code, up.body, constants(code));
}
