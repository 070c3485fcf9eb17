/**
 * Names of roles that say what a role is for. Rights and policies go before a name; it only tells apart roles whose rights look alike.
 */

/** What a role's name says. */
export type RoleSense = "anonymous" | "service" | "login" | "app" | "operator" | undefined;

const senses: readonly (readonly [RegExp, RoleSense])[] = [
  [/^(anon|anonymous|web_anon|guest|public_user|visitor_anon|unauthenticated)$/, "anonymous"],
  [/(^|_)(anon|anonymous)$/, "anonymous"],
  [/^service_role$/, "service"],
  [/^(authenticator|postgraphile|postgrest)$|_(authenticator|postgraphile)$/, "login"],
  // roles of people and programs that see all by their task: no request of a tenant runs as one of them
  [
    /(^|_)(read_?only|readers?|ro|report(s|ing|er)?|analytics?|analyst|bi|metabase|looker|backup|dump|replica(tor|tion)?|monitor(ing)?|datadog|exporter|migrat(or|e|ion|ions)|flyway|owner|admin|administrator|dba|deploy(er|ment)?|etl|cdc|debezium|audit(or)?|root|control|provisioner|superuser|maintenance|support)(_|$)/,
    "operator",
  ],
  [/(^|_)(service|worker|jobs?|cron|scheduler|system|internal|batch|queue)(_|$)/, "service"],
  [
    /^authenticated$|(^|_)(app|application|web|api|backend|server|client|tenants?|users?|visitor|rw|crud|runtime)(_|$)/,
    "app",
  ],
];

/** What a name says; undefined for nothing. */
export function roleSense(name: string): RoleSense {
  const plain = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  return senses.find(([pattern]) => pattern.test(plain))?.[1];
}
