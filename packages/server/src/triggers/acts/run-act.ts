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
  try {
    const { stuck, allowed } = await settleDoubts(run);
    if (stuck !== null) {
      const doubt = describeUnknown(stuck);
      return signal.aborted ? { status: "stopped", doubt } : { status: "unknown", problem: doubt };
    }
    // The answer of a message is known, and only one of its acts was in doubt.
    if (event.answer !== null) return { status: "done", answer: event.answer };
    const book = new ActBook({ event: event.id, log, clock });
    const onPermission = async (request: PermissionRequest, options: { signal: AbortSignal }) =>
      allowed.has(request.tool) || run.ask(request, options.signal);
    const settled = { ...run, book, onPermission };
    const { do: act } = settings;
    const end = "tool" in act ? await runTool(act, settled) : await runTurn(act, settled);
    // A tool that did not end in time may have acted, even where the model went on without it.
    const doubt = findDoubt(run);
    if (signal.aborted && end.status !== "done") return { status: "stopped", doubt };
    return doubt === null ? end : { status: "unknown", problem: doubt };
  } catch (error) {
    if (signal.aborted) return { status: "stopped", doubt: findDoubt(run) };
    const problem = error instanceof Error ? error.message : String(error);
    if (!(error instanceof TemplateError)) return { status: "failed", problem, isPermanent: false };
    return { status: "failed", problem: `The act cannot be formed: ${problem}.`, isPermanent: true };
  }
}

/** Says why nobody knows whether an act of this try happened. Null: all is known, or may be done again. */
function findDoubt({ agent, event, log, settings }: ActRun): string | null {
  const act = uncertainActs(log.find(event.id) ?? event).find(
    ({ started }) => decideUnknown(toolOf(agent, started.tool), settings.on_unknown) === "skip",
  );
  return act === undefined ? null : describeUnknown(act);
}

/**
 * Decides about the acts of an earlier run whose result is not known. Returns one that must not run again, and the tools
 * that somebody allowed to run again.
 */
async function settleDoubts(run: ActRun): Promise<{ stuck: OpenAct | null; allowed: ReadonlySet<string> }> {
  const allowed = new Set<string>();
  for (const act of uncertainActs(run.event)) {
    const tool = toolOf(run.agent, act.started.tool);
    const decision = decideUnknown(tool, run.settings.on_unknown);
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
