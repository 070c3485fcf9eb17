/** Signatures of webhooks, in the form of the Standard Webhooks specification: HMAC-SHA256 over id, time and body. */
import { createHmac, timingSafeEqual } from "node:crypto";

/** Headers of one delivery. */
export interface WebhookHeaders {
  readonly "webhook-id": string;
  /** Seconds since 1970. */
  readonly "webhook-timestamp": string;
  /** `v1,` and the signature in base64; several, apart by spaces, while a secret is changed. */
  readonly "webhook-signature": string;
}

const sign = (secret: string, id: string, timestamp: string, body: string): Buffer =>
  createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest();

/** Signs a body. */
export function signWebhook(secret: string, id: string, body: string, now: number = Date.now()): WebhookHeaders {
  const timestamp = String(Math.floor(now / 1000));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${sign(secret, id, timestamp, body).toString("base64")}`,
  };
}

/**
 * Whether a delivery is ours and not older than five minutes; for whoever receives it. Remember `webhook-id`: an event may come twice.
 * @example if (!verifyWebhook(secret, request.headers, await request.text())) return new Response(null, { status: 401 });
 */
export function verifyWebhook(
  secret: string,
  headers: Readonly<Record<string, string | undefined>>,
  body: string,
  now: number = Date.now(),
): boolean {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  if (id === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1000 - Number(timestamp)) > 300) return false;
  const wanted = sign(secret, id, timestamp, body);
  return (headers["webhook-signature"] ?? "").split(" ").some((each) => {
    const [version, text] = each.split(",");
    const given = Buffer.from(text ?? "", "base64");
    return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
