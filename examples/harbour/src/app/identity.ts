// Who asks, and for which tenant. Tokens are verified, never merely decoded: one algorithm, our issuer, our audience, an expiry that is
// required. Every tenant signal of a request must agree with the token; an X-Tenant-ID that says something else is a refusal, not a choice.
import { generateKeyPair, jwtVerify, SignJWT } from "jose";
import type { CryptoKey } from "jose";
import { IdentityError } from "./problem.ts";

export const ISSUER = "https://login.harbour.example";
export const AUDIENCE = "harbour-api";
const ALGORITHM = "EdDSA";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface Identity {
  userId: string;
  tenant: string;
}

export interface TokenAuthority {
  readonly publicKey: CryptoKey;
  issue(identity: Identity, lifeSeconds?: number): Promise<string>;
  verify(token: string): Promise<Identity>;
}

/** An authority with a key pair of its own, made when the process starts and gone with it. */
export async function createAuthority(issuer: string = ISSUER): Promise<TokenAuthority> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { crv: "Ed25519", extractable: true });
  return {
    publicKey,
    issue: ({ userId, tenant }, lifeSeconds = 3600) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ tenant })
        .setProtectedHeader({ alg: ALGORITHM, typ: "at+jwt" })
        .setSubject(userId)
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setIssuedAt(Math.min(now, now + lifeSeconds))
        .setExpirationTime(now + lifeSeconds)
        .sign(privateKey);
    },
    verify: async (token) => {
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: [ALGORITHM],
        issuer,
        audience: AUDIENCE,
        typ: "at+jwt",
        requiredClaims: ["sub", "tenant", "exp"],
        clockTolerance: 5,
      }).catch((error: unknown) => {
        throw new IdentityError(401, "token-refused", error);
      });
      return readClaims(payload);
    },
  };
}

/** The identity in verified claims. A tenant that is not a uuid is no tenant. */
export function readClaims(payload: { sub?: string; tenant?: unknown }): Identity {
  if (typeof payload.sub !== "string" || typeof payload.tenant !== "string" || !UUID.test(payload.tenant)) {
    throw new IdentityError(401, "token-refused");
  }
  return { userId: payload.sub, tenant: payload.tenant };
}

export function bearerToken(headers: Headers): string {
  const match = /^Bearer ([\w.-]+)$/.exec(headers.get("authorization") ?? "");
  if (match === null) throw new IdentityError(401, "token-missing");
  return match[1]!;
}

export async function identify(authority: TokenAuthority, headers: Headers): Promise<Identity> {
  const identity = await authority.verify(bearerToken(headers));
  const claimed = headers.get("x-tenant-id");
  if (claimed !== null && claimed.toLowerCase() !== identity.tenant) throw new IdentityError(403, "signals-disagree");
  return identity;
}
