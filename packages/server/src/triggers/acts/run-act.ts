import type { Agent, PermissionRequest } from "@nanoagent/runtime";
import type { OpenAct } from "../events/open-event.js";
import { ActBook } from "./act-book.js";
import type { ActEnd } from "./act-end.js";
import type { ActRun } from "./act-run.js";
import { runTool } from "./run-tool.js";
import { runTurn } from "./run-turn.js";
import { TemplateError } from "./template.js";
import { decideUnknown, describeUnknown, uncertainActs } from "./unknown-acts.js";

/**
 * Tries the act of an event once. An act whose result is already known is not run again, and one whose result is not known
 * only if that is safe or allowed. Never rejects.
 */
export async function runAct(run: ActRun): Promise<ActEnd> {
  const { event, log, clock, signal, settings } = run;
  const book = new ActBook({ event: event.id, log, clock });
  try {
    // The answer of a message is known, and its acts are not repeated.
    if (event.answer !== null) return settled(run, { status: "done", answer: event.answer });
    const { stuck, allowed } = await settleDoubts(run);
    if (stuck !== null) return signal.aborted ? stopped(run) : unknown(stuck);
    const onPermission = async (request: PermissionRequest, options: { signal: AbortSignal }) =>
      allowed.has(request.tool) || run.ask(request, options.signal);
    const settledRun = { ...run, book, onPermission };
    const { do: act } = settings;
    const end = "tool" in act ? await runTool(act, settledRun) : await runTurn(act, settledRun);
    return settled(run, hasFullDisk(book) ? { status: "not-saved" } : end);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    if (hasFullDisk(book)) return settled(run, { status: "not-saved" });
    if (!(error instanceof TemplateError)) return settled(run, { status: "failed", problem, isPermanent: false });
    return settled(run, { status: "failed", problem: `The act cannot be formed: ${problem}.`, isPermanent: true });
  }
}

function hasFullDisk({ refusal }: ActBook): boolean {
  return refusal?.code === "events-not-saved";
}

/**
 * Returns how a try really ended: nobody knows whether a tool acted that did not end in time, even where the model went on
 * without it. One that may run again leaves the failure as it is, because another try follows.
 */
function settled(run: ActRun, end: ActEnd): ActEnd {
  const { event, log, signal } = run;
  if (signal.aborted && end.status !== "done") return stopped(run);
  const acts = uncertainActs(log.find(event.id) ?? event);
  const act = end.status === "done" ? acts[0] : acts.find((one) => decisionAbout(one, run) === "skip");
  return act === undefined ? end : unknown(act);
}

function stopped(run: ActRun): ActEnd {
  const acts = uncertainActs(run.log.find(run.event.id) ?? run.event);
  const doubt = acts.find(({ started }) => decideUnknown(toolOf(run.agent, started.tool), "skip") === "skip") ?? null;
  return { status: "stopped", doubt, stuck: acts.find((act) => decisionAbout(act, run) === "skip") ?? null };
}

function unknown(act: OpenAct): ActEnd {
  return { status: "unknown", problem: describeUnknown(act) };
}

function decisionAbout({ started }: OpenAct, { agent, settings }: ActRun): ReturnType<typeof decideUnknown> {
  return decideUnknown(toolOf(agent, started.tool), settings.on_unknown);
}

/**
 * Decides about the acts of an earlier run whose result is not known. Returns one that must not run again, and the tools
 * that somebody allowed to run again.
 */
async function settleDoubts(run: ActRun): Promise<{ stuck: OpenAct | null; allowed: ReadonlySet<string> }> {
  const allowed = new Set<string>();
  for (const act of uncertainActs(run.event)) {
    const tool = toolOf(run.agent, act.started.tool);
    const decision = decisionAbout(act, run);
    if (decision === "again") continue;
    const isAllowed = decision === "ask" && tool !== undefined && (await run.ask(questionAbout(act, tool), run.signal));
    if (!isAllowed) return { stuck: act, allowed };
    allowed.add(tool.name);
  }
  return { stuck: null, allowed };
}

function questionAbout(act: OpenAct, tool: Agent["tools"][number]): PermissionRequest {
  const { arguments: given } = act.started;
  let will_run: PermissionRequest["will_run"] = { kind: "function" };
  try {
    will_run = tool.describeRun?.(given as never) ?? will_run;
  } catch {
    // The run itself reports why it cannot run.
  }
  const description = `${describeUnknown(act)} Run it again? ${tool.description}`;
  return { tool: tool.name, description, arguments: given, changes_world: tool.changesWorld, will_run };
}

function toolOf(agent: Agent, name: string | null): Agent["tools"][number] | undefined {
  return agent.tools.find((tool) => tool.name === name);
}
