import { Attributes, Callable, numberOf, requireItems, textOf, toValue, type Value } from "./python-value.js";
import { TemplateError } from "./template-error.js";
import { CONVERSATION_LIMITS, type TemplateLimits, TemplateMeter } from "./template-meter.js";
import { parseTemplate } from "./template-parser.js";
import { TemplateRunner } from "./template-runner.js";
import { TemplateScope } from "./template-scope.js";
import type { Statement } from "./template-syntax.js";

/**
 * A chat template in Jinja, rendered as in Python with the settings and functions that chat templates expect. Existing
 * engines did not fit: the one of the JavaScript model hub lacks filters that public templates use, renders others
 * differently, and has no limits; the add-on's engine runs in native code, which can only be stopped by killing the
 * process, and is not available when a config is checked.
 */
export class ChatJinja {
  readonly #body: readonly Statement[];

  /** Parses the template. Throws {@link TemplateError} for invalid syntax. */
  constructor(source: string) {
    this.#body = guarded(() => parseTemplate(source));
  }

  /** Renders the template with these variables. Throws {@link TemplateError}. */
  render(variables: Readonly<Record<string, unknown>>, limits: TemplateLimits = CONVERSATION_LIMITS): string {
    return guarded(() => {
      const meter = new TemplateMeter(limits);
      const scope = new TemplateScope(globals(meter));
      for (const [name, data] of Object.entries(variables)) scope.set(name, toValue(data));
      return new TemplateRunner(meter).write(this.#body, scope);
    });
  }
}

/** Converts resource errors of the JavaScript engine into template errors. */
function guarded<Result>(task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    // The stack or a text exceeded the engine's limit.
    if (error instanceof RangeError) throw new TemplateError(`the template is too large: ${error.message}`);
    throw error;
  }
}

/** Functions available to chat templates. */
function globals(meter: TemplateMeter): TemplateScope {
  const scope = new TemplateScope();
  const add = (name: string, call: Callable["call"]) => scope.set(name, new Callable(call));
  add("raise_exception", ([message]) => {
    throw new TemplateError(textOf(message, meter));
  });
  add("range", (args) =>
    range(
      args.map((value) => numberOf(value) ?? Number.NaN),
      meter,
    ),
  );
  add("namespace", ([first], named) => {
    const values = new Map<string, Value>();
    if (first instanceof Map) for (const [key, value] of first) values.set(String(key), value);
    for (const [key, value] of named) values.set(key, value);
    return new Attributes(values);
  });
  add("dict", ([first], named) => {
    const pairs =
      first instanceof Map ? [...first] : requireItems(first, meter).map((pair) => requireItems(pair, meter));
    return new Map([...pairs, ...named] as [string, Value][]);
  });
  add("cycler", (items) => {
    let at = 0;
    const next = new Callable(() => items[at++ % items.length]);
    return new Attributes(new Map([["next", next]]));
  });
  add("joiner", ([separator = ", "]) => {
    let isFirst = true;
    return new Callable(() => {
      const text = isFirst ? "" : separator;
      isFirst = false;
      return text;
    });
  });
  add("strftime_now", ([format]) => writeDate(new Date(), textOf(format, meter)));
  return scope;
}

function range(bounds: readonly number[], meter: TemplateMeter): Value {
  const [start = 0, end = 0, step = 1] = bounds.length === 1 ? [0, ...bounds] : bounds;
  if (step === 0 || Number.isNaN(start + end + step))
    throw new TemplateError("range() needs integers and a step other than 0");
  const length = Math.max(0, Math.ceil((end - start) / step));
  meter.step(length);
  return Array.from({ length }, (_, index) => start + index * step);
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = "January February March April May June July August September October November December".split(" ");

/** Formats a date like `strftime`, with English names as in the models' training data. */
function writeDate(date: Date, format: string): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = DAYS[date.getDay()] ?? "";
  const month = MONTHS[date.getMonth()] ?? "";
  const hour = date.getHours() % 12 || 12;
  const dayOfYear = Math.round(
    (new Date(date).setHours(12, 0, 0, 0) - new Date(date.getFullYear(), 0, 0, 12).getTime()) / 864e5,
  );
  const parts: Readonly<Record<string, string>> = {
    Y: String(date.getFullYear()),
    y: two(date.getFullYear() % 100),
    m: two(date.getMonth() + 1),
    d: two(date.getDate()),
    e: String(date.getDate()).padStart(2),
    B: month,
    b: month.slice(0, 3),
    h: month.slice(0, 3),
    A: day,
    a: day.slice(0, 3),
    H: two(date.getHours()),
    I: two(hour),
    p: date.getHours() < 12 ? "AM" : "PM",
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    j: String(dayOfYear).padStart(3, "0"),
    w: String(date.getDay()),
    Z: "",
    z: "",
    f: String(date.getMilliseconds() * 1000).padStart(6, "0"),
    "%": "%",
  };
  const write = (text: string): string =>
    text.replace(/%(-)?([a-zA-Z%])/g, (whole, bare?: string, letter = "") => {
      const part = Object.hasOwn(parts, letter) ? parts[letter] : undefined;
      return part === undefined ? whole : bare === undefined ? part : part.replace(/^[0 ]+(?=.)/, "");
    });
  return write(
    format
      .replaceAll("%F", "%Y-%m-%d")
      .replaceAll("%T", "%H:%M:%S")
      .replaceAll("%D", "%m/%d/%y")
      .replaceAll("%R", "%H:%M"),
  );
}
