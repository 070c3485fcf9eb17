/**
 * Failures that say nothing of the schema: what they would have made is there by other means, or means nothing here. They become skips with
 * the server's reason.
 */
import type { ParsedStatement, SyntaxNode } from "../../history/statement.ts";
import type { Refusal } from "../session.ts";
import type { Skip } from "./refuse.ts";

const alreadyThere = new Set(["42P06", "42710", "42P07", "42723", "42701"]);

/** Schema and name of what a CREATE makes, as far as a platform makes such things. */
function made(type: string, node: SyntaxNode): string {
  if (type === "CreateSchemaStmt") return `${node["schemaname"]}.`;
  if (type === "CreatePublicationStmt") return String(node["pubname"]);
  if (type === "CreateStmt") return `${node["relation"]?.schemaname}.`;
  if (type === "CreateFunctionStmt") return `${node["funcname"]?.[0]?.String?.sval}.`;
  if (type === "CreateEnumStmt") return `${node["typeName"]?.[0]?.String?.sval}.`;
  return "";
}

/** A skip in place of a failure; null when it stays one. */
export function excuse(
  { type, tree }: ParsedStatement,
  { sqlstate, message }: Refusal,
  platforms: readonly string[],
): Skip | null {
  const node = (tree?.[type] ?? {}) as SyntaxNode;
  if (type === "CommentStmt") return { reason: `a comment: ${message}`, matters: false };
  if (type === "CreateExtensionStmt" && sqlstate === "42710") return { reason: message, matters: false };
  if (type === "IndexStmt" && sqlstate === "42704" && /^(access method|operator class) /.test(message))
    return { reason: `an index of an extension that is not here: ${message}`, matters: false };
  if (type === "AlterTableStmt" && message.startsWith("unrecognized parameter namespace"))
    return { reason: `a setting of an extension that is not here: ${message}`, matters: false };
  const platform = /^(auth|storage|realtime|vault|extensions|graphql|graphql_public|neon_auth)\.$|^supabase_realtime$/;
  if (platforms.length > 0 && alreadyThere.has(sqlstate ?? "") && platform.test(made(type, node)))
    return { reason: `${message}: ${platforms.join(" and ")} has it`, matters: false };
  return null;
}
