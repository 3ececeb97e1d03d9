import { stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { asSentence, cutText, type NanoAgentConfigInput, NanoAgentError } from "@nanoagent/models";
import { type Agent, openAgent } from "@nanoagent/runtime";
import { readScenarios, runEval, summarizeEval } from "@nanoagent/runtime/eval";
import { readConfig } from "@nanoagent/runtime/node";
import { engineTypeOf, resolveModelName } from "@nanoagent/runtime/program";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { boundHeap } from "../heap-flags.js";
import { findNamedModel } from "../named-models/find-named-model.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { pathOperand } from "./command-line-files.js";

const CONFIGS = ["agent.yaml", "agent.json"];
const SMOKE = "smoke.yaml";
/** Longest part of a notice in a reason. Its end is what a tool server wrote, which may be of any kind. */
const MAX_NOTICE_CHARACTERS = 200;

/** Result of a proof. */
interface Proof {
  readonly ok: boolean;
  /** Sentences, or null if it works. */
  readonly reason: string | null;
  /** Smoke questions that were answered right. */
  readonly right: number;
  /** Smoke questions that were asked. */
  readonly asked: number;
}

/** Starts the agent of a folder, ends it, and asks its smoke questions. */
export const proveFolder: CommandAction = async (values, streams) => {
  const share = readShare(values);
  const folder = path.resolve(await pathOperand(values, { isFolder: true }));
  const file = await findConfig(folder);
  const proof = await prove(folder, file, share, streams);
  if (streams.stop.aborted) return exitCodes.interrupted;
  if (values.json === true) streams.stdout.write(formatJson(proof));
  else streams.stdout.write(plainText(`${describeProof(proof)}\n`));
  return proof.ok ? exitCodes.done : exitCodes.failed;
};

async function prove(folder: string, file: string, share: number, streams: Streams): Promise<Proof> {
  try {
    const config = await resolveModelName(await readConfig(file), (name) => findNamedModel(name, streams, file));
    const alone = withoutService(config);
    await boundHeap(engineTypeOf(alone));
    const agent = await openAgent(alone, { ...engineOptions, onPermission: () => false });
    const problem = findMissingServer(alone, agent);
    await agent.close();
    streams.stop.throwIfAborted();
    if (problem !== null) return { ok: false, reason: problem, right: 0, asked: 0 };
    return await ask(folder, config, share, streams);
  } catch (error) {
    if (!NanoAgentError.isInstance(error)) throw error;
    return { ok: false, reason: describeError(error), right: 0, asked: 0 };
  }
}

/** Asks the questions of `smoke.yaml`, as `nanoagent eval` does. */
async function ask(folder: string, config: NanoAgentConfigInput, share: number, { stop }: Streams): Promise<Proof> {
  const smoke = path.join(folder, SMOKE);
  if ((await stat(smoke).catch(() => null)) === null) return { ok: true, reason: null, right: 0, asked: 0 };
  const scenarios = [await readScenarios(smoke)];
  const { results, failure } = await runEval({ name: "smoke", scenarios, config, signal: stop, engineOptions });
  const { right } = summarizeEval(results);
  const wrong = results.filter(({ verdict }) => verdict !== "right").map(({ id }) => id);
  const counts = { right: results.length - wrong.length, asked: results.length };
  if (failure !== null) return { ok: false, reason: `The engine kept failing: ${failure}`, ...counts };
  if (100 * (right.share ?? 0) >= share) return { ok: true, reason: null, ...counts };
  const reason = `${counts.right} of ${counts.asked} smoke questions were answered right. Wrong: ${wrong.slice(0, 5).join(", ")}.`;
  return { ok: false, reason, ...counts };
}

const engineOptions = {
  hostFile: fileURLToPath(new URL("./host-program.js", import.meta.url)),
  ownsProgram: true,
} as const;

/**
 * Returns why an MCP server that runs on this device has no tools, or null. An agent works without a server until it is back,
 * but one whose program came with the bundle does not come back. A server elsewhere may be unreachable for other reasons.
 */
function findMissingServer({ mcp_servers = {} }: NanoAgentConfigInput, agent: Agent): string | null {
  for (const [name, server] of Object.entries(mcp_servers)) {
    if (!("command" in server) || agent.tools.some((tool) => tool.name.startsWith(`${name}_`))) continue;
    const said = agent.notices
      .filter((notice) => notice.includes(`"${name}"`))
      .map((notice) => asSentence(cutText(notice, MAX_NOTICE_CHARACTERS)));
    return [`The MCP server "${name}" has no tools.`, ...said].join(" ");
  }
  return null;
}

/** Removes what a second agent beside the one in use would disturb: its conversation, its events and its connections. */
function withoutService(config: NanoAgentConfigInput): NanoAgentConfigInput {
  const { session: _, triggers: __, serve: ___, mqtt: ____, fleet: _____, ...rest } = config;
  return rest;
}

async function findConfig(folder: string): Promise<string> {
  for (const name of CONFIGS) {
    const file = path.join(folder, name);
    if ((await stat(file).catch(() => null)) !== null) return file;
  }
  throw new UsageError({
    message: `${folder} has no agent.yaml and no agent.json.`,
    hint: "Pass the folder of an agent, such as ROOT/current.",
  });
}

function readShare(values: OptionValues): number {
  const percent = Number(values["min-right"] ?? 100);
  if (percent <= 100) return percent;
  throw new UsageError({
    message: `--min-right takes a percentage of at most 100, found "${percent}".`,
    hint: "For example: --min-right 85",
  });
}

function describeProof({ ok, reason, right, asked }: Proof): string {
  if (!ok) return `The agent does not work: ${reason}`;
  return asked === 0 ? "The agent starts." : `The agent starts, and answered ${right} of ${asked} questions right.`;
}

function describeError({ message, reason, hint }: NanoAgentError): string {
  return [message, reason, hint]
    .filter((part): part is string => part !== null && part !== "")
    .map(asSentence)
    .join(" ");
}
