/**
 * `watertight bisect`: which migration opened a finding.
 */
import { bisect } from "@watertight/audit";
import type { Execute } from "../../command.ts";
import { counted, harmless } from "../../output/printer.ts";
import { requestOf, type SourceFlags } from "./request.ts";

/** Runs `bisect`. */
export const execute: Execute<SourceFlags & { readonly in?: string }> = async ({ io, print }, [id = ""], flags) => {
  const request = await requestOf(io, flags.in, flags);
  const found = await bisect({ ...request, attack: flags.attack !== false }, id);
  const { finding, migration, replays, place } = found;
  print.result({ finding, migration: migration.name, file: migration.file, place, replays }, () => {
    print.line(`${finding} came with ${harmless(migration.name)}`);
    print.line(`  ${harmless(place === null ? migration.file : `${place.file}:${place.line}`)}`);
    print.note(counted(replays, "replay"));
  });
  return 0;
};
