/**
 * How far a source of the session can be trusted, and whether it says who somebody is. Must never call a header or user_metadata a signed claim.
 */
import { claimsSetting, type RawSource, sourceText } from "../../understand/meaning/source.ts";
import type { AtomKind } from "./formula.ts";

const userWritten = /^(user_metadata|raw_user_meta_data|user_meta_data|unsafe_?metadata)$/i;
const requestSetting = /^request\.(headers?|cookies?|path|method|query)(\.|$)|header|cookie/i;

/** Whether the user writes it: metadata that they may edit, a header that they send. */
export function isUserWritten(source: RawSource): boolean {
  if (source.kind === "claims")
    return source.path.some((step) => userWritten.test(step)) || requestSetting.test(source.setting);
  return source.kind === "setting" && requestSetting.test(source.setting);
}

/** What an atom that hangs on this source is about. */
export function sourceAtom(source: RawSource): AtomKind {
  if (isUserWritten(source)) return "user claim";
  if (source.kind === "setting") return "setting";
  return source.kind === "role" ? "role" : "claim";
}

const attribute =
  /(role|roles|aal|amr|scope|scopes|permission|permissions|admin|bypass|plan|locale|lang|language|type|status|mode|is_anonymous|verified)$/i;

/** Whether the source names a tenant or a person, so that comparing a row with it ties the row to them. */
export function identifiesSomebody(source: RawSource): boolean {
  if (source.kind === "kit" || source.kind === "role") return true;
  const last = source.kind === "claims" ? (source.path.at(-1) ?? source.setting) : source.setting.split(".").at(-1)!;
  return !attribute.test(last);
}

/** Whether it holds the role of the request, as PostgREST's claim does. */
export function isRoleClaim(source: RawSource): boolean {
  return source.kind === "claims" && source.setting === claimsSetting && source.path.join() === "role";
}

export { sourceText };
