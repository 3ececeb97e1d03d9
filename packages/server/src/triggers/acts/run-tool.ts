import type { ToolAct } from "@nanoagent/models";
import { sentences } from "../../errors/sentences.js";
import { type ActEnd, endOfOutcome } from "./act-end.js";
import { actKey } from "./act-key.js";
import type { SettledRun } from "./act-run.js";
import { fillValue } from "./template.js";

/** Runs a tool with arguments from the event. Throws {@link TemplateError} for a value that is missing. */
export async function runTool(
  { tool: name, arguments: template = {} }: ToolAct,
  { agent, event, settings, book, signal, onPermission }: SettledRun,
): Promise<ActEnd> {
  const key = actKey(event.id);
  const given = fillValue(template, { event });
  const tool = agent.tools.find((one) => one.name === name);
  // A tool that only reads may run again, so its record can wait for the next sync.
  if (tool?.changesWorld === false) {
    await book.start({ key, kind: "tool", tool: name, changes_world: false, arguments: given }, { synced: false });
  }
  const outcome = await agent.callTool(
    { name, arguments: given },
    {
      signal,
      idempotencyKey: key,
      trigger: settings.name,
      // Called after the arguments were checked and the permission was given.
      beforeAct: (act) => book.start({ key, kind: "tool", tool: name, arguments: act.arguments }, { synced: true }),
      onPermission,
    },
  );
  const { refusal } = book;
  if (refusal?.code === "event-record-too-large") {
    const problem = sentences([refusal.message, refusal.reason, refusal.hint]);
    return { status: "failed", problem, isPermanent: true };
  }
  await book.end(key, outcome);
  return endOfOutcome(outcome, name, agent);
}
