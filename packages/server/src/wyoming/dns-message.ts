/** Types of records, by their names. */
export const recordTypes = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, ANY: 255 } as const;

/** A question of a query. */
interface DnsQuestion {
  /** Labels joined by dots, as they were sent. */
  readonly name: string;
  readonly type: number;
}

/** A query for names on the local network. */
export interface DnsQuery {
  readonly id: number;
  readonly questions: readonly DnsQuestion[];
}

/** A record of an answer. Its data is written already. */
export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly data: Uint8Array;
  /** Whether nobody else has records of this name and type. */
  readonly isUnique: boolean;
  readonly seconds: number;
}

const HEADER_BYTES = 12;
/** Flags of an authoritative answer. */
const ANSWER_FLAGS = 0x8400;
/** Most questions that are read of a query. Those of Home Assistant have a few. */
const MAX_QUESTIONS = 32;
/** Longest name in bytes, and longest label. */
const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;
/** Most jumps within a name. Each goes backwards, so a name ends. */
const MAX_JUMPS = 16;
const CLASS_INTERNET = 1;
/** Bit of a record's class: records that others have of the same name and type are out of date. */
const UNIQUE_BIT = 0x8000;

/** Reads the questions of a query. Returns null for anything else. Never throws. */
export function readQuery(bytes: Uint8Array): DnsQuery | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isAnswer = (view.getUint16(2) & 0x8000) !== 0;
  const count = view.getUint16(4);
  if (isAnswer || count > MAX_QUESTIONS) return null;
  const questions: DnsQuestion[] = [];
  let at = HEADER_BYTES;
  for (let index = 0; index < count; index++) {
    const name = readName(bytes, at);
    if (name === null || name.end + 4 > bytes.length) return null;
    questions.push({ name: name.text, type: view.getUint16(name.end) });
    at = name.end + 4;
  }
  return { id: view.getUint16(0), questions };
}

function readName(bytes: Uint8Array, begin: number): { text: string; end: number } | null {
  const labels: string[] = [];
  let at = begin;
  let end: number | null = null;
  let length = 0;
  for (let jumps = 0; jumps <= MAX_JUMPS; ) {
    const size = bytes[at];
    if (size === undefined) return null;
    if (size === 0) return { text: labels.join("."), end: end ?? at + 1 };
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      if (target >= at || at + 1 >= bytes.length) return null;
      end ??= at + 2;
      at = target;
      jumps += 1;
      continue;
    }
    length += size + 1;
    if (size > MAX_LABEL_BYTES || length > MAX_NAME_BYTES || at + 1 + size > bytes.length) return null;
    labels.push(new TextDecoder().decode(bytes.subarray(at + 1, at + 1 + size)));
    at += 1 + size;
  }
  return null;
}

/** Writes an answer. `query`: the one to repeat for a program that asks from a port of its own. */
export function writeAnswer(records: readonly DnsRecord[], query: DnsQuery | null = null): Uint8Array {
  const questions = query?.questions ?? [];
  const parts: Uint8Array[] = [numbers(query?.id ?? 0, ANSWER_FLAGS, questions.length, records.length, 0, 0)];
  for (const { name, type } of questions) parts.push(writeName(name.split(".")), numbers(type, CLASS_INTERNET));
  for (const { name, type, data, isUnique, seconds } of records) {
    const classes = CLASS_INTERNET | (isUnique && query === null ? UNIQUE_BIT : 0);
    parts.push(writeName(labelsOf(name)), numbers(type, classes, seconds >>> 16, seconds & 0xffff, data.length), data);
  }
  return join(parts);
}

/** Labels of names that may contain dots, such as those of instances. */
const DOT = "\u0000";

/** Returns a label as a part of a name: its dots separate nothing. It is cut to the length of a label. */
export function asLabel(text: string): string {
  let label = text.replaceAll("\u0000", "");
  while (new TextEncoder().encode(label).length > MAX_LABEL_BYTES) label = [...label].slice(0, -1).join("");
  return label.replaceAll(".", DOT);
}

/** Returns a name as queries have it. */
export function plainName(name: string): string {
  return name.replaceAll(DOT, ".");
}

function labelsOf(name: string): string[] {
  return name.split(".").map(plainName);
}

/** Writes a name. Its labels are short enough. */
export function nameData(name: string): Uint8Array {
  return writeName(labelsOf(name));
}

function writeName(labels: readonly string[]): Uint8Array {
  const parts = labels.flatMap((label) => {
    const bytes = new TextEncoder().encode(label).subarray(0, MAX_LABEL_BYTES);
    return [Uint8Array.of(bytes.length), bytes];
  });
  return join([...parts, Uint8Array.of(0)]);
}

/** Writes the data of a SRV record: where a service listens. */
export function serviceData(port: number, host: string): Uint8Array {
  return join([numbers(0, 0, port), nameData(host)]);
}

/** Writes the data of a TXT record without any text. */
export function noTextData(): Uint8Array {
  return Uint8Array.of(0);
}

/** Writes the data of an A or AAAA record. */
export function addressData(address: string): Uint8Array {
  if (!address.includes(":")) return Uint8Array.from(address.split(".").map(Number));
  const { hostname } = new URL(`http://[${address}]`);
  const [head = "", tail] = hostname.slice(1, -1).split("::");
  const groupsOf = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = Array<number>(8 - first.length - last.length).fill(0);
  return numbers(...first, ...zeros, ...last);
}

/** Writes numbers of 16 bits. */
function numbers(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >>> 8, value & 0xff]));
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
