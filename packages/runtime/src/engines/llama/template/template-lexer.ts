import { TemplateError } from "./template-error.js";

/** A token of a template's source. */
export interface Token {
  kind:
    | "data"
    | "block-begin"
    | "block-end"
    | "variable-begin"
    | "variable-end"
    | "name"
    | "operator"
    | "text"
    | "integer"
    | "float"
    | "end";
  value: string;
  line: number;
}

const raw = /\{%([-+]?)\s*raw\s*(?:-%\}\s*|%\}\n?)/y;
const rawEnd = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/g;
const commentEnd = /\+#\}|-#\}\s*|#\}\n?/g;
const blockEnd = /\+%\}|-%\}\s*|%\}\n?/y;
const variableEnd = /-\}\}\s*|\}\}/y;
const whiteSpace = /\s+/y;
const name = /[\p{L}_][\p{L}\p{N}_]*/uy;
const float = /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/y;
const integer = /0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d+(?:_\d+)*/y;
const text = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const operator = /\/\/|\*\*|[=!<>]=|[-+/*%~[\](){}><=.:|,;]/y;

/** Token patterns of an expression, in the order in which they are tried. */
const parts: readonly (readonly [Token["kind"], RegExp])[] = [
  ["name", name],
  ["float", float],
  ["integer", integer],
  ["text", text],
  ["operator", operator],
];

const closers: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Splits a template into tokens like Jinja with `trim_blocks` and `lstrip_blocks`, which chat templates expect. */
export function tokenizeTemplate(given: string): Token[] {
  const source = given.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  /** Whether the next character starts a line. */
  let beginsLine = true;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match !== null) advance(match.index + match[0].length);
    return match;
  };
  const advance = (to: number) => {
    for (let index = at; index < to; index++) if (source.charCodeAt(index) === LINE_FEED) line += 1;
    if (to > at) beginsLine = source[to - 1] === "\n";
    at = to;
  };
  const push = (kind: Token["kind"], value: string) => tokens.push({ kind, value, line });
  const pushData = (data: string, sign: string | undefined, isVariable: boolean, startsLine: boolean) => {
    let kept = data;
    if (sign === "-") kept = data.trimEnd();
    else if (sign !== "+" && !isVariable) {
      const start = data.lastIndexOf("\n") + 1;
      if ((start > 0 || startsLine) && data.slice(start).trim() === "") kept = data.slice(0, start);
    }
    if (kept !== "") push("data", kept);
  };
  const fail = (problem: string): never => {
    throw new TemplateError(`line ${line}: ${problem}`);
  };

  for (;;) {
    const begin = nextTag(source, at);
    const startsLine = beginsLine;
    if (begin < 0) {
      if (at < source.length) push("data", source.slice(at));
      push("end", "");
      return tokens;
    }
    const data = source.slice(at, begin);
    const kind = source[begin + 1];
    advance(begin);
    const sign = source[begin + 2];
    if (kind === "#") {
      pushData(data, sign, false, startsLine);
      advance(begin + 2);
      if (take(commentEnd) === null) fail("a comment has no end");
      continue;
    }
    if (kind === "%") {
      const started = take(raw);
      if (started !== null) {
        pushData(data, started[1], false, startsLine);
        const rawStart = at;
        const atLine = beginsLine;
        const ended = take(rawEnd);
        if (ended === null) return fail("a raw block has no end");
        pushData(source.slice(rawStart, ended.index), ended[1], false, atLine);
        continue;
      }
    }
    const isVariable = kind === "{";
    pushData(data, sign, isVariable, startsLine);
    advance(begin + (sign === "-" || sign === "+" ? 3 : 2));
    push(isVariable ? "variable-begin" : "block-begin", "");
    const open: string[] = [];
    for (;;) {
      take(whiteSpace);
      if (at >= source.length) fail("a tag has no end");
      if (open.length === 0 && take(isVariable ? variableEnd : blockEnd) !== null) {
        push(isVariable ? "variable-end" : "block-end", "");
        break;
      }
      let kind: Token["kind"] | undefined;
      let written = "";
      for (const [candidate, pattern] of parts) {
        const match = take(pattern);
        if (match === null) continue;
        [kind, written] = [candidate, match[0]];
        break;
      }
      if (kind === undefined) return fail(`"${source.slice(at, at + 1)}" is unexpected`);
      push(
        kind,
        kind === "text" ? readEscapes(written.slice(1, -1)) : kind === "name" ? written : written.replaceAll("_", ""),
      );
      if (kind !== "operator") continue;
      const closer = closers[written];
      if (closer !== undefined) open.push(closer);
      else if (")]}".includes(written) && open.pop() !== written) fail(`"${written}" closes nothing`);
    }
  }
}

const LINE_FEED = 10;

/** Returns the position of the next tag or comment, or -1. */
function nextTag(source: string, from: number): number {
  for (let at = source.indexOf("{", from); at >= 0; at = source.indexOf("{", at + 1)) {
    if ("{%#".includes(source[at + 1] ?? " ")) return at;
  }
  return -1;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
  "\n": "",
};

/** Decodes the escapes of a Python string. */
function readEscapes(written: string): string {
  return written.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, short?: string, unit?: string, long?: string, octal?: string, other = "") => {
      const code = short ?? unit ?? long;
      if (code !== undefined) {
        const point = Number.parseInt(code, 16);
        return point > 0x10ffff ? whole : String.fromCodePoint(point);
      }
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (other === "\\" || other === "'" || other === '"') return other;
      return Object.hasOwn(escapes, other) ? (escapes[other] ?? whole) : whole;
    },
  );
}
