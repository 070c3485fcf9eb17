// Tokens that nobody should accept.
import { exportSPKI, SignJWT, UnsecuredJWT } from "jose";
import { AUDIENCE, createAuthority, ISSUER } from "../app/identity.ts";
import type { Identity, TokenAuthority } from "../app/identity.ts";

export interface Forgery {
  otherIssuer: string;
  algNone: string;
  /** HMAC with the public key as its secret: the classic algorithm confusion. */
  hs256: string;
  /** Once genuine, found in an old log. */
  expired: string;
}

export async function forge(authority: TokenAuthority, identity: Identity): Promise<Forgery> {
  const stranger = await createAuthority("https://login.somebody-else.example");
  const claims = { tenant: identity.tenant };
  const secret = new TextEncoder().encode(await exportSPKI(authority.publicKey));
  return {
    otherIssuer: await stranger.issue(identity),
    algNone: new UnsecuredJWT(claims)
      .setSubject(identity.userId)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setExpirationTime("1h")
      .encode(),
    hs256: await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
      .setSubject(identity.userId)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setExpirationTime("1h")
      .sign(secret),
    expired: await authority.issue(identity, -600),
  };
}
