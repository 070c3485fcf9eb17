/**
 * From the bytes of a file to text. Must never guess silently: what was not plain UTF-8 is said in `note`, what is no text is refused.
 */

/** A file's text, or why there is none. */
export type FileText =
  | { readonly text: string; readonly note: string | null }
  | { readonly text: null; readonly reason: string };

const named = (encoding: string, label: string, bytes: Uint8Array): FileText => {
  const text = new TextDecoder(encoding).decode(bytes);
  return text.includes("\0") ? { text: null, reason: "not text: it holds NUL characters" } : { text, note: label };
};

/** Whether NUL stands on one side of most pairs of bytes: UTF-16 of mostly ASCII characters, without a mark. */
function looksLikeUtf16(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const look = bytes.subarray(0, 4096 - (bytes.length % 2));
  const nuls = [0, 0];
  for (let i = 0; i < look.length; i += 1) if (look[i] === 0) nuls[i % 2] = (nuls[i % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = nuls;
  const many = look.length / 4;
  return odd > many && even * 10 < odd ? "utf-16le" : even > many && odd * 10 < even ? "utf-16be" : undefined;
}

/** Decodes UTF-8 and UTF-16 with or without a byte order mark; anything else that may be text is read as Windows-1252. */
export function decode(bytes: Uint8Array): FileText {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return named("utf-16le", "UTF-16", bytes);
  if (first === 0xfe && second === 0xff) return named("utf-16be", "UTF-16", bytes);
  if (Buffer.from(bytes.subarray(0, 5)).toString("latin1") === "PGDMP")
    return { text: null, reason: "a pg_dump archive, not SQL: make SQL of it with pg_restore --schema-only --file" };
  if (bytes.includes(0)) {
    const encoding = looksLikeUtf16(bytes);
    return encoding === undefined
      ? { text: null, reason: "not text: it holds NUL characters" }
      : named(encoding, "UTF-16 without a byte order mark", bytes);
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), note: null };
  } catch {
    return named("windows-1252", "not valid UTF-8, read as Windows-1252", bytes);
  }
}
