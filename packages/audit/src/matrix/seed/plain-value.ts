/**
 * A first guess at a value for a column, by its type and, for texts, by its name. Pure: constraints are asked for afterwards, and only when
 * the guess was refused.
 */
import type { Column } from "@watertight/schema";
import { numberFrom, type Randomness, uuidFrom } from "../personas/tenants.ts";

/** For which row a value is made. */
export interface RowMark {
  /** Part of every text. */
  readonly canary: string;
  /** 1 and 2 are seeded; higher ones are rows that attacks write. */
  readonly number: number;
  /** Name of the table, so that values differ between tables. */
  readonly table: string;
  readonly random: Randomness;
}

const day = (mark: RowMark, column: Column, plus = 0): string => {
  // far enough apart that ranges of two rows never meet; inside this decade, where people make their partitions
  const tenant = mark.canary.startsWith("wa") ? 0 : 1;
  // an invitation that has run out is hidden by its policy, and then proves nothing
  const year = /expir|until|valid_to|(^|_)(end|ends|due|to)(_|$)/i.test(column.name) ? 2099 : 2026;
  const date = new Date(Date.UTC(year, 0, 3 + mark.number * 40 + tenant * 11 + plus + (column.number % 3)));
  return date.toISOString().slice(0, 10);
};

const words: readonly (readonly [RegExp, (canary: string, n: number) => string])[] = [
  [/e[-_]?mail/i, (canary, n) => `${canary}.${n}@example.test`],
  [
    /(^|_)(url|uri|link|website|homepage|avatar|image|logo|href)($|_)/i,
    (canary, n) => `https://example.test/${canary}/${n}`,
  ],
  [/(phone|mobile|fax)/i, (canary, n) => `+1${digits(canary, 8)}${n}${n}`],
  [/(^|_)(country|country_code)$/i, (_, n) => (n % 2 === 1 ? "US" : "FR")],
  [/currency/i, (_, n) => (n % 2 === 1 ? "USD" : "EUR")],
  [/(time_?zone|^tz$)/i, () => "UTC"],
  [/(locale|language|lang)$/i, (_, n) => (n % 2 === 1 ? "en" : "fr")],
  [/colou?r/i, (canary, n) => `#${digits(canary, 5)}${n}`],
];

/** Ten digits or fewer that belong to a canary. */
export function digits(canary: string, length: number): string {
  let value = 7;
  for (const letter of canary) value = (value * 31 + letter.charCodeAt(0)) % 9_999_999_967;
  return String(value).padStart(10, "4").slice(-length).replace(/^0/, "8");
}

function textValue(column: Column, mark: RowMark, room: number): string {
  const word = words.find(([pattern]) => pattern.test(column.name));
  const value = word
    ? word[1](mark.canary, mark.number)
    : `${mark.canary}-${column.name.replaceAll(/[^a-z0-9]/gi, "")}-${mark.number}`;
  if (value.length <= room) return value;
  // short columns: what distinguishes rows must survive
  return `${mark.canary}${mark.number}`.slice(-room);
}

const room = (type: string): number => Number(/\((\d+)\)$/.exec(type)?.[1] ?? 1_000_000);

const ranges: Readonly<Record<string, (mark: RowMark, column: Column) => string>> = {
  int4range: (mark, column) => numberRange(mark, column),
  int8range: (mark, column) => numberRange(mark, column),
  numrange: (mark, column) => numberRange(mark, column),
  daterange: (mark, column) => `[${day(mark, column)},${day(mark, column, 1)})`,
  tsrange: (mark, column) => `["${day(mark, column)} 08:00","${day(mark, column)} 09:00")`,
  tstzrange: (mark, column) => `["${day(mark, column)} 08:00+00","${day(mark, column)} 09:00+00")`,
};

function numberRange(mark: RowMark, column: Column): string {
  const start = Number(
    numberFrom(mark.random, `${mark.canary} ${mark.table} ${column.name} ${mark.number}`, "integer"),
  );
  return `[${start},${start + 5})`;
}

/** By type; the key is what format_type prints without its length. */
const makers: readonly (readonly [RegExp, (column: Column, mark: RowMark, type: string) => string])[] = [
  [/^uuid$/, (column, mark) => uuidFrom(mark.random, `${mark.canary} ${mark.table} ${column.name} ${mark.number}`)],
  [
    /^(smallint|integer|bigint|oid)$/,
    (column, mark, type) => numberFrom(mark.random, `${mark.canary} ${mark.table} ${column.name} ${mark.number}`, type),
  ],
  [/^numeric/, (column, mark, type) => decimal(column, mark, type)],
  [/^(real|double precision)$/, (_, mark) => String(10 + mark.number)],
  [/^money$/, (_, mark) => String(10 + mark.number)],
  [/^boolean$/, (_, mark) => (mark.number % 2 === 0 ? "true" : "false")],
  [
    /^(text|character|character varying|citext|name|bpchar)/,
    (column, mark, type) => textValue(column, mark, type === "name" ? 63 : room(type === "character" ? "x(1)" : type)),
  ],
  [/^"char"$/, (_, mark) => String(mark.number)],
  [/^date$/, (column, mark) => day(mark, column)],
  [/^timestamp/, (column, mark) => `${day(mark, column)} 10:00:00+00`],
  [/^time/, (_, mark) => `1${mark.number % 10}:00:00+00`],
  [/^interval/, (_, mark) => `${mark.number} days`],
  [/^jsonb?$/, (column, mark) => JSON.stringify({ [column.name]: `${mark.canary}-${mark.number}` })],
  [/^jsonpath$/, () => "$.a"],
  [/^bytea$/, (_, mark) => `\\x${Buffer.from(`${mark.canary}${mark.number}`).toString("hex")}`],
  [/^inet$/, (_, mark) => `10.${Number(digits(mark.canary, 3)) % 200}.7.${mark.number}`],
  [/^cidr$/, (_, mark) => `10.${Number(digits(mark.canary, 3)) % 200}.${mark.number}.0/24`],
  [/^macaddr$/, (_, mark) => `08:00:2b:01:02:0${mark.number % 10}`],
  [/^macaddr8$/, (_, mark) => `08:00:2b:01:02:03:04:0${mark.number % 10}`],
  [/^bit\((\d+)\)/, (_, mark, type) => "1".repeat(room(type)).slice(0, -1) + String(mark.number % 2)],
  [/^bit/, () => "1"],
  [/^tsvector$/, (_, mark) => mark.canary],
  [/^tsquery$/, (_, mark) => mark.canary],
  [/^xml$/, (_, mark) => `<v>${mark.canary}</v>`],
  [/^point$/, (_, mark) => `(${mark.number},2)`],
  [/^line$/, () => "{1,2,3}"],
  [/^(lseg|box|path)$/, (_, mark) => `((0,0),(${mark.number},1))`],
  [/^polygon$/, () => "((0,0),(1,1),(1,0))"],
  [/^circle$/, (_, mark) => `<(0,0),${mark.number}>`],
  [/^pg_lsn$/, (_, mark) => `0/${mark.number}`],
  [/^reg(class|type|proc|role|namespace)/, () => "0"],
  [/^hstore$/, (_, mark) => `canary=>${mark.canary}`],
  [/^ltree$/, (_, mark) => `${mark.canary}.n${mark.number}`],
  [
    /^(vector|halfvec)\((\d+)\)/,
    (_, mark, type) => `[${Array.from({ length: room(type) }, () => mark.number).join(",")}]`,
  ],
  [/^(vector|halfvec)$/, (_, mark) => `[${mark.number},2]`],
  [/^geography|^geometry/, (_, mark) => `POINT(${mark.number} 2)`],
];

function decimal(column: Column, mark: RowMark, type: string): string {
  const [, precision, scale] = /\((\d+),(-?\d+)\)/.exec(type) ?? [];
  const whole = precision === undefined ? 6 : Number(precision) - Number(scale);
  const value = numberFrom(mark.random, `${mark.canary} ${mark.table} ${column.name} ${mark.number}`, "integer");
  return whole <= 0 ? "0" : value.slice(-Math.min(whole, 6)).replace(/^0+(?=\d)/, "") || "1";
}

/** A type without its schema: the catalog is read without a search path, and types of extensions carry theirs (public.citext). */
export function withoutSchema(type: string): string {
  return type.replace(/^(?:"(?:[^"]|"")+"|\w+)\.(?=\w)/, "");
}

/** The guess; null where the type is unknown to us. */
export function plainValue(column: Column, mark: RowMark): string | null {
  if (column.enumLabels && column.enumLabels.length > 0) {
    const label = column.enumLabels[(mark.number - 1) % column.enumLabels.length]!;
    return column.type.endsWith("[]") ? `{${JSON.stringify(label)}}` : label;
  }
  if (column.typeKind === "c") return null;
  const type = withoutSchema(column.typeKind === "d" ? column.baseType : column.type);
  if (type.endsWith("[]")) {
    const element = plainValue({ ...column, type: column.baseType, typeKind: "b" }, mark);
    return element === null ? "{}" : `{${JSON.stringify(element)}}`;
  }
  const range = ranges[type];
  if (range) return range(mark, column);
  const multirange = ranges[type.replace(/multirange$/, "range")];
  if (multirange) return `{${multirange(mark, column)}}`;
  const maker = makers.find(([pattern]) => pattern.test(type));
  return maker ? maker[1](column, mark, type) : null;
}
