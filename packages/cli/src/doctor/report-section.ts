/** Longest time of one part of the report. */
const PART_MILLISECONDS = 5000;
/** Longest time of all parts together. */
const REPORT_MILLISECONDS = 30_000;

/** Shortest time that a part is begun with. */
const LEAST_MILLISECONDS = 10;

/** Facts that one part gathered. */
export interface PartFacts {
  /** One line for people: the part's main facts. */
  summary: string;
  /** The facts as JSON data, with secrets in it. */
  data: unknown;
}

/** One part of the report. */
export interface ReportPart {
  /** Title in the text, and key in the JSON with `_` for spaces. */
  name: string;
  /** Gathers the facts. A failure becomes a line of the report. Stops as soon as it can when `signal` aborts. */
  gather: (signal: AbortSignal) => Promise<PartFacts>;
  /** Whether it is gathered after all others: it may take long, or uses the results of one that does. Default: false. */
  isLate?: boolean | undefined;
}

/** Gathered part. `failure` is null unless it failed; then it has no data. */
export interface ReportSection extends PartFacts {
  name: string;
  failure: string | null;
}

export interface TimeLimits {
  partMilliseconds?: number | undefined;
  reportMilliseconds?: number | undefined;
  /** Ends the part that is being gathered, and leaves out the others. */
  stop?: AbortSignal | undefined;
}

/**
 * Gathers all parts, one after the other: a small device needs its memory. A part that fails or takes too long becomes a
 * section that says so. The sections have the order of the parts. Never rejects.
 */
export async function gatherSections(
  parts: readonly ReportPart[],
  { partMilliseconds = PART_MILLISECONDS, reportMilliseconds = REPORT_MILLISECONDS, stop }: TimeLimits = {},
): Promise<ReportSection[]> {
  const end = performance.now() + reportMilliseconds;
  const gathered = new Map<ReportPart, ReportSection>();
  for (const part of [...parts.filter(({ isLate }) => !isLate), ...parts.filter(({ isLate }) => isLate)]) {
    if (stop?.aborted) break;
    const milliseconds = Math.min(partMilliseconds, end - performance.now());
    gathered.set(part, { name: part.name, ...(await gatherWithin(part.gather, milliseconds, stop)) });
  }
  return parts.flatMap((part) => gathered.get(part) ?? []);
}

async function gatherWithin(
  gather: ReportPart["gather"],
  milliseconds: number,
  stop: AbortSignal | undefined,
): Promise<PartFacts & Pick<ReportSection, "failure">> {
  const failed = (failure: string) => ({ summary: `not gathered: ${failure}`, data: null, failure });
  if (milliseconds < LEAST_MILLISECONDS) return failed("the report had no time left for it");
  const stopping = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onStop = () => {};
  const late = new Promise<ReturnType<typeof failed>>((resolve) => {
    onStop = () => {
      stopping.abort();
      resolve(failed("it was interrupted"));
    };
    stop?.addEventListener("abort", onStop, { once: true });
    timer = setTimeout(() => {
      stopping.abort();
      resolve(failed(`it took longer than ${(milliseconds / 1000).toFixed(1)} seconds`));
    }, milliseconds);
  });
  const gathered = (async () => {
    try {
      return { ...(await gather(stopping.signal)), failure: null };
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
  })();
  const result = await Promise.race([gathered, late]);
  clearTimeout(timer);
  stop?.removeEventListener("abort", onStop);
  return result;
}
