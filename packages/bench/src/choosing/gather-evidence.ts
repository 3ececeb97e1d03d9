import { appendFile } from "node:fs/promises";
import type { Scenario, ScenarioFile } from "../../../models/src/index.js";
import { readGguf } from "../../../optimizer/src/index.js";
import { type ChoiceInput, choiceFeatures, featureNames } from "../../../runtime/src/choosing/choose-tool.js";
import { readFollowUp } from "../../../runtime/src/choosing/follow-up.js";
import { askingOf } from "../../../runtime/src/choosing/question-marks.js";
import { requestMarks } from "../../../runtime/src/choosing/request-marks.js";
import { wordEvidence } from "../../../runtime/src/choosing/word-evidence.js";
import type { EngineMessage, EngineTool } from "../../../runtime/src/engines/engine.js";
import { LlamaEngine } from "../../../runtime/src/engines/llama/llama-engine.js";
import { expectedCalls } from "../../../runtime/src/eval/judge-turn.js";
import { readScenarios } from "../../../runtime/src/eval/read-scenarios.js";

/**
 * Writes the evidence of a model for every turn of the training scenarios, as lines of JSON: `{words, list, truth}`,
 * with features for every tool and for "no tool".
 */
export async function gatherEvidence(modelPath: string, files: readonly string[], output: string): Promise<void> {
  const { tokenizer } = await readGguf(modelPath);
  const engine = await LlamaEngine.open({
    modelPath,
    contextTokens: 3072,
    batchTokens: 64,
    mapsFile: true,
    kvType: "f16",
    chatTemplate: tokenizer.chat_template,
    constrainsOutput: true,
    choosingTokens: 1536,
    prefillThreads: 2,
    decodeThreads: 2,
    stateFile: null,
  });
  try {
    for (const file of files) {
      const { tools, scenarios } = await readScenarios(file);
      const known = engineTools(tools);
      for (const scenario of scenarios.filter(({ part }) => part === "training")) {
        for (const row of await evidenceOf(engine, scenario, known))
          await appendFile(output, `${JSON.stringify(row)}\n`);
      }
    }
  } finally {
    await engine.close();
  }
}

/** Names of the features, in their order. */
export const features: readonly string[] = featureNames;

function engineTools(tools: ScenarioFile["tools"]): EngineTool[] {
  return tools
    .map(({ name, description, changes_world = false, parameters = {} }) => ({
      name,
      description,
      changesWorld: changes_world,
      inputSchema: { type: "object", ...parameters },
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Yields the evidence of each turn that expects at most one call. Earlier turns have their expected calls. */
async function evidenceOf(engine: LlamaEngine, scenario: Scenario, tools: readonly EngineTool[]) {
  const messages: EngineMessage[] = [];
  const rows: object[] = [];
  for (const turn of scenario.turns ?? [scenario]) {
    messages.push({ role: "user", content: turn.say ?? "" });
    const expected = expectedCalls(turn);
    if (expected.length < 2 && turn.asks !== true) {
      const followUp = readFollowUp(messages);
      const { message } = followUp;
      const list = await engine.gatherEvidence(tools, message);
      const words = wordEvidence(followUp, tools);
      const input: ChoiceInput = {
        tools,
        words,
        list: null,
        followUp,
        asking: askingOf(message),
        marks: requestMarks(message),
      };
      const truth =
        expected[0] === undefined ? tools.length : tools.findIndex(({ name }) => name === expected[0]?.tool);
      rows.push({
        words: choiceFeatures(input),
        list: choiceFeatures({ ...input, list }),
        truth,
      });
    }
    messages.push(
      ...afterTurn(
        expected.map(({ tool, arguments: input = {} }) => ({ tool, input })),
        turn.asks === true,
      ),
    );
  }
  return rows;
}

function afterTurn(calls: readonly { tool: string; input: object }[], asks: boolean): EngineMessage[] {
  if (calls.length === 0) return [{ role: "assistant", content: asks ? "Which one?" : "All right." }];
  return [
    {
      role: "assistant",
      content: "",
      tool_calls: calls.map(({ tool, input }, at) => ({ id: `call${at}`, name: tool, arguments: plainValues(input) })),
    },
    ...calls.map((_, at): EngineMessage => ({ role: "tool", content: "ok", tool_call_id: `call${at}` })),
    { role: "assistant", content: "Done." },
  ];
}

/** Returns values for the expected arguments: the first one of several valid values. */
function plainValues(input: object): object {
  const plain = Object.entries(input).flatMap(([name, value]) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [[name, value]];
    const { one_of, from } = value as { one_of?: unknown[]; from?: number };
    if (one_of !== undefined) return [[name, one_of[0]]];
    return from === undefined ? [] : [[name, from]];
  });
  return Object.fromEntries(plain);
}
