import { fileURLToPath } from "node:url";
import { NanoRuntime } from "@nanoagent/runtime";
import { engineTypeOf } from "@nanoagent/runtime/program";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { samplingFlags } from "../command-line/sampling-flags.js";
import { boundHeap } from "../heap-flags.js";
import { plainText } from "../output/plain-text.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import { wrapFor } from "../output/wrap-text.js";
import type { Streams } from "../streams.js";
import type { ChatContext } from "./chat-commands.js";
import { answerJsonLines, answerOnce, converse } from "./converse.js";
import { describeMemory } from "./describe-memory.js";
import { JsonOutput } from "./json-output.js";
import { modelName } from "./model-name.js";
import { NewNotices } from "./new-notices.js";
import { isInteractive, openHistory, openInput } from "./open-input.js";
import { Permissions } from "./permissions.js";
import { askAbout, readDocument } from "./piped-document.js";
import { readAgent } from "./read-agent.js";
import { refineSampling } from "./refine-sampling.js";
import { RunStatus } from "./run-status.js";
import { TextOutput } from "./text-output.js";

/** Loads an agent, and answers one message or a conversation. */
export const runAgent: CommandAction = async (values, streams) => {
  const { stderr } = streams;
  const say = (notice: string) => stderr.write(wrapFor(stderr, plainText(`note: ${notice}\n`)));
  const agent = await readAgent(values, streams, say);
  const config = { ...agent, sampling: refineSampling(agent.sampling, values) };
  const model = modelName(config);
  const abilities = terminalAbilities(stderr, process.env, values.plain === true);
  const timeoutOf = (name: string) => {
    const tool = runtime.agent.tools.find((candidate) => candidate.name === name);
    return tool === undefined ? null : tool.timeoutMilliseconds / 1000;
  };
  const status = new RunStatus(new StatusLine(stderr, abilities), model, timeoutOf);
  const isTalking = isInteractive(values, streams);
  const permissions = new Permissions(isTalking ? () => openInput(values, streams) : null);
  await using runtime = new NanoRuntime({
    hostFile: fileURLToPath(new URL("./host-program.js", import.meta.url)),
    ownsProgram: true,
    onLoadProgress: (share) => status.loaded(share),
    onPermission: (request, { signal }) => permissions.allows(request, signal),
  });
  await boundHeap(engineTypeOf(config));
  // A piped document is read while the model loads.
  const document = values.once === undefined ? null : readDocument(optional(values.document), streams);
  document?.catch(() => {});
  if (engineTypeOf(config) !== "rules") status.load();
  try {
    await runtime.load(config);
  } finally {
    status.clear();
  }
  if (values.new && runtime.history.length > 0) runtime.reset();
  const flags = Object.keys(samplingFlags).filter((name) => values[name] !== undefined && agent.sampling === undefined);
  const notices = new NewNotices(runtime, streams, flags);
  notices.tell();
  if (values.verbose) stderr.write(describeMemory(await runtime.memory()));
  const hasStatistics = values.stats === true;
  const output =
    values.json || values.jsonl
      ? new JsonOutput(streams, { model, runtime, hasStatistics })
      : new TextOutput(streams, {
          statistics: hasStatistics ? runtime : null,
          wrap: await openWrap(values, streams),
          status: engineTypeOf(config) === "rules" && (config.tools ?? []).length === 0 ? null : status,
          isInteractive: isTalking,
          style: abilities.style,
        });
  if (output instanceof TextOutput) permissions.onAsk = () => output.asking();
  const context: ChatContext = {
    runtime,
    agentName: config.spec.name,
    engineName: engineTypeOf(config),
    model,
    platform: config.device.platform,
    onReset: () => permissions.reset(),
    tellNotices: () => notices.tell(),
  };
  const conversation = { context, output, stop: streams.stop };
  if (document !== null) {
    const message = askAbout(await document, String(values.once));
    // Awaited here: a promise that is returned would find the runtime unloaded.
    return await answerOnce(conversation, message, streams.stop);
  }
  const history = await openHistory(values, streams);
  const input = await openInput(values, streams, history);
  permissions.input = input;
  // Calls of tools and their results are part of the turns, but nobody said them.
  const said = runtime.history.filter(({ role, content }) => role !== "tool" && content !== "");
  output.begin(config.spec.name, config.device.platform, said.length);
  try {
    const exitCode = await (values.jsonl && output instanceof JsonOutput
      ? answerJsonLines(conversation, input, output)
      : converse(conversation, input));
    if (!streams.stop.aborted) output.finish();
    return exitCode;
  } finally {
    input.close();
    await history?.close();
  }
};

/** Breaks replies at the width of the terminal that they go to; null for a pipe. */
async function openWrap(values: OptionValues, { stdout }: Streams) {
  if (!stdout.isTTY || values.json || values.jsonl) return null;
  const { WordWrap } = await import("../output/word-wrap.js");
  return new WordWrap(() => stdout.columns ?? 80);
}

function optional(value: OptionValues[string]): string | undefined {
  return value === undefined ? undefined : String(value);
}
