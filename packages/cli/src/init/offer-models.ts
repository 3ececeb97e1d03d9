import type { Recommendation } from "@nanoagent/hub";
import { NanoAgentError } from "@nanoagent/models";
import type { Questions } from "../input/questions.js";
import { interval, mb } from "../optimize/format-plans.js";
import { readPlanningDevice } from "../optimize/planning-device.js";
import { formatTable } from "../output/format-table.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";

/** Number of models that are offered. */
const MOST_OFFERED = 3;

/** Shows the three best models of the catalogue for this device. Returns them; none if none fits. */
export async function offerModels(streams: Streams): Promise<readonly Recommendation[]> {
  const { findRecommendations } = await import("../models/recommend-for-device.js");
  const { models } = await findRecommendations(await readPlanningDevice({}), "chat", streams);
  const offered = models.slice(0, MOST_OFFERED);
  if (offered.length === 0) return [];
  const table = formatTable(
    offered,
    [
      { title: "", cell: (_, index) => `${index + 1}` },
      { title: "model", isText: true, cell: ({ name }) => plainLine(name) },
      {
        title: "download MB",
        cell: ({ download_bytes: bytes }) => (bytes === null ? "unknown" : `~${mb(bytes).replace(/\.\d$/, "")}`),
      },
      { title: "answer/s", cell: ({ forecast }) => interval(forecast?.decode_at_start) },
      { title: "license", isText: true, leftOut: 1, cell: ({ license }) => plainLine(license ?? "unknown") },
    ],
    streams.stdout.columns ?? 80,
  );
  streams.stdout.write(
    plainText(`Models that fit this device, best first:\n${table.map((line) => `  ${line}\n`).join("")}`),
  );
  return offered;
}

/** Downloads a model after a question. Returns its name, or null if it was not downloaded. */
export async function downloadOffered(
  { name, repository, quantization, download_bytes: bytes }: Recommendation,
  questions: Questions,
  streams: Streams,
): Promise<string | null> {
  const size = bytes === null ? "" : ` about ${mb(bytes).replace(/\.\d$/, "")} MB`;
  const answer = await questions.ask(`Download${size} of ${plainLine(name)} (${plainLine(repository)})?`, "yes");
  if (answer === null || !/^y(es)?$/i.test(answer)) return null;
  const { pullNamed } = await import("../models/pull-by-name.js");
  // The questions take Ctrl-C from the terminal.
  const stop = AbortSignal.any([streams.stop, questions.closed]);
  try {
    const pulled = await pullNamed(repository, { quant: quantization, json: undefined }, { ...streams, stop });
    return pulled?.name ?? null;
  } catch (error) {
    if (!stop.aborted) throw error;
    throw new NanoAgentError({
      code: "aborted",
      message: "The download was interrupted. The partial download is kept.",
      hint: `Continue it with: nanoagent models pull ${plainLine(repository)}${quantization === null ? "" : `:${quantization}`}`,
    });
  }
}
