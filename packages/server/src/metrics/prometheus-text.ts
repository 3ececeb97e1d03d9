/** A value of a series, with the labels that tell it apart from the others of its name. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly value: number;
}

/** Counts of values by upper bounds. */
export interface HistogramReading {
  /** Upper bounds, ascending and finite. */
  readonly bounds: readonly number[];
  /** Number of values up to each bound. */
  readonly cumulativeCounts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** All series of a name. */
export type Family = {
  /** Letters, digits, `_` and `:`; not a digit at first. */
  readonly name: string;
  readonly help: string;
} & (
  | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
  | { readonly type: "histogram"; readonly reading: HistogramReading }
);

/** Media type of the format. */
export const PROMETHEUS_TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes series in Prometheus's text format, version 0.0.4. Names without samples are left out. */
export function prometheusText(families: readonly Family[]): string {
  return families.map(familyText).join("");
}

function familyText(family: Family): string {
  const { name, help, type } = family;
  const lines = type === "histogram" ? histogramLines(name, family.reading) : sampleLines(name, family.samples);
  return lines === "" ? "" : `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines}`;
}

function sampleLines(name: string, samples: readonly Sample[]): string {
  return samples.map((sample) => sampleLine(name, sample)).join("");
}

function histogramLines(name: string, { bounds, cumulativeCounts, count, sum }: HistogramReading): string {
  const buckets = [...bounds.entries()].map(([index, bound]) => ({
    labels: { le: numberText(bound) },
    value: cumulativeCounts[index] ?? 0,
  }));
  return (
    sampleLines(`${name}_bucket`, [...buckets, { labels: { le: "+Inf" }, value: count }]) +
    sampleLine(`${name}_sum`, { value: sum }) +
    sampleLine(`${name}_count`, { value: count })
  );
}

function sampleLine(name: string, { labels = {}, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value)}\n`;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
