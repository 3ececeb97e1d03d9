import { stat } from "node:fs/promises";
import path from "node:path";
import { NanoAgentError } from "@nanoagent/models";
import { makeFolder, modelNameIn } from "@nanoagent/runtime/program";
import { readPath } from "../command-line/check-values.js";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE } from "../config/default-config-file.js";
import { presentError } from "../errors/present-error.js";
import { UsageError } from "../errors/usage-error.js";
import { describeTrust } from "../eval/describe-trust.js";
import { exitCodes } from "../exit-codes.js";
import { Questions } from "../input/questions.js";
import { isModelName, modelFileOf } from "../named-models/model-file-of.js";
import { formatJson } from "../output/format.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { refuseFile, writeNewFile } from "../write-new-file.js";
import { commentedConfig, configOf, type NewAgent, USUAL_SESSION_DIR } from "./new-agent.js";
import { downloadOffered, offerModels } from "./offer-models.js";
import { placeSchema } from "./place-schema.js";
import { type AgentBudget, checkBudget, type InitDevice, readInitDevice, suggestBudget } from "./suggest-budget.js";

const PARTS = ["session", "sentences"] as const;
type Part = (typeof PARTS)[number];

/** Writes the config of a new agent. At a terminal, asks for the settings that no option gives. */
export const initAgent: CommandAction = async (values, streams) => {
  const { stdin, stdout } = streams;
  const file = await findPlace(String(values.file ?? DEFAULT_CONFIG_FILE));
  const parts = readParts(values);
  const device = await readInitDevice();
  const mayAsk = values.yes !== true && values.json !== true && stdin.isTTY === true && stdout.isTTY === true;
  const agent = mayAsk
    ? await askForAgent(file, values, parts, device, streams)
    : await agentFrom(file, values, parts, device, streams);
  if (agent === null || streams.stop.aborted) {
    stdout.write("Nothing was written.\n");
    return exitCodes.interrupted;
  }
  await makeFolder(path.dirname(file)).catch((error: unknown) => refuseFile(path.dirname(file), error));
  const isJson = path.extname(file).toLowerCase() === ".json";
  const { reference, written, failure } = await placeSchema(file);
  const config = configOf(agent, file, isJson ? reference : null);
  await writeNewFile(file, isJson ? `${JSON.stringify(config, null, 2)}\n` : commentedConfig(agent, file, reference));
  const files = written === null ? [file] : [file, written];
  stdout.write(values.json ? formatJson({ file, files, config }) : describe(agent, files, await trustIn(agent)));
  if (failure !== null) {
    streams.stderr.write(plainText(`note: ${failure} Without the schema, editors do not check the config.\n`));
  }
  if (agent.model !== null) {
    // The config is valid without the addon, which can be installed later.
    const { checkLlamaAddon } = await import("@nanoagent/runtime/engines/llama");
    await checkLlamaAddon().catch((error: unknown) => writeNotice(streams, error));
  }
  return exitCodes.done;
};

function writeNotice({ stderr }: Streams, error: unknown): void {
  if (!NanoAgentError.isInstance(error)) throw error;
  stderr.write(plainText(`note: ${[error.message, error.reason, error.hint].filter(Boolean).join(" ")}\n`));
}

/** Returns the path of the new config. Throws if it already exists. */
async function findPlace(wanted: string): Promise<string> {
  const isFolder = (await stat(wanted).catch(() => null))?.isDirectory() === true;
  const file = isFolder ? path.join(wanted, DEFAULT_CONFIG_FILE) : wanted;
  if ((await stat(file).catch(() => null)) !== null) refuseFile(file, { code: "EEXIST" });
  return file;
}

function readParts(values: OptionValues): ReadonlySet<Part> {
  if (values.with === undefined) return new Set(PARTS);
  const named = String(values.with)
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "none" && part !== "");
  const unknown = named.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown !== undefined) {
    throw new UsageError({
      message: `--with takes ${PARTS.join(", ")} or none, found "${unknown}".`,
      hint: "nanoagent init --help shows its options.",
    });
  }
  return new Set([...(named as Part[]), ...(values["session-dir"] === undefined ? [] : ["session" as const])]);
}

async function agentFrom(
  file: string,
  values: OptionValues,
  parts: ReadonlySet<Part>,
  device: InitDevice,
  streams: Streams,
): Promise<NewAgent> {
  const { model, modelName } = await findModel(values.model, streams);
  const memoryMb = memoryOf(values);
  const suggested = await suggestBudget(device, model);
  const budget = { ...suggested, memoryMb: memoryMb ?? suggested.memoryMb };
  await checkBudget(device, model, budget);
  return {
    name: String(values.name ?? nameFor(file)),
    device: device.device,
    model,
    modelName,
    ...budget,
    sessionDir: parts.has("session") ? String(values["session-dir"] ?? USUAL_SESSION_DIR) : null,
    hasSentences: parts.has("sentences"),
  };
}

/** Returns the path of a model, and its name if it was given by name. */
async function findModel(
  given: OptionValues["model"],
  streams: Streams,
): Promise<Pick<NewAgent, "model" | "modelName">> {
  if (given === undefined) return { model: null, modelName: null };
  const text = String(given);
  return { model: await modelFileOf(text, streams), modelName: (await isModelName(text)) ? nameIn(text) : null };
}

/** `hub:org/repo` → `org/repo`. */
function nameIn(text: string): string {
  return modelNameIn(text) ?? text;
}

function memoryOf(values: OptionValues): number | null {
  const memoryMb = values["memory-mb"];
  if (memoryMb === undefined) return null;
  if (Number.isSafeInteger(memoryMb)) return Number(memoryMb);
  throw new UsageError({
    message: `--memory-mb takes a whole number, found "${memoryMb}".`,
    hint: "nanoagent init --help shows its options.",
  });
}

/** Returns the folder's name; the root folder has none. */
function nameFor(file: string): string {
  return path.basename(path.dirname(path.resolve(file))) || "agent";
}

/** Asks for the settings that no option gives. Returns null if the user ends the questions. */
async function askForAgent(
  file: string,
  values: OptionValues,
  parts: ReadonlySet<Part>,
  device: InitDevice,
  streams: Streams,
): Promise<NewAgent | null> {
  const { memory_mb, cpu_cores, platform } = device.device;
  streams.stdout.write(
    `A new agent for ${plainLine(platform)} with ${memory_mb} MB and ${cpu_cores} cores. Press Enter to accept a default.\n`,
  );
  const questions = new Questions(streams);
  const given: Record<string, OptionValues[string]> = { ...values };
  try {
    given.name ??= (await questions.ask("Name", plainLine(nameFor(file)))) ?? undefined;
    if (given.name === undefined) return null;
    const found = await askForModel(values.model, device, questions, streams);
    if (found === null) return null;
    const { model, suggested } = found;
    if (found.given !== null) given.model = found.given;
    given["memory-mb"] ??= (await askForMemory(model, suggested, device, questions, streams)) ?? undefined;
    if (given["memory-mb"] === undefined) return null;
    const asked = new Set(parts);
    for (const [part, question] of Object.entries(partQuestions) as [Part, string][]) {
      if (values.with !== undefined || (part === "session" && values["session-dir"] !== undefined)) continue;
      const answer = await questions.ask(question, "yes");
      if (answer === null) return null;
      if (/^no?$/i.test(answer)) asked.delete(part);
    }
    return await agentFrom(file, given, asked, device, streams);
  } finally {
    questions.close();
  }
}

const partQuestions: Record<Part, string> = {
  session: `Save the conversation in ${USUAL_SESSION_DIR}/, to continue it after a restart?`,
  sentences: "Include two sample sentences and a command?",
};

/** Asks until the answer is a usable model or empty. Returns null if the user ends the questions. */
async function askForModel(
  given: OptionValues["model"],
  device: InitDevice,
  questions: Questions,
  streams: Streams,
): Promise<{ given: string | null; model: string | null; suggested: AgentBudget } | null> {
  const offered = given === undefined ? await offerModels(streams) : [];
  const question =
    offered.length === 0
      ? "Path or name of a GGUF model, or empty for none"
      : `1 to ${offered.length} to download a model, or the path or name of one, or empty for none`;
  for (;;) {
    const answer = given ?? (await questions.ask(question, ""));
    if (answer === null) return null;
    try {
      const chosen = offered[Number(answer) - 1];
      const text = chosen === undefined ? String(answer) : await downloadOffered(chosen, questions, streams);
      if (text === null) continue;
      const model = text === "" ? null : await modelFileOf(readPath("The model", text), streams);
      return { given: text === "" ? null : text, model, suggested: await suggestBudget(device, model) };
    } catch (error) {
      // A model from the command line is not asked for.
      if (!NanoAgentError.isInstance(error) || given !== undefined) throw error;
      streams.stderr.write(presentError(error));
    }
  }
}

/** Asks for a memory budget until the model fits in it, in MB. Returns null if the user ends the questions. */
async function askForMemory(
  model: string | null,
  suggested: AgentBudget,
  device: InitDevice,
  questions: Questions,
  { stderr }: Streams,
): Promise<number | null> {
  for (;;) {
    const answer = await questions.ask("Memory budget in MB", String(suggested.memoryMb));
    if (answer === null) return null;
    const memoryMb = Number(answer);
    try {
      if (!Number.isSafeInteger(memoryMb) || memoryMb < 1) {
        throw new UsageError({ message: `"${answer}" is not a positive integer.`, hint: "Type a number such as 256." });
      }
      await checkBudget(device, model, { ...suggested, memoryMb });
      return memoryMb;
    } catch (error) {
      if (!NanoAgentError.isInstance(error)) throw error;
      stderr.write(presentError(error));
    }
  }
}

/** Returns a line about how reliable the agent's model is; empty without a model or for an unknown size. */
async function trustIn({ model }: NewAgent): Promise<string> {
  if (model === null) return "";
  const { readModel } = await import("@nanoagent/optimizer");
  const trust = describeTrust(await readModel(model));
  return trust === null ? "" : `${plainLine(trust)}\n`;
}

function describe({ name, device, memoryMb, model }: NewAgent, files: readonly string[], trust: string): string {
  const [file = ""] = files;
  const option = file === DEFAULT_CONFIG_FILE ? "" : ` --config ${shellWord(plainLine(file))}`;
  const who = model === null ? "sentences and the built-in rules answer" : `${path.basename(model)} answers`;
  return `Wrote ${files.map(plainLine).join(" and ")}: '${plainLine(name)}' may take ${memoryMb} of ${device.memory_mb} MB; ${plainLine(who)}.
${trust}Next:
  nanoagent check${option}
  nanoagent run${option}
  nanoagent serve${option} (for the browser, and other programs)
`;
}

/** A word that a shell reads as one, in quotes if needed. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
