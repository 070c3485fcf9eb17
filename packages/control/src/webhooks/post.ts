/**
 * One delivery over HTTP. Receivers are services of one's own and may have private addresses; what hands out a machine's credentials has a
 * link-local one, and is never spoken to, whatever name it was given. Must never follow a redirect, nor read more of an answer than its status.
 */
import { lookup as resolveName } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

const never = new BlockList();
never.addSubnet("169.254.0.0", 16, "ipv4");
never.addSubnet("0.0.0.0", 8, "ipv4");
never.addSubnet("fe80::", 10, "ipv6");
never.addAddress("fd00:ec2::254", "ipv6");
never.addAddress("::", "ipv6");

/** Whether an address may be spoken to. */
export type MaySpeakTo = (address: string) => boolean;

/** Everything but link-local addresses, the metadata services of clouds. */
export const noMetadata: MaySpeakTo = (address) => !never.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

class Refused extends Error {
  readonly code = "WT_ADDRESS_REFUSED";
}

/** Sends a body. @returns the status; fails when there is none, or the address may not be spoken to */
export async function post(
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
  may: MaySpeakTo,
): Promise<number> {
  const url = new URL(target);
  const literal = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(literal) !== 0 && !may(literal)) throw new Refused();
  // judged where the connection is made: a name may have another address by the time that it is used
  const lookup: LookupFunction = (name, options, done) =>
    resolveName(name, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, "", 0);
      const [first] = found;
      if (first === undefined || found.some(({ address }) => !may(address))) return done(new Refused(), "", 0);
      return options.all === true ? done(null, found) : done(null, first.address, first.family);
    });
  return new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? httpsRequest : httpRequest;
    const sent = request(
      url,
      {
        method: "POST",
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
        lookup,
        signal,
        agent: false,
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      },
    );
    sent.on("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    sent.end(body);
  });
}
