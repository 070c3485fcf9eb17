/**
 * Places from which a policy can learn who asks: settings, claims, the kit, the role. Recognises PostgreSQL's and the platforms' own functions;
 * functions of the project are followed by equalities.ts. Must never decide what a source holds: that takes the columns it is compared with.
 */

/** A source as read; what it holds is found out later. */
export type RawSource =
  | { readonly kind: "setting"; readonly setting: string }
  | { readonly kind: "claims"; readonly setting: string; readonly path: readonly string[] }
  | { readonly kind: "kit" }
  | { readonly kind: "role" };

/** The setting in which PostgREST, Supabase and Neon keep the verified claims. */
export const claimsSetting = "request.jwt.claims";

const claims = (...path: string[]): RawSource => ({ kind: "claims", setting: claimsSetting, path });

// Supabase: auth.uid, jwt, role, email; Neon: auth.user_id, auth.session (the whole token)
const platformFunctions: Readonly<Record<string, RawSource>> = {
  "auth.uid": claims("sub"),
  "auth.user_id": claims("sub"),
  "auth.jwt": claims(),
  "auth.session": claims(),
  "auth.role": claims("role"),
  "auth.email": claims("email"),
  "watertight.tenant_id": { kind: "kit" },
};

/** The source behind a platform's function; its own body is not looked at. */
export function platformSource(schema: string | undefined, name: string): RawSource | undefined {
  return schema === undefined ? undefined : platformFunctions[`${schema}.${name}`];
}

/** The source behind current_setting(name). Old PostgREST kept one setting for each claim. */
export function settingSource(setting: string): RawSource {
  const name = setting.toLowerCase();
  const legacy = /^request\.jwt\.claim\.(.+)$/.exec(name)?.[1];
  if (legacy !== undefined) return claims(legacy);
  return name === claimsSetting ? claims() : { kind: "setting", setting: name };
}

/** A claim below a source: `auth.jwt() -> 'app_metadata'`. A setting that is read by a path holds JSON. */
export function below(source: RawSource, key: string): RawSource | undefined {
  if (source.kind === "claims") return { ...source, path: [...source.path, key] };
  return source.kind === "setting" ? { kind: "claims", setting: source.setting, path: [key] } : undefined;
}

/** One text for each source: equal sources have equal keys. */
export function sourceKey(source: RawSource): string {
  if (source.kind === "setting") return `setting ${source.setting}`;
  if (source.kind === "claims") return `claims ${source.setting} ${source.path.join(".")}`;
  return source.kind;
}

/** The source in words. */
export function sourceText(source: RawSource): string {
  if (source.kind === "setting") return `current_setting('${source.setting}')`;
  if (source.kind === "kit") return "watertight.tenant_id()";
  if (source.kind === "role") return "current_user";
  if (source.setting === claimsSetting && source.path.join() === "sub") return "the claim sub (auth.uid())";
  return source.path.length === 0 ? `the claims in ${source.setting}` : `the claim ${source.path.join(".")}`;
}

/** Whether a source names a person by its nature. */
export function namesUser(source: RawSource): boolean {
  if (source.kind === "claims") return /(^|[-_.:/])(sub|user[-_]?id|uid|e?mail|oid)$/i.test(source.path.at(-1) ?? "");
  return (
    source.kind === "setting" &&
    /(^|[._])(user|usr|uid|viewer|actor|person|profile|sub)([._]?(id|uuid))?$/i.test(source.setting)
  );
}

/** Claims that say what somebody may do, never whose a row is. */
export function namesNobody(source: RawSource): boolean {
  return (
    source.kind === "claims" &&
    /^(role|roles|aal|amr|aud|iss|exp|iat|is_anonymous|plan|tier|locale|permissions?|scopes?)$/i.test(
      source.path.at(-1) ?? "",
    )
  );
}
