// Every style of schema on a real server: who the tenant is, table by table, and by whom and how it is asked for.
import { describeServers } from "@watertight/testkit";
import { beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/understand/sql/parser.ts";
import { understand } from "../../src/understand/understand.ts";
import { describeUnderstanding } from "./describe-understanding.ts";
import { styleSnapshot } from "./style-database.ts";
import { styles } from "./styles.ts";

beforeAll(loadParser);

describeServers((server) => {
  for (const { name, files, ...expected } of styles)
    test(name, async () => {
      const understanding = understand(await styleSnapshot(server, files));
      expect(describeUnderstanding(understanding)).toEqual({
        memberships: [],
        perUser: false,
        ...expected,
      });
      for (const { evidence } of [...understanding.tables, ...understanding.roles, ...understanding.evidence])
        expect(evidence.because.length).toBeGreaterThan(0);
    });
});
