/**
 * C10: a context that a function verifies is worth what its key is worth. The text of every function and the settings of roles and databases are open to
 * all roles: a key there is no secret. Keys belong in a table that only the verifying function's owner can read.
 */
import type { Routine } from "@watertight/schema";
import { objectKey } from "../../history/object-key.ts";
import type { SyntaxNode } from "../../history/statement.ts";
import { walkTree } from "../../parse/tree.ts";
import { nameWords, stringConstant } from "../../understand/sql/parser.ts";
import { bodyOf } from "../bodies/body.ts";
import { said, sqlName } from "../exposure/words.ts";
import { kitSchema } from "../judge/tenant-rows.ts";
import type { Facts, Rule, RuleFinding } from "../rule.ts";

/** The rule. */
export const sealedContext: Rule = {
  id: "C10",
  slug: "C10-sealed-context",
  title: "The key of a verified context is readable",
  needs: "catalog",
  find: (facts) => [
    ...facts.snapshot.routines.flatMap((routine) => keyInBody(routine) ?? []),
    ...facts.snapshot.settings.flatMap((setting) => keyInSetting(facts, setting) ?? []),
  ],
};

const hashes =
  /^(hmac|digest|sha224|sha256|sha384|sha512|md5|crypt|encrypt|decrypt|pgp_sym_encrypt|pgp_sym_decrypt|verify|sign)$/;
const words = /^(hex|base64|escape|utf-?8|sha\d+|md5|hs\d+|rs\d+|es\d+|aes[\w/:-]*|bf[\w/:-]*|[\s.:|;,-]*)$/i;

/** Functions that give back the text that they are given, in another form or joined with others. */
const forms =
  /^(concat|concat_ws|format|convert_to|convert_from|encode|decode|lower|upper|btrim|ltrim|rtrim|coalesce|replace|repeat)$/;

/** A literal that goes into a hash or cipher. What other functions and operators take is no part of the text: current_setting('app.token'). */
function keyInBody(routine: Routine): RuleFinding | null {
  if (routine.schema === kitSchema || routine.extension !== null) return null;
  let found = false;
  for (const { tree } of bodyOf(routine).parts)
    walkTree(tree, (type, node) => {
      if (type !== "FuncCall" || !hashes.test(nameWords(node.funcname as SyntaxNode[]).at(-1) ?? "")) return;
      walkTree(node.args, (inner, part) => {
        if (inner === "FuncCall") {
          const called = nameWords(part.funcname as SyntaxNode[]).at(-1) ?? "";
          return forms.test(called) || hashes.test(called);
        }
        if (inner === "A_Expr") return nameWords(part.name as SyntaxNode[]).at(-1) === "||";
        const text = inner === "A_Const" ? stringConstant({ A_Const: part }) : null;
        found ||= text !== null && text.length >= 8 && !words.test(text);
        return true;
      });
    });
  if (!found) return null;
  return {
    object: { kind: "function", schema: routine.schema, name: routine.name },
    message: `${said(routine)}() has its key in its body, and every role may read the bodies of all functions: whoever can run SQL signs a token of any tenant.`,
    severity: "critical",
    evidence: [
      `${routine.signature} hashes or signs with a literal`,
      "pg_proc.prosrc is open to everybody, without EXECUTE or USAGE",
    ],
    keys: [objectKey.routine(routine.signature)],
    fix: `keep the key in a table that only ${routine.owner} may read, and let ${sqlName(routine)} be SECURITY DEFINER with a fixed search_path`,
    attackable: true,
  };
}

const secret = /(secret|passw(or)?d|private_?key|signing_?key|jwt_?key|hmac_?key|(^|[._])(key|token)$)/i;

/** ALTER DATABASE … SET app.jwt_secret. */
function keyInSetting(
  facts: Facts,
  { role, database, name, value }: Facts["snapshot"]["settings"][number],
): RuleFinding | null {
  if (!name.includes(".") || !secret.test(name) || value.length < 8) return null;
  if (database !== null && database !== facts.snapshot.database.name) return null;
  return {
    object: { kind: "setting", schema: "", name: role === null ? name : `${role}.${name}` },
    message: `The setting ${name} holds a secret, and every role may read it: by current_setting() in its own session and in pg_db_role_setting for all.`,
    severity: "high",
    evidence: [
      `${role === null ? "alter database" : `alter role ${role}`} set ${name} = '…' (${value.length} characters)`,
    ],
    keys: [objectKey.setting(role, name)],
    fix: "keep it in a table that only the verifying function's owner may read, and change it: it was readable",
    attackable: true,
  };
}
