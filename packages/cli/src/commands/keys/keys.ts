/**
 * `watertight kit keys list|rotate|retire`. A new key is printed once, on stdout, and nowhere else.
 */
import { listKeys, retireKey, rotateKey } from "@watertight/schema";
import type { Execute } from "../../command.ts";

/** Runs `kit keys list`. */
export const list: Execute<object> = async ({ database, print }) => {
  const keys = await database((client) => listKeys(client));
  print.result({ keys }, () =>
    print.table(
      ["key id", "state", "created"],
      keys.map((key) => [key.kid, key.state, key.createdAt]),
    ),
  );
  return 0;
};

/** Runs `kit keys rotate`. */
export const rotate: Execute<object> = async ({ database, print }) => {
  const report = await database((client) => rotateKey(client));
  print.result({ ...report }, () => {
    print.line(`WATERTIGHT_KEY=${report.key}`);
    print.line("Deploy it everywhere; the old keys stay valid until you retire them:");
    for (const kid of report.retiring) print.line(`  watertight kit keys retire ${kid}`);
  });
  return 0;
};

/** Runs `kit keys retire`. */
export const retire: Execute<object> = async ({ database, print }, [kid = ""]) => {
  await database((client) => retireKey(client, kid));
  print.result({ retired: kid }, () => print.line(`retired ${kid}: tokens signed with it are refused from now on`));
  return 0;
};
