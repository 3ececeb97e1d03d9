import path from "node:path";
import { fileURLToPath } from "node:url";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import { NanoRuntime } from "@nanoagent/runtime";
import { readConfig } from "@nanoagent/runtime/node";
import type { CommandAction, OptionValues } from "../command.js";
import { exitCodeFor } from "../errors/present-error.js";
import { exitCodes } from "../exit-codes.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { configForModel } from "./config-for-model.js";
import { LoadingProgress } from "./loading-progress.js";
import type { MessageInput } from "./message-input.js";
import { JsonOutput, type ReplyOutput, TextOutput } from "./reply-output.js";

const QUIT_WORDS = new Set(["quit", "exit", "q"]);

export const runAgent: CommandAction = async (values, streams) => {
  const loading = new LoadingProgress(streams.stderr);
  await using runtime = new NanoRuntime({
    hostFile: fileURLToPath(new URL("./engine-host.js", import.meta.url)),
    onLoadProgress: (share) => loading.show(share),
  });
  const config = await readAgent(values);
  await runtime.load(config);
  loading.clear();
  for (const notice of runtime.notices) streams.stderr.write(plainText(`note: ${notice}\n`));
  const output = values.json ? new JsonOutput(streams) : new TextOutput(streams, values.stats === true);
  if (values.once !== undefined) {
    // Awaited here: what is returned unawaited would find the runtime unloaded.
    return await answerOnce(runtime, String(values.once), output, streams.stop);
  }
  const input = await openInput(streams);
  output.begin(config.spec.name, config.device.platform);
  try {
    const exitCode = await converse(runtime, input, output, streams.stop);
    if (!streams.stop.aborted) output.finish();
    return exitCode;
  } finally {
    input.close();
  }
};

/** The config file, the model of the command line in its place; or a config that the model alone makes. */
async function readAgent({ config: file, model, device }: OptionValues): Promise<NanoAgentConfigInput> {
  if (file === undefined) return configForModel(path.resolve(String(model)));
  const config = await readConfig(String(file), { device: device === "auto" ? "auto" : undefined });
  return model === undefined ? config : { ...config, model_path: path.resolve(String(model)) };
}

async function answerOnce(
  runtime: NanoRuntime,
  message: string,
  output: ReplyOutput,
  stop: AbortSignal,
): Promise<number> {
  let error: unknown = null;
  for await (const event of runtime.stream(message, { signal: stop })) {
    await output.show(event);
    if (event.type === "error") error = event.error;
  }
  return error === null ? exitCodes.done : exitCodeFor(error);
}

/** Answers message after message, until the input ends, a quit word comes, or the program is told to stop. */
async function converse(
  runtime: NanoRuntime,
  input: MessageInput,
  output: ReplyOutput,
  stop: AbortSignal,
): Promise<number> {
  let failed = false;
  while (!stop.aborted) {
    const line = await input.next();
    if (line === null) return input.interrupted ? exitCodes.interrupted : failed ? exitCodes.failed : exitCodes.done;
    const content = line.trim();
    if (QUIT_WORDS.has(content.toLowerCase())) break;
    if (content === "") continue;
    const reply = new AbortController();
    const abort = () => reply.abort();
    stop.addEventListener("abort", abort, { once: true });
    input.onInterrupt = abort;
    for await (const event of runtime.stream(line, { signal: reply.signal })) {
      await output.show(event);
      if (event.type === "error" && !reply.signal.aborted) failed = true;
    }
    input.onInterrupt = null;
    stop.removeEventListener("abort", abort);
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
