/**
 * A format that is generated and checked exactly, as RFC 3339, RFC 9562 and RFC 2673 define it. Every other format is
 * an annotation without effect, the default in JSON Schema.
 */
export interface StringFormat {
  readonly name: string;
  readonly minLength: number;
  readonly maxLength: number;
  matches(text: string): boolean;
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d+)?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/i;
const MINUTES_PER_DAY = 24 * 60;

function isDate(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (parts === null) return false;
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}

function isTime(text: string): boolean {
  const parts = TIME.exec(text);
  if (parts === null) return false;
  const [, hour, minute, second, sign, offsetHour = 0, offsetMinute = 0] = parts;
  if (second !== "60") return true;
  // A leap second is the last one of a day in UTC.
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === "-" ? -1 : 1);
  const minutes = Number(hour) * 60 + Number(minute) - offset;
  return (minutes + MINUTES_PER_DAY) % MINUTES_PER_DAY === MINUTES_PER_DAY - 1;
}

/** Formats by name. The lengths are those of generated text. */
export const stringFormats: ReadonlyMap<string, StringFormat> = new Map(
  [
    { name: "date", minLength: 10, maxLength: 10, matches: isDate },
    { name: "time", minLength: 9, maxLength: 21, matches: isTime },
    {
      name: "date-time",
      minLength: 20,
      maxLength: 32,
      matches: (text: string) => isDate(text.slice(0, 10)) && /^t$/i.test(text.charAt(10)) && isTime(text.slice(11)),
    },
    {
      name: "uuid",
      minLength: 36,
      maxLength: 36,
      matches: (text: string) => /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text),
    },
    {
      name: "ipv4",
      minLength: 7,
      maxLength: 15,
      matches: (text: string) => /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/.test(text),
    },
  ].map((format) => [format.name, format]),
);
