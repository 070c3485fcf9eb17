/**
 * Sign-in by an identity provider (OpenID Connect): its access tokens are verified by its published keys. Must never accept an algorithm, an
 * issuer or an audience that was not configured, nor a role that the configuration does not know.
 */
import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from "jose";
import { type AccessRole, accessRoles } from "./roles.ts";

/** An identity provider. */
export interface OidcOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Where its keys are; default `<issuer>/.well-known/jwks.json`. */
  readonly jwksUri?: string;
  /** Claim that names the caller; default `sub`. */
  readonly nameClaim?: string;
  /** Claim that holds groups or roles; default `roles`. */
  readonly rolesClaim?: string;
  /** Role of the API for each of the provider's values; default: the names as they are. */
  readonly roles?: Readonly<Record<string, AccessRole>>;
  /** For tests: keys in place of those at `jwksUri`. */
  readonly keys?: JWTVerifyGetKey;
}

/** Who a provider's token speaks for. */
export interface OidcCaller {
  readonly name: string;
  readonly roles: readonly AccessRole[];
}

/** A verifier for one provider. It answers undefined for whatever is not in order. */
export function oidcVerifier(options: OidcOptions): (token: string) => Promise<OidcCaller | undefined> {
  const keys =
    options.keys ??
    createRemoteJWKSet(new URL(options.jwksUri ?? `${options.issuer.replace(/\/$/, "")}/.well-known/jwks.json`));
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: options.issuer,
        audience: options.audience,
        algorithms: ["RS256", "ES256", "EdDSA"],
        requiredClaims: ["exp", "sub"],
        clockTolerance: 30,
      });
      const name = payload[options.nameClaim ?? "sub"];
      if (typeof name !== "string" || name === "") return undefined;
      const given = payload[options.rolesClaim ?? "roles"];
      const values = (Array.isArray(given) ? given : [given]).filter(
        (each): each is string => typeof each === "string",
      );
      const roles = values.flatMap((value) => {
        const role =
          options.roles === undefined ? value : Object.hasOwn(options.roles, value) ? options.roles[value] : undefined;
        return accessRoles.find((known) => known === role) ?? [];
      });
      // the issuer is part of the name: two providers may both have an "ada"
      return { name: `${options.issuer}#${name}`, roles };
    } catch {
      return undefined;
    }
  };
}
