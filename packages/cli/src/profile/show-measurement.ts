import type { DeviceMeasurement, EdgeDevice } from "@nanoagent/models";
import { type MeasuredDevice, measureDevice, writeDeviceMeasurement } from "@nanoagent/profiler";
import type { OptionValues } from "../command-line/command.js";
import { presentError } from "../errors/present-error.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import type { StopRequest, Streams } from "../streams.js";
import { MeasuringProgress } from "./measuring-progress.js";

const BAR_LENGTH = 30;

/** Measures the device, saves the figures and prints them, even if they cannot be saved. */
export async function showMeasurement(
  device: EdgeDevice,
  { json, storage, seconds, debug }: OptionValues,
  { stdout, stderr, stop }: Streams,
): Promise<number> {
  const progress = new MeasuringProgress(stderr);
  let measured: MeasuredDevice;
  try {
    measured = await measureDevice({
      signal: stop,
      onProgress: (reached) => progress.show(reached),
      ...(typeof storage === "string" ? { storagePath: storage } : {}),
      ...(typeof seconds === "number" ? { seconds } : {}),
    });
  } catch (error) {
    if (stop.aborted) return (stop.reason as StopRequest).exitCode;
    throw error;
  } finally {
    progress.clear();
  }
  const { figures, notices } = measured;
  let path: string | null = null;
  let failure: unknown = null;
  try {
    const kept = await writeDeviceMeasurement(figures);
    path = kept.path;
    notices.push(`Saved in ${path}.`);
    if (kept.replaced !== null) notices.push(`The file that was there has been replaced: ${kept.replaced}.`);
  } catch (error) {
    failure = error;
  }
  stdout.write(
    json ? formatJson({ ...device, measured: figures, notes: notices, path }) : formatMeasurement(figures, notices),
  );
  if (failure === null) return exitCodes.done;
  stderr.write(presentError(failure, { json: json === true, debug: debug === true }));
  return exitCodes.failed;
}

function formatMeasurement(figures: MeasuredDevice["figures"], notices: readonly string[]): string {
  const { bandwidth, dot_products, storage_read, contention, temperature_celsius } = figures;
  const sections = [
    formatBandwidth(bandwidth),
    formatSection(
      "Dot products, one thread:",
      dot_products.map(({ type, per_second, spread }) => [type, `${billions(per_second)} weights/s`, spread]),
    ),
    formatFields(13, {
      Storage: storage_read === null ? "not measured" : `${Math.round(storage_read.per_second / 1e6)} MB/s`,
      "Other load": contention === null ? "unknown" : `${Math.round(contention * 100)} % of the processors`,
      Temperature:
        temperature_celsius === null
          ? "unknown"
          : `${temperature_celsius.before.toFixed(0)} °C before, ${temperature_celsius.after.toFixed(0)} °C after`,
    }),
    notices.map((notice) => `${plainText(notice)}\n`).join(""),
  ];
  return sections
    .filter((section) => section !== "")
    .map((section) => `\n${section}`)
    .join("");
}

/** Formats one line per number of threads, with a bar relative to the fastest. */
function formatBandwidth(rows: DeviceMeasurement["bandwidth"]): string {
  const fastest = Math.max(...rows.map(({ per_second }) => per_second), Number.MIN_VALUE);
  return formatSection(
    "Memory read:",
    rows.map(({ threads, per_second, spread }) => [
      threads === 1 ? "1 thread" : `${threads} threads`,
      `${(per_second / 1e9).toFixed(1).padStart(6)} GB/s`,
      spread,
      "#".repeat(Math.round((BAR_LENGTH * per_second) / fastest)),
    ]),
  );
}

function formatSection(title: string, rows: readonly [string, string, number, string?][]): string {
  if (rows.length === 0) return "";
  const lines = rows.map(([label, value, spread, bar = ""]) =>
    `  ${label.padEnd(11)}${value}${`  (spread ${Math.round(spread * 100)} %)`.padEnd(17)}${bar}`.trimEnd(),
  );
  return `${[title, ...lines].join("\n")}\n`;
}

function billions(rate: number): string {
  return `${(rate / 1e9).toFixed(1).padStart(6)} billion`;
}
