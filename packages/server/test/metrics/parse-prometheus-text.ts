export interface ParsedFamily {
  type: string;
  help: string;
  samples: ParsedSample[];
}

interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const NUMBER = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;

/**
 * A strict parser of Prometheus's text format 0.0.4. Besides the grammar, it checks what servers and `promtool` require:
 * HELP and TYPE stand before the samples of their name, each name is in one place, no sample occurs twice, counters end
 * in `_total` and are not negative, and the buckets of a histogram ascend, end at `+Inf`, and agree with its count.
 */
export function parsePrometheusText(text: string): Map<string, ParsedFamily> {
  if (text !== "" && !text.endsWith("\n")) throw new Error("The last line has no end");
  const families = new Map<string, ParsedFamily>();
  const help = new Map<string, string>();
  let current: { name: string; family: ParsedFamily } | null = null;
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line) ?? [];
    if (kind === "HELP") {
      if (help.has(name)) throw new Error(`Two lines of help for ${name}`);
      help.set(name, unescaped(rest, { n: "\n", "\\": "\\" }));
    } else if (kind === "TYPE") {
      if (families.has(name)) throw new Error(`${name} is in two places`);
      if (!/^(counter|gauge|histogram)$/.test(rest)) throw new Error(`Unknown type ${rest}`);
      current = { name, family: { type: rest, help: help.get(name) ?? fail(`${name} has no help`), samples: [] } };
      families.set(name, current.family);
    } else {
      const sample = parseSample(line);
      const { name: ofFamily, family } = current ?? fail(`A sample without a type: ${line}`);
      const suffix = family.type === "histogram" ? "(_bucket|_sum|_count)" : "";
      if (!new RegExp(`^${ofFamily}${suffix}$`).test(sample.name))
        throw new Error(`A stranger in ${ofFamily}: ${line}`);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function parseSample(line: string): ParsedSample {
  const name = match(NAME, line, 0);
  let at = name.length;
  const labels: Record<string, string> = {};
  if (line[at] === "{") {
    do {
      const label = match(LABEL, line, at + 1);
      at += 1 + label.length;
      if (line.slice(at, at + 2) !== '="') throw new Error(`A label without a value: ${line}`);
      const end = /(?:[^\\"]|\\.)*/sy;
      const value = match(end, line, at + 2);
      if (Object.hasOwn(labels, label)) throw new Error(`Two labels ${label}`);
      labels[label] = unescaped(value, { n: "\n", "\\": "\\", '"': '"' });
      at += 2 + value.length;
      if (line[at] !== '"') throw new Error(`A value without an end: ${line}`);
      at += 1;
    } while (line[at] === ",");
    if (line[at] !== "}") throw new Error(`Labels without an end: ${line}`);
    at += 1;
  }
  if (line[at] !== " ") throw new Error(`A sample without a value: ${line}`);
  const text = line.slice(at + 1);
  if (!NUMBER.test(text)) throw new Error(`Not a number: ${text}`);
  return { name, labels, value: Number(text.replace("Inf", "Infinity")) };
}

function match(pattern: RegExp, line: string, at: number): string {
  const sticky = new RegExp(pattern);
  sticky.lastIndex = at;
  return sticky.exec(line)?.[0] ?? fail(`Unreadable at ${at}: ${line}`);
}

function unescaped(text: string, known: Record<string, string>): string {
  return text.replace(/\\(.?)/gs, (_, mark: string) => known[mark] ?? fail(`Unknown escape \\${mark}`));
}

function checkFamily(name: string, { type, samples }: ParsedFamily): void {
  if (samples.length === 0) throw new Error(`${name} has no samples`);
  if (name.endsWith("_total") !== (type === "counter")) throw new Error(`Only counters end in _total: ${name}`);
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, Object.entries(labels).sort()]));
  if (new Set(keys).size < keys.length) throw new Error(`A sample of ${name} occurs twice`);
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} is negative`);
  if (type !== "histogram") return;
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => Number(labels.le?.replace("Inf", "Infinity")));
  const valueWith = (suffix: string) => samples.find((sample) => sample.name === `${name}${suffix}`)?.value;
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY || !ascend(bounds)) throw new Error(`Wrong bounds of ${name}`);
  if (!ascend(buckets.map(({ value }) => value))) throw new Error(`Buckets of ${name} descend`);
  if (buckets.at(-1)?.value !== valueWith("_count")) throw new Error(`The count of ${name} differs`);
  if (valueWith("_sum") === undefined) throw new Error(`${name} has no sum`);
}

const ascend = (values: readonly number[]) => values.every((value, index) => value >= (values[index - 1] ?? -Infinity));

function fail(message: string): never {
  throw new Error(message);
}
