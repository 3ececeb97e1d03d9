import path from "node:path";
import type { NanoAgentConfig, TriggerAnswer, TriggerSettings } from "@nanoagent/models";
import { findCommandProgram, isFolder } from "@nanoagent/runtime/program";
import { checkProgram } from "./check-program.js";
import type { CheckedPart, CheckReport, ConfigPath } from "./check-report.js";
import type { CheckedTool } from "./check-tools.js";
import { ActCheck } from "./check-trigger-act.js";
import { checkTriggerRules } from "./check-trigger-rules.js";
import { checkVariable } from "./check-variable.js";
import { nearestExisting, whyNotWritable } from "./writable-folder.js";

/**
 * Checks the triggers of a config: their rules, and that their tools and sentences exist. With `isHere`, also their
 * programs, folders and secrets.
 */
export async function checkTriggers(
  report: CheckReport,
  config: NanoAgentConfig,
  tools: readonly CheckedTool[],
  isHere: boolean,
): Promise<void> {
  const { triggers = [] } = config;
  if (triggers.length === 0) return;
  const { loadTriggerParts } = await import("@nanoagent/server/program");
  const part = report.part("Triggers");
  await checkTriggerRules(part, config, await loadTriggerParts());
  const acts = new ActCheck(part, config, tools);
  for (const [index, trigger] of triggers.entries()) {
    const place: ConfigPath = ["triggers", index];
    await acts.check(place, trigger);
    if (!isHere || trigger.enabled === false) continue;
    await checkSource(part, place, trigger);
    const { then = [] } = trigger;
    if (!Array.isArray(then)) await checkAnswer(part, [...place, "then"], trigger.name, then);
    else
      for (const [at, answer] of then.entries()) await checkAnswer(part, [...place, "then", at], trigger.name, answer);
  }
  part.summary = describe(triggers);
}

function describe(triggers: readonly TriggerSettings[]): string {
  const each = triggers.map(({ name, when, enabled }) => `${name} (${enabled === false ? "off" : kindOf(when)})`);
  return `${each.join(", ")}; they run under nanoagent serve`;
}

function kindOf(when: TriggerSettings["when"]): string {
  const kinds = ["schedule", "every", "mqtt", "gpio", "file", "http", "command"];
  return kinds.find((kind) => kind in when) ?? "";
}

async function checkSource(part: CheckedPart, place: ConfigPath, { name, when }: TriggerSettings): Promise<void> {
  const at = [...place, "when"];
  if ("http" in when) {
    checkVariable(part, [...at, "http", "secret_env"], when.http.secret_env, `The secret of the trigger "${name}"`);
  } else if ("command" in when) await checkProgram(part, at, `The source of the trigger "${name}"`, when);
  else if ("gpio" in when) {
    const program = { command: ["gpiomon"] };
    if ((await findCommandProgram(program, "/").catch(() => null)) !== null) return;
    part.warn([...at, "gpio"], {
      code: "program-not-found",
      message: `The trigger "${name}" needs the program gpiomon, which is not installed here.`,
      hint: "Install it on the device: sudo apt install gpiod",
    });
  } else if ("file" in when) {
    const folder = path.dirname(when.file.path);
    await checkFolder(part, [...at, "file", "path"], folder, `The trigger "${name}" waits for files in ${folder}`);
  }
}

async function checkAnswer(part: CheckedPart, at: ConfigPath, name: string, answer: TriggerAnswer): Promise<void> {
  const who = `The answer of the trigger "${name}"`;
  if ("command" in answer) await checkProgram(part, at, who, answer);
  else if ("http" in answer) {
    checkVariable(part, [...at, "http", "secret_env"], answer.http.secret_env, `The token for ${who.toLowerCase()}`);
  } else if ("file" in answer && !answer.file.path.includes("{")) {
    const folder = path.dirname(answer.file.path);
    const problem = await whyNotWritable(await nearestExisting(folder));
    if (problem === null) return;
    part.warn([...at, "file", "path"], {
      code: "folder-not-writable",
      message: `${who} cannot be written into ${folder}: ${problem}.`,
      hint: "Correct the path, or the owner of the folder. The folder itself is created when it is needed.",
    });
  }
}

async function checkFolder(part: CheckedPart, at: ConfigPath, folder: string, about: string): Promise<void> {
  if (await isFolder(folder)) return;
  part.warn(at, {
    code: "folder-not-found",
    message: `${about}, which does not exist.`,
    hint: "Create the folder, or correct the path.",
  });
}
