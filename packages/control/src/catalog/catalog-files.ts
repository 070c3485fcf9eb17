/** The catalog's SQL as it lies in the package: numbered files, applied once each, in order. A published file never changes. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";

/** One SQL file of the package. */
export interface CatalogFile {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

const folder = new URL("../../sql/", import.meta.url);

/** The numbered files in order. */
export function catalogFiles(): CatalogFile[] {
  return readdirSync(folder)
    .flatMap((file) => {
      const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
      if (!match) return [];
      // line ends are git's business, not a change
      const text = readFileSync(new URL(file, folder), "utf8").replaceAll("\r\n", "\n");
      return [
        {
          number: Number(match[1]),
          name: file.slice(0, -4),
          text,
          checksum: createHash("sha256").update(text).digest("hex"),
        },
      ];
    })
    .sort((a, b) => a.number - b.number);
}
