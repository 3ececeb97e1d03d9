import { formatDuration } from "../output/duration.js";
import { plainLine } from "../output/plain-text.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import type { Streams } from "../streams.js";

/** Period over which the rate is measured. */
const RATE_WINDOW_MILLISECONDS = 5000;
/** Least time between two lines of JSON. */
const JSON_PERIOD_MILLISECONDS = 1000;
/** Least time between two lines in a log. */
const LOG_PERIOD_MILLISECONDS = 10_000;

/** Bytes that are here, and the rate of the last seconds. */
interface TransferState {
  received_bytes: number;
  total_bytes: number | null;
  bytes_per_second: number | null;
  seconds_left: number | null;
}

/** Measures the rate of a download. */
class TransferRate {
  readonly #now: () => number;
  #samples: { at: number; bytes: number }[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Adds a measurement, and returns the state of the download. */
  add(receivedBytes: number, totalBytes: number | null): TransferState {
    const at = this.#now();
    // A download that begins anew, or continues a partial file, says nothing about the rate.
    if (receivedBytes < (this.#samples.at(-1)?.bytes ?? 0)) this.#samples = [];
    this.#samples.push({ at, bytes: receivedBytes });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) < at - RATE_WINDOW_MILLISECONDS) {
      this.#samples.shift();
    }
    const first = this.#samples[0] ?? { at, bytes: receivedBytes };
    const seconds = (at - first.at) / 1000;
    const rate = seconds < 0.2 ? null : Math.round((receivedBytes - first.bytes) / seconds);
    const left = totalBytes === null || !rate ? null : Math.ceil((totalBytes - receivedBytes) / rate);
    return { received_bytes: receivedBytes, total_bytes: totalBytes, bytes_per_second: rate, seconds_left: left };
  }
}

/** Shows how far a download is: on a status line, in a log, or as lines of JSON. */
export class DownloadProgress {
  readonly #streams: Streams;
  readonly #isJson: boolean;
  readonly #isShown: boolean;
  readonly #line: StatusLine;
  readonly #rate = new TransferRate();
  #label = "";
  #written = Number.NEGATIVE_INFINITY;

  /** `isShown`: false writes nothing at all. Default: true. */
  constructor(streams: Streams, { isJson, isShown = true }: { isJson: boolean; isShown?: boolean }) {
    this.#streams = streams;
    this.#isJson = isJson;
    this.#isShown = isShown;
    this.#line = new StatusLine(streams.stderr, terminalAbilities(streams.stderr, process.env, false));
  }

  /** Begins a step that has no measure. */
  begin(text: string): void {
    if (!this.#isJson && this.#isShown)
      this.#line.begin((seconds) => `${plainLine(text)}${seconds < 2 ? "" : `: ${formatDuration(seconds)}`}`);
  }

  /** Names the file that {@link report} is about. */
  name(label: string): void {
    this.#label = plainLine(label);
  }

  report(receivedBytes: number, totalBytes: number | null): void {
    if (!this.#isShown) return;
    const state = this.#rate.add(receivedBytes, totalBytes);
    const isComplete = totalBytes !== null && receivedBytes >= totalBytes;
    const now = performance.now();
    if (this.#isJson) {
      if (!isComplete && now < this.#written + JSON_PERIOD_MILLISECONDS) return;
      this.#written = now;
      this.#streams.stdout.write(`${JSON.stringify({ type: "progress", ...state })}\n`);
      return;
    }
    const text = `${this.#label}: ${describeTransfer(state)}`;
    this.#line.update(() => text);
    if (this.#streams.stderr.isTTY || now < this.#written + LOG_PERIOD_MILLISECONDS) return;
    this.#written = now;
    this.#streams.stderr.write(`${text}\n`);
  }

  clear(): void {
    this.#line.clear();
  }
}

/** Describes a download in one line: `42 %, 41 of 98 MB, 12.3 MB/s, 5 s left`. */
function describeTransfer({ received_bytes, total_bytes, bytes_per_second, seconds_left }: TransferState): string {
  const received = megabytes(received_bytes);
  return [
    ...(total_bytes === null || total_bytes === 0
      ? [`${received} MB`]
      : [`${Math.floor((100 * received_bytes) / total_bytes)} %`, `${received} of ${megabytes(total_bytes)} MB`]),
    ...(bytes_per_second === null ? [] : [`${(bytes_per_second / 2 ** 20).toFixed(1)} MB/s`]),
    ...(seconds_left === null ? [] : [`${formatDuration(seconds_left)} left`]),
  ].join(", ");
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0);
}
