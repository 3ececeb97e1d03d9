import { NanoRuntime } from "@nanoagent/runtime";
import { readConfig } from "@nanoagent/runtime/node";
import type { CommandAction } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import type { MessageInput } from "./message-input.js";
import { JsonOutput, type ReplyOutput, TextOutput } from "./reply-output.js";

const QUIT_WORDS = new Set(["quit", "exit", "q"]);

export const runAgent: CommandAction = async ({ config: file, device, json }, streams) => {
  await using runtime = new NanoRuntime();
  const config = await readConfig(String(file), { device: device === "auto" ? "auto" : undefined });
  await runtime.load(config);
  for (const notice of runtime.notices) streams.stderr.write(plainText(`note: ${notice}\n`));
  const output = json ? new JsonOutput(streams) : new TextOutput(streams);
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
      output.show(event);
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
