import { stat } from "node:fs/promises";
import { type DeviceMeasurement, NanoAgentError } from "@nanoagent/models";
import { InvalidModelFileError, type PlanFacts, type PlanGoal } from "@nanoagent/optimizer";
import { bestChoice, nextSmaller } from "../choices/best-choice.js";
import { type ModelChoice, planChoices } from "../choices/plan-choices.js";
import { partialPath } from "../download/partial-file.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { requireSpace } from "../files/free-space.js";
import { readRemoteHeaders } from "../headers/read-remote-headers.js";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { ModelName } from "../names/model-name.js";
import type { HttpClient } from "../network/http-client.js";
import { selectModel } from "../sources/choose-files.js";
import { openSource } from "../sources/open-source.js";
import type { RemoteModel, RemoteRepository } from "../sources/remote-model.js";
import { resolveModel } from "../store/resolve-model.js";
import { downloadModel } from "./download-model.js";
import { type ExpectedModel, onlyExpected, refuseOther } from "./expected-model.js";
import { learnFrom, learnFromFailure } from "./learn.js";
import { modelPathOf, type Places, placesOf } from "./places.js";
import type { PullEvent, PulledModel } from "./pull-event.js";

export interface PullOptions {
  environment: HubEnvironment;
  client: HttpClient;
  /** Facts that plans start from: those of this device, or of another one. */
  facts: PlanFacts;
  measurement?: DeviceMeasurement | null | undefined;
  goal?: PlanGoal | undefined;
  /** Label of the quantization to download. Default: that of the name, or else the best that fits. */
  quantization?: string | null | undefined;
  /** Whether to download a model that is too large for the memory or the disk. Default: false. */
  isForced?: boolean | undefined;
  /** Whether to stop after the choices. Default: false. */
  isDryRun?: boolean | undefined;
  /** Returns the choice to download; null ends the pull. Called unless a quantization was named. Default: `best`. */
  choose?: ((choices: readonly ModelChoice[], best: ModelChoice | null) => Promise<ModelChoice | null>) | undefined;
  /** Contents that the model must have. They also choose its quantization, where the source states hashes. */
  expected?: ExpectedModel | undefined;
  onEvent?: ((event: PullEvent) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Finds a model at its source, plans every quantization from its header, downloads the best that fits, verifies it, and
 * gives it its name. Returns null after a dry run, or if `choose` returned null. Throws {@link HubError},
 * `DoesNotFitError` before the weights are downloaded, and the signal's reason.
 */
export async function pullModel(name: ModelName, options: PullOptions): Promise<PulledModel | null> {
  const { environment, client, signal, onEvent = () => {} } = options;
  if (environment.isOffline && !options.isDryRun) return useStored(name, options);
  const opened = await openSource(name, { client, environment, signal }).catch(async (error: unknown) => {
    await learnFromFailure(name, error, environment);
    throw error;
  });
  const differences = await learnFrom(name, opened, environment);
  const repository = options.expected === undefined ? opened : onlyExpected(name, opened, options.expected);
  for (const message of [...repository.notices, ...differences]) onEvent({ type: "notice", message });
  const places = placesOf(repository, name, environment);
  const choices = await planAll(repository, places, options);
  const best = bestChoice(choices, options.goal);
  onEvent({ type: "choices", repository, choices, best });
  const choice = await chooseOne(name, repository, choices, best, options);
  if (choice === null || options.isDryRun) return null;
  if (options.expected !== undefined) refuseOther(choice.model, options.expected);
  refuseUnreadable(choice);
  if (!options.isForced) await refuseUnfit(choice, choices, places, options.goal);
  return downloadModel(name, repository, choice.model, {
    environment,
    client,
    leastBytes: choice.header?.file_bytes ?? null,
    isForced: options.isForced ?? false,
    expected: options.expected,
    onEvent,
    signal,
  });
}

/** Returns the model that is already on this device. Throws the error of a request without a network if it is not. */
async function useStored(
  name: ModelName,
  { environment, quantization, signal, expected }: PullOptions,
): Promise<PulledModel> {
  const wanted = name.source === "hub" && quantization ? { ...name, quantization } : name;
  try {
    const stored = await resolveModel(formatModelName(wanted), environment, { signal });
    if (expected !== undefined && stored.sha256 !== expected.sha256)
      throw offline(`${stored.name} is another model here.`);
    return { ...stored, sha256: stored.sha256 ?? "", downloadedBytes: 0, isCompared: stored.verified };
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== "model-not-downloaded") throw error;
    throw offline(error.message);
  }
}

function offline(message: string): HubError {
  return new HubError({
    code: "hub-offline",
    message,
    reason: "Downloads are switched off by HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE.",
    hint: "Unset the variable, or bring the model from another device with nanoagent models export and import.",
  });
}

/** Plans every model of a repository. Headers are read from the network, or from a partial download. */
async function planAll(repository: RemoteRepository, places: Places, options: PullOptions): Promise<ModelChoice[]> {
  const { client, signal, facts, measurement = null, goal, onEvent = () => {} } = options;
  const headers = await readRemoteHeaders(repository.models, {
    client,
    signal,
    pathOf: (model) => modelPathOf(places, model),
    partialOf: (file) => partialPath(places.blobOf(file)),
    onProgress: ({ model, index, count }) => onEvent({ type: "header", file: model.files[0].path, index, count }),
  });
  return planChoices(headers, { facts, measurement, goal });
}

/** Returns the named quantization, the one that was chosen, or else the best. */
async function chooseOne(
  name: ModelName,
  repository: RemoteRepository,
  choices: readonly ModelChoice[],
  best: ModelChoice | null,
  { quantization, choose, isDryRun, isForced, expected }: PullOptions,
): Promise<ModelChoice | null> {
  const [only] = choices;
  // Contents that are expected need no other choice.
  if (expected !== undefined && choices.length === 1 && only !== undefined) return only;
  const label = quantization ?? (name.source === "hub" ? name.quantization : null);
  if (label !== null) {
    const model = selectModel(
      choices.map((choice) => choice.model),
      label,
      name.source === "hub" ? { ...name, repository: repository.repository ?? name.repository } : name,
    );
    return choices.find((choice) => choice.model === model) ?? null;
  }
  if (isDryRun) return null;
  const chosen = choose === undefined ? best : await choose(choices, best);
  if (chosen !== null || (choose !== undefined && best !== null)) return chosen;
  // Nothing fits: the refusal of the smallest says by how much.
  const smallest = [...choices].sort(
    (one, other) =>
      Number(one.header === null) - Number(other.header === null) || one.downloadBytes - other.downloadBytes,
  )[0];
  if (smallest === undefined) {
    throw new HubError({ code: "model-not-gguf", message: `${formatModelName(name)} has no model.` });
  }
  if (!isForced && smallest.header !== null) refuseMemory(smallest, null);
  return smallest;
}

/** Throws if the header of a choice could not be read: even by force, it is not worth a download. */
function refuseUnreadable({ file, header, refusal }: ModelChoice): void {
  if (header !== null || refusal === null) return;
  if (refusal instanceof HubError) throw refusal;
  throw new HubError({
    code: "model-not-gguf",
    message: `${file} cannot be used as a model.`,
    reason: refusal instanceof InvalidModelFileError ? sentence(refusal) : (refusal.reason ?? refusal.message),
    hint: "Choose another file or repository. If you use a mirror or a proxy, check that it serves this file.",
    cause: refusal,
  });
}

function sentence({ field, problem }: InvalidModelFileError): string {
  return `${field.replace(/^[a-z]/, (letter) => letter.toUpperCase())} ${problem}.`;
}

/** Throws if the memory or the disk is too small for a choice. The error names a smaller one. */
async function refuseUnfit(
  choice: ModelChoice,
  choices: readonly ModelChoice[],
  places: Places,
  goal: PlanGoal | undefined,
): Promise<void> {
  const smaller = nextSmaller(choices, choice, goal);
  const advice =
    smaller === null
      ? "Free some space, or pass --force."
      : `Pass --quant ${smaller.quantization} for one of ${Math.ceil(smaller.downloadBytes / 2 ** 20)} MB, or --force.`;
  refuseMemory(choice, smaller);
  const missing = await missingBytes(choice.model, places);
  await requireSpace(places.folder, missing, `the download of ${choice.file}`, advice);
}

/** Throws the refusal of a choice, with the next smaller one in its hint. */
function refuseMemory({ refusal, header, file }: ModelChoice, smaller: ModelChoice | null): void {
  if (refusal === null) return;
  const { code, message, reason, hint } = refusal;
  const advice =
    smaller === null
      ? "No smaller file of this repository fits. Choose a smaller model with nanoagent models recommend, or pass --force."
      : `Pass --quant ${smaller.quantization}, which fits, or --force.`;
  throw new NanoAgentError({
    code,
    // The file is not at its path yet.
    message: header === null ? message : message.replaceAll(header.path, file),
    reason: reason ?? undefined,
    hint: [advice, hint].filter(Boolean).join(" "),
    cause: refusal,
  });
}

/** Returns the bytes of a model that are not on this device yet. */
async function missingBytes({ files }: RemoteModel, places: Places): Promise<number> {
  let missing = 0;
  for (const file of files) {
    const blob = places.blobOf(file);
    const there = (await sizeOf(blob)) ?? (await sizeOf(partialPath(blob))) ?? 0;
    missing += Math.max(0, (file.bytes ?? 0) - there);
  }
  return missing;
}

async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    () => null,
  );
}
