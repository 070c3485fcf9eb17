/**
 * Recognises SQL that was written for another database, so that a file of it is one clear reason and not a hundred syntax errors. Must
 * only be asked about statements that PostgreSQL's parser refused.
 */
import { mask } from "./lex.ts";

interface Dialect {
  readonly name: string;
  readonly signs: readonly (readonly [RegExp, string])[];
}

const dialects: readonly Dialect[] = [
  {
    name: "SQLite",
    signs: [
      [/\bAUTOINCREMENT\b/i, "AUTOINCREMENT"],
      [/^\s*PRAGMA\b/im, "PRAGMA"],
      [/\bWITHOUT\s+ROWID\b/i, "WITHOUT ROWID"],
    ],
  },
  {
    name: "MySQL",
    signs: [
      [/\bAUTO_INCREMENT\b/i, "AUTO_INCREMENT"],
      [/\bENGINE\s*=\s*\w+/i, "ENGINE="],
      [/\b(?:DEFAULT\s+)?CHARSET\s*=|\bCHARACTER\s+SET\s+utf8/i, "CHARSET"],
      [/\bON\s+UPDATE\s+CURRENT_TIMESTAMP\b/i, "ON UPDATE CURRENT_TIMESTAMP"],
      [/\b(?:TINYINT|MEDIUMINT|INT|BIGINT)\s*\(\d+\)|\bUNSIGNED\b/i, "an integer type with a width or UNSIGNED"],
      [/^\s*DELIMITER\s+\S+\s*$/im, "DELIMITER"],
      [/\bUNLOCK\s+TABLES\b|\bLOCK\s+TABLES\b/i, "LOCK TABLES"],
    ],
  },
  {
    name: "SQL Server",
    signs: [
      [/^\s*GO\s*$/im, "GO"],
      [/\bIDENTITY\s*\(\s*\d+\s*,\s*\d+\s*\)/i, "IDENTITY(1,1)"],
      [/\bNVARCHAR\s*\(/i, "NVARCHAR"],
      [/\[\w+\]\s*\.\s*\[\w+\]/, "[schema].[name]"],
    ],
  },
  {
    name: "Oracle",
    signs: [
      [/\bVARCHAR2\s*\(/i, "VARCHAR2"],
      [/\bNUMBER\s*\(\s*\d+/i, "NUMBER(…)"],
    ],
  },
];

/** Names of backtick style; SQLite and MySQL both take them. */
const BACKTICKS = /`\w[^`\n]*`/;

/** Which database a refused text was written for, and the sign of it; undefined when nothing says so. */
export function foreignDialect(text: string): { readonly name: string; readonly sign: string } | undefined {
  const plain = mask(text);
  for (const { name, signs } of dialects)
    for (const [pattern, sign] of signs) if (pattern.test(plain)) return { name, sign };
  return BACKTICKS.test(plain) ? { name: "MySQL or SQLite", sign: "names in backticks" } : undefined;
}
