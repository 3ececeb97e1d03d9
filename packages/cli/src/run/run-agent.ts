import path from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { type NanoAgentConfigInput, NanoAgentError } from "@nanoagent/models";
import { NanoRuntime, type TurnOptions } from "@nanoagent/runtime";
import { readConfig } from "@nanoagent/runtime/node";
import { checkModelFile, engineTypeOf, pathOfFileUrl } from "@nanoagent/runtime/program";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { samplingFlags } from "../command-line/sampling-flags.js";
import { DEFAULT_CONFIG_FILE, findDefaultConfig, hasDefaultConfig } from "../config/default-config-file.js";
import { exitCodeFor } from "../errors/present-error.js";
import { exitCodes } from "../exit-codes.js";
import { onAbort } from "../on-abort.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { askPermission } from "./ask-permission.js";
import { type ChatContext, runChatCommand } from "./chat-commands.js";
import { configForModel } from "./config-for-model.js";
import { describeMemory } from "./describe-memory.js";
import { readJsonMessage } from "./json-message.js";
import { LoadingProgress } from "./loading-progress.js";
import type { MessageInput } from "./message-input.js";
import { refineSampling } from "./refine-sampling.js";
import { JsonOutput, type ReplyOutput, TextOutput } from "./reply-output.js";

/** Newest Node whose V8 is known to have the flags of {@link boundHeap}. */
const LAST_KNOWN_NODE = 26;
const QUIT_WORDS = new Set(["quit", "exit", "q"]);

export const runAgent: CommandAction = async (values, streams) => {
  const loading = new LoadingProgress(streams.stderr);
  let input: MessageInput | null = null;
  await using runtime = new NanoRuntime({
    hostFile: fileURLToPath(new URL("./host-program.js", import.meta.url)),
    ownsProgram: true,
    onLoadProgress: (share) => loading.show(share),
    onPermission: (request, { signal }) => askPermission(request, input, signal),
  });
  const agent = await readAgent(values, (notice) => streams.stderr.write(plainText(`note: ${notice}\n`)));
  const config = { ...agent, sampling: refineSampling(agent.sampling, values) };
  await boundHeap(engineTypeOf(config));
  try {
    await runtime.load(config);
  } finally {
    loading.clear();
  }
  const flags = Object.keys(samplingFlags).filter((name) => values[name] !== undefined && agent.sampling === undefined);
  const notices = new NewNotices(runtime, streams, flags);
  notices.tell();
  if (values.verbose) streams.stderr.write(describeMemory(await runtime.memory()));
  const readsJson = values.jsonl === true;
  const output = notices.tellBehindReplies(
    readsJson || values.json ? new JsonOutput(streams) : new TextOutput(streams, values.stats === true, runtime),
  );
  if (values.once !== undefined) {
    // Awaited here: what is returned unawaited would find the runtime unloaded.
    return await answerOnce(runtime, String(values.once), output, streams.stop);
  }
  input = await openInput(streams);
  const context: ChatContext = {
    runtime,
    agentName: config.spec.name,
    engineName: engineTypeOf(config),
    platform: config.device.platform,
  };
  output.begin(config.spec.name, config.device.platform);
  try {
    const exitCode = await (readsJson
      ? answerJsonLines(runtime, input, output, streams.stop)
      : converse(context, input, output, streams, values.json !== true));
    if (!streams.stop.aborted) output.finish();
    return exitCode;
  } finally {
    input.close();
  }
};

/** Keeps V8 from growing by more than the program holds. */
async function boundHeap(engineType: string): Promise<void> {
  // A V8 that does not know a flag complains on stderr.
  if (Number.parseInt(process.versions.node, 10) > LAST_KNOWN_NODE) return;
  // With other flags than it was built with, Node compiles its own modules anew: what starts a process is loaded before.
  if (engineType === "llama") await import("node:child_process");
  // The space for new objects may grow to 32 MB before V8 looks for what is left of it: more than all that we hold.
  setFlagsFromString("--semi-space-growth-factor=1");
  // One of V8's compilers takes 10 MB for what this program, which waits for people and models, gains nothing by.
  setFlagsFromString("--no-maglev");
}

/** Tells the notices of a runtime, each once: those of the start, and those that come up while it runs. */
class NewNotices {
  readonly #told = new Set<string>();
  readonly #runtime: NanoRuntime;
  readonly #streams: Streams;
  /** Flags in the place of a config's sampling. */
  readonly #samplingFlags: readonly string[];

  constructor(runtime: NanoRuntime, streams: Streams, flags: readonly string[]) {
    this.#samplingFlags = flags;
    this.#runtime = runtime;
    this.#streams = streams;
  }

  tell(): void {
    for (const notice of this.#runtime.notices) {
      if (this.#told.has(notice)) continue;
      this.#told.add(notice);
      const flags = this.#samplingFlags.map((name) => `--${name}`).join(" and ");
      const said = flags === "" ? notice : notice.replace(/^"sampling(?:\.\w+)?" has/, () => `${flags} has`);
      this.#streams.stderr.write(plainText(`note: ${said}\n`));
    }
  }

  tellBehindReplies(output: ReplyOutput): ReplyOutput {
    return {
      begin: (name, platform) => output.begin(name, platform),
      finish: () => output.finish(),
      show: async (event) => {
        await output.show(event);
        if (event.type === "run-end" || event.type === "error") this.tell();
      },
    };
  }
}

/** The config file, the model of the command line in its place; or, without one, a config that the model alone makes. */
async function readAgent(
  { config: file, model, device, stats, json, jsonl }: OptionValues,
  say: (notice: string) => void,
): Promise<NanoAgentConfigInput> {
  if (stats && (json || jsonl)) say("--stats has no effect with JSON.");
  if (file === undefined && model !== undefined) {
    if (!(await hasDefaultConfig())) return checkFlag(await configForModel(pathOfModel(model)));
    say(`${DEFAULT_CONFIG_FILE} of this folder says everything but the model, which is that of --model.`);
  }
  const found = file ?? (await findDefaultConfig("run needs --config PATH or --model PATH."));
  const config = await readConfig(String(found), { device: device === "auto" ? "auto" : undefined });
  return model === undefined ? config : checkFlag({ ...config, model_path: pathOfModel(model) });
}

function pathOfModel(flag: NonNullable<OptionValues[string]>): string {
  return path.resolve(pathOfFileUrl(String(flag)));
}

/** Looks at the model of the command line first: what is wrong with it is said of the flag, and not of the config. */
async function checkFlag<Config extends NanoAgentConfigInput>(config: Config): Promise<Config> {
  const { max_model_size_mb = Number.POSITIVE_INFINITY } = config.spec;
  if (config.model_path)
    await checkModelFile(config.model_path, max_model_size_mb, config.model_root ?? null, "--model");
  return config;
}

/** Answers one message; whether that went well. */
async function answer(
  runtime: NanoRuntime,
  content: string,
  output: ReplyOutput,
  options: TurnOptions & { signal: AbortSignal },
): Promise<NanoAgentError | null> {
  let error: NanoAgentError | null = null;
  for await (const event of runtime.stream(content, options)) {
    await output.show(event);
    if (event.type === "error") error = event.error;
  }
  return error;
}

async function answerOnce(
  runtime: NanoRuntime,
  message: string,
  output: ReplyOutput,
  signal: AbortSignal,
): Promise<number> {
  const error = await answer(runtime, message, output, { signal });
  return error === null ? exitCodes.done : exitCodeFor(error);
}

/** Answers one line of JSON with another, until the input ends or the program is told to stop. */
async function answerJsonLines(
  runtime: NanoRuntime,
  input: MessageInput,
  output: ReplyOutput,
  signal: AbortSignal,
): Promise<number> {
  let failed = false;
  while (!signal.aborted) {
    const line = await input.next();
    if (line === null) break;
    if (line.trim() === "") continue;
    try {
      const { content, options } = readJsonMessage(line);
      if ((await answer(runtime, content, output, { ...options, signal })) !== null) failed = true;
    } catch (error) {
      if (!NanoAgentError.isInstance(error)) throw error;
      failed = true;
      await output.show({ type: "error", error });
    }
  }
  return failed ? exitCodes.failed : exitCodes.done;
}

/** Answers message after message, until the input ends, a quit word comes, or the program is told to stop. */
async function converse(
  context: ChatContext,
  input: MessageInput,
  output: ReplyOutput,
  { stop, stdout }: Streams,
  hasCommands: boolean,
): Promise<number> {
  let failed = false;
  while (!stop.aborted) {
    const line = await input.next();
    if (line === null) return input.interrupted ? exitCodes.interrupted : failed ? exitCodes.failed : exitCodes.done;
    const content = line.trim();
    if (QUIT_WORDS.has(content.toLowerCase())) break;
    if (content === "") continue;
    const said = hasCommands ? await runChatCommand(content, context) : undefined;
    if (said === null) break;
    if (said !== undefined) {
      stdout.write(said);
      continue;
    }
    const reply = new AbortController();
    const abort = () => reply.abort();
    const stopListening = onAbort(stop, abort);
    input.onInterrupt = abort;
    const error = await answer(context.runtime, line, output, { signal: reply.signal });
    if (error !== null && !reply.signal.aborted) failed = true;
    input.onInterrupt = null;
    stopListening();
  }
  return failed ? exitCodes.failed : exitCodes.done;
}

async function openInput({ stdin, stdout, stop }: Streams): Promise<MessageInput> {
  if (stdin.isTTY && stdout.isTTY) {
    const { TerminalInput } = await import("./terminal-input.js");
    return new TerminalInput(stdin, stdout, stop);
  }
  const { PipedInput } = await import("./piped-input.js");
  return new PipedInput(stdin, stop);
}
