import { Float, numberOf, representationOf, textOf, type Value, writeFloat } from "./python-value.js";
import { TemplateError } from "./template-error.js";
import type { TemplateMeter } from "./template-meter.js";

const MAX_WIDTH = 10_000;

/** Formats like Python's `%`: `"%s: %d" % (name, count)`. */
export function formatPercent(
  text: string,
  args: readonly Value[],
  named: ReadonlyMap<unknown, Value>,
  meter: TemplateMeter,
): string {
  let index = 0;
  return text.replace(
    /%(?:\((\w+)\))?([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (whole, name?: string, flags = "", width?: string, precision?: string, kind = "") => {
      if (kind === "%") return "%";
      if (name === undefined && index >= args.length) throw new TemplateError("a format has too few values");
      const value = name === undefined ? args[index++] : named.get(name);
      const align = flags.includes("-") ? "<" : ">";
      const spec = {
        fill: flags.includes("0") && align === ">" ? "0" : " ",
        align,
        sign: flags.includes("+") ? "+" : "",
      };
      if (kind === "s" || kind === "r") {
        const written = kind === "r" ? representationOf(value, meter) : textOf(value, meter);
        return pad(
          precision === undefined ? written : written.slice(0, Number(precision)),
          { ...spec, fill: " " },
          width,
          meter,
        );
      }
      const written = writeNumber(value, kind === "i" || kind === "u" ? "d" : kind, precision, whole);
      return pad(signed(written, spec.sign), spec, width, meter);
    },
  );
}

/** Formats like Python's `str.format`, with names, indexes and the common format specifications. */
export function formatBraces(
  text: string,
  args: readonly Value[],
  named: ReadonlyMap<unknown, Value>,
  meter: TemplateMeter,
): string {
  let next = 0;
  return text.replace(
    /\{\{|\}\}|\{([^{}!:]*)(?:!([rs]))?(?::([^{}]*))?\}/g,
    (whole, name = "", conversion = "", spec = "") => {
      if (whole === "{{") return "{";
      if (whole === "}}") return "}";
      const key = name === "" ? String(next++) : name;
      const value = /^\d+$/.test(key) ? args[Number(key)] : named.get(key);
      if (value === undefined) throw new TemplateError(`a format has no value for "${key}"`);
      return formatValue(conversion === "r" ? representationOf(value, meter) : value, spec, meter);
    },
  );
}

function formatValue(value: Value, spec: string, meter: TemplateMeter): string {
  const match = /^(?:(.)?([<>^=]))?([-+ ])?(0)?(\d+)?(,)?(?:\.(\d+))?([a-zA-Z%])?$/u.exec(spec);
  if (match === null) throw new TemplateError(`the format "${spec}" is unknown`);
  const [, fill, align, sign = "", zero, width, groups, precision, kind] = match;
  const isNumber = numberOf(value) !== null;
  let written: string;
  if (isNumber && (kind !== undefined || precision !== undefined) && kind !== "s") {
    written = writeNumber(value, kind ?? "g", precision, spec);
  } else {
    written = textOf(value, meter);
    if (!isNumber && precision !== undefined) written = written.slice(0, Number(precision));
  }
  if (groups !== undefined) written = written.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const standard = { fill: fill ?? (zero === undefined ? " " : "0"), align: align ?? (isNumber ? ">" : "<"), sign };
  return pad(isNumber ? signed(written, sign) : written, standard, width, meter);
}

function writeNumber(value: Value, kind: string, precision: string | undefined, spec: string): string {
  const number = numberOf(value);
  if (number === null) throw new TemplateError(`"${spec}" only formats numbers`);
  const digits = Math.min(Number(precision ?? 6), 100);
  switch (kind) {
    case "d":
      return String(Math.trunc(number));
    case "f":
    case "F":
      return number.toFixed(digits);
    case "e":
      return number.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
    case "g":
      return value instanceof Float
        ? writeFloat(Number(number.toPrecision(digits || 1))).replace(/\.0$/, "")
        : String(number);
    case "x":
      return Math.trunc(number).toString(16);
    case "X":
      return Math.trunc(number).toString(16).toUpperCase();
    case "o":
      return Math.trunc(number).toString(8);
    case "b":
      return Math.trunc(number).toString(2);
    case "%":
      return `${(number * 100).toFixed(digits)}%`;
  }
  throw new TemplateError(`the format "${spec}" is unknown`);
}

function signed(written: string, sign: string): string {
  return sign === "" || sign === "-" || written.startsWith("-") ? written : sign + written;
}

function pad(
  text: string,
  { fill, align }: { fill: string; align: string },
  width: string | undefined,
  meter: TemplateMeter,
): string {
  const wanted = Number(width ?? 0);
  if (wanted > MAX_WIDTH) throw new TemplateError("a format is too wide");
  meter.write(wanted);
  const missing = wanted - text.length;
  if (missing <= 0) return text;
  if (align === "<") return text + fill.repeat(missing);
  if (align === "^") return fill.repeat(Math.floor(missing / 2)) + text + fill.repeat(Math.ceil(missing / 2));
  const sign = (fill === "0" || align === "=") && /^[+-]/.test(text) ? text.slice(0, 1) : "";
  return sign + fill.repeat(missing) + text.slice(sign.length);
}
