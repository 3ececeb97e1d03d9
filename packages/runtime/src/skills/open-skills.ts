import { cutText } from "@nanoagent/models";
import { defineTool } from "../tools/define-tool.js";
import type { Tool } from "../tools/tool.js";
import { cleanText } from "../tools/tool-result-text.js";
import { endOfPart } from "./end-of-part.js";
import type { Skill } from "./skill.js";

/** Name of the tool that returns a skill's instructions to a model. */
const READ_SKILL = "read_skill";

/** Most characters of a skill's text per call, a few pages. Less where tool results have a lower limit. */
const MAX_PART_CHARACTERS = 6000;
/** Length of a result that fits the smallest context window. */
const SHORT_BODY_CHARACTERS = 100;
/** Most characters of a description in a prompt, the limit of the specification. */
const MAX_DESCRIPTION_CHARACTERS = 1024;
/** Room for the note about the position in a long text. */
const NOTE_CHARACTERS = 100;

/** Enabled skills in the form that a model sees. */
export interface OpenSkills {
  /** Text for the system instructions. The same skills always give the same text. */
  readonly instructions: string;
  /** Tool that returns the instructions or a file of a skill. */
  readonly tool: Tool;
}

/**
 * Prepares skills for a model: one line per skill in its instructions, and a tool that reads a skill. Scripts of a
 * skill never run. Returns null where there are no skills.
 */
export async function openSkills(skills: readonly Skill[]): Promise<OpenSkills | null> {
  if (skills.length === 0) return null;
  const sorted = skills.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const lines = sorted.map(({ name, description }) => `- ${name}: ${inOneLine(description)}`);
  return {
    instructions: `Skills. Before you do what one of them is about, read it with the tool ${READ_SKILL}:\n${lines.join("\n")}`,
    tool: await readSkillTool(sorted),
  };
}

async function readSkillTool(skills: readonly Skill[]): Promise<Tool> {
  // Parameters that no skill needs are left out, because small models use every parameter they see.
  const haveFiles = skills.some(({ hasFiles }) => hasFiles);
  const properties: Record<string, object> = { name: { type: "string", enum: skills.map(({ name }) => name) } };
  if (haveFiles) {
    const description = "A file that its instructions name, such as references/a.md; left out: the instructions.";
    properties.file = { type: "string", maxLength: 200, description };
  }
  if (haveFiles || (await someBodyIsLong(skills))) {
    properties.from = { type: "integer", minimum: 0, description: "For the rest of a long text." };
  }
  return defineTool<{ name: string; file?: string; from?: number }>({
    name: READ_SKILL,
    description: "Reads the instructions of a skill.",
    input: { type: "object", properties, required: ["name"], additionalProperties: false },
    changesWorld: false,
    async run({ name, file, from = 0 }, { maxResultCharacters = MAX_PART_CHARACTERS }) {
      const skill = skills.find((candidate) => candidate.name === name);
      if (skill === undefined) throw new Error(`there is no skill ${name}`);
      const text = file === undefined || file === "" ? await skill.readBody() : await skill.readFile(file);
      if (text === "") return "It says nothing more than its description.";
      if (from >= text.length) throw new Error(`it has ${text.length} characters`);
      const room = Math.max(NOTE_CHARACTERS, Math.min(MAX_PART_CHARACTERS, maxResultCharacters - NOTE_CHARACTERS));
      const end = endOfPart(text, from, room);
      const part = text.slice(from, end);
      return end === text.length ? part : `${part}\n[${end} of ${text.length} characters; more with "from": ${end}]`;
    },
  });
}

/** Whether any skill needs the `from` parameter. A skill that cannot be read reports its error when it is called. */
async function someBodyIsLong(skills: readonly Skill[]): Promise<boolean> {
  for (const skill of skills) {
    const body = await skill.readBody().catch(() => "");
    if (body.length > SHORT_BODY_CHARACTERS) return true;
  }
  return false;
}

function inOneLine(text: string): string {
  const line = cleanText(text).replace(/\s+/gu, " ").trim();
  const end = endOfPart(line, 0, MAX_DESCRIPTION_CHARACTERS);
  return end === line.length ? line : `${cutText(line, end)}…`;
}
