/**
 * What is changed in a statement before it runs, so that it does here what it means elsewhere. A pure function of the tree; every change is
 * named in the outcome.
 */
import { quoteName } from "@watertight/schema";
import type { ParsedStatement, SyntaxNode } from "../../history/statement.ts";
import type { Pretended } from "../pretended.ts";
import { OWNER } from "../sandbox.ts";
import { granteeRoles, grantedRoles, serverRoles } from "./role-names.ts";

/** The statement as it will be sent. */
export interface Prepared {
  /** Null: nothing of it is sent. */
  readonly text: string | null;
  readonly adapted: readonly string[];
  /** Statements of ours that follow when it ran. */
  readonly after: readonly string[];
  /** Name of a function that is to be made LEAKPROOF when it is there: only that is the superuser's, and its body is read without. */
  readonly leakproof?: readonly string[];
}

/** Prepares a statement; `pretended` takes what is noted and not given. */
export function prepare(statement: ParsedStatement, pretended: Pretended): Prepared {
  const { tree, type, text } = statement;
  const node = (tree?.[type] ?? {}) as SyntaxNode;
  if (type === "CreateRoleStmt" || type === "AlterRoleStmt") return withoutSuperuser(node, text, pretended);
  if (type === "GrantRoleStmt") return grantOfRoles(node, text, pretended);
  if (type === "CreateFunctionStmt") return withoutLeakproof(node, text);
  if (type === "VariableSetStmt" && node["name"] === "session_authorization") {
    const role: unknown = node["args"]?.[0]?.A_Const?.sval?.sval;
    const local = node["is_local"] === true ? "local " : "";
    const instead = typeof role === "string" ? `set ${local}role ${quoteName(role)}` : "reset role";
    return { text: instead, adapted: ["SET ROLE in place of SET SESSION AUTHORIZATION"], after: [] };
  }
  return { text, adapted: [], after: [] };
}

function withoutSuperuser(node: SyntaxNode, text: string, pretended: Pretended): Prepared {
  const options = ((node["options"] ?? []) as SyntaxNode[]).map((entry) => entry["DefElem"] as SyntaxNode);
  const option = options.find(({ defname }) => defname === "superuser");
  const name = String(typeof node["role"] === "string" ? node["role"] : node["role"]?.rolename);
  if (option === undefined) return { text, adapted: [], after: [] };
  const wanted = option["arg"]?.Boolean?.boolval === true;
  if (wanted) pretended.superusers.add(name);
  else pretended.superusers.delete(name);
  const rest = blank(text, Number(option["location"] ?? 0));
  const alone = options.length === 1 && typeof node["role"] !== "string";
  const bypass = options.some(({ defname }) => defname === "bypassrls");
  return {
    text: alone ? null : rest,
    adapted: wanted ? [`${name} is a superuser in the catalog that is shown, not in the throw-away server`] : [],
    after: wanted && !bypass ? [`alter role ${quoteName(name)} bypassrls`] : [],
  };
}

// PostgreSQL reads the body and the defaults while it makes the function, and to read '{1}'::a_domain[] is to run the domain's check.
function withoutLeakproof(node: SyntaxNode, text: string): Prepared {
  const plain = { text, adapted: [], after: [] };
  const options = ((node["options"] ?? []) as SyntaxNode[]).map((entry) => entry["DefElem"] as SyntaxNode);
  const option = options.find(({ defname }) => defname === "leakproof");
  if (option?.["arg"]?.Boolean?.boolval !== true) return plain;
  const leakproof = (node["funcname"] as SyntaxNode[]).map((part) => String(part["String"]?.sval));
  return { ...plain, text: blank(text, Number(option["location"] ?? 0)), leakproof };
}

/** Takes the word at a byte offset out of a text. */
function blank(text: string, location: number): string {
  const bytes = Buffer.from(text);
  const before = bytes.subarray(0, location).toString();
  return before + bytes.subarray(location).toString().replace(/^\w+/, " ");
}

function grantOfRoles(node: SyntaxNode, text: string, pretended: Pretended): Prepared {
  const [granted, grantees] = [grantedRoles(node), granteeRoles(node)];
  const given = node["is_grant"] === true;
  if (grantees.includes(OWNER)) for (const role of granted) if (given) pretended.wanted.add(role);
  const server = granted.filter((role) => serverRoles.has(role));
  if (server.length === 0) return { text, adapted: [], after: [] };
  const admin = ((node["opt"] ?? []) as SyntaxNode[]).some((entry) => entry["DefElem"]?.defname === "admin");
  for (const role of server)
    for (const member of grantees) {
      const at = pretended.memberships.findIndex((one) => one.role === role && one.member === member);
      if (at >= 0) pretended.memberships.splice(at, 1);
      if (given) pretended.memberships.push({ role, member, admin });
    }
  const rest = granted.filter((role) => !serverRoles.has(role));
  const roles = rest.map(quoteName).join(", ");
  const whom = grantees.map(quoteName).join(", ");
  return {
    text: rest.length === 0 ? null : given ? `grant ${roles} to ${whom}` : `revoke ${roles} from ${whom}`,
    adapted: [`membership in ${server.join(", ")} is in the catalog that is shown, not in the throw-away server`],
    after: [],
  };
}
