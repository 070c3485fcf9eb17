/**
 * Passwords as the server stores them: a SCRAM-SHA-256 verifier (RFC 5802, RFC 7677), computed here. Must never let a password travel in a
 * statement: servers log statements.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const iterations = 4096;

/** A new password: 32 random bytes in letters that SASLprep leaves alone. */
export function newPassword(): string {
  return randomBytes(32).toString("base64url");
}

/** The verifier that `CREATE ROLE … PASSWORD` takes in place of a password. */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (word: string): Buffer => createHmac("sha256", salted).update(word).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${hmac("Server Key").toString("base64")}`;
}
