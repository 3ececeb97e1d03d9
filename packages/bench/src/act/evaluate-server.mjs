import { runServerTurn } from "./server-client.mjs";

/**
 * Runs scenarios on an OpenAI-compatible server, and judges the server by the same rules as nanoagent.
 *
 * @param {any} evaluation `@nanoagent/runtime/eval`
 * @param {string} url
 * @param {readonly any[]} files
 * @param {(done: number) => void} onProgress
 * @returns {Promise<any>} an EvalResult
 */
export async function evaluateServer(evaluation, url, files, onProgress) {
  const results = [];
  for (const file of files) {
    const witness = new evaluation.ToolWitness(file.tools);
    for (const scenario of file.scenarios) {
      results.push(await runScenario(evaluation, url, file, scenario, witness));
      onProgress(results.length);
    }
  }
  return { name: "llama-server", results, interrupted: false, failure: null };
}

/** @param {any} evaluation @param {string} url @param {any} file @param {any} scenario @param {any} witness */
async function runScenario(evaluation, url, file, scenario, witness) {
  /** @type {import("./server-client.mjs").ServerMessage[]} */
  const messages = file.instructions === undefined ? [] : [{ role: "system", content: file.instructions }];
  messages.push(...(scenario.before ?? []).map(toServerMessage));
  const turns = [];
  for (const turn of scenario.turns ?? [scenario]) {
    const calls = witness.begin();
    messages.push({ role: "user", content: turn.say });
    const begin = performance.now();
    const { error, ...ran } = await runServerTurn(url, messages, file.tools, (name, given) => {
      witness.check(name, given);
      if (calls.at(-1)?.issue) throw new Error(calls.at(-1).issue);
      const tool = witness.tools.find((/** @type {{ name: string }} */ candidate) => candidate.name === name);
      return tool.run(given, { signal: new AbortController().signal, idempotencyKey: "" });
    }).then(
      (result) => ({ ...result, error: null }),
      (failure) => ({
        reply: "",
        promptTokens: null,
        completionTokens: null,
        error: String(failure?.message ?? failure),
      }),
    );
    const observed = { calls, reply: ran.reply, error };
    turns.push({
      say: turn.say,
      ...evaluation.judgeTurn(turn, observed, file.tools),
      expects_call: Array.isArray(turn.expect) && turn.expect.length > 0,
      ...observed,
      milliseconds: performance.now() - begin,
      prompt_tokens: ran.promptTokens,
      completion_tokens: ran.completionTokens,
      deciding_tokens: null,
    });
  }
  const { id, groups = [], language = "en", part = null } = scenario;
  const verdict = turns.find((turn) => turn.verdict !== "right")?.verdict ?? "right";
  return { file: file.name, id, groups, language, part, run: 1, verdict, turns };
}

/** @param {any} message */
function toServerMessage({ tool_calls, ...message }) {
  if (tool_calls === undefined) return message;
  const calls = tool_calls.map((/** @type {any} */ call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
  return { ...message, tool_calls: calls };
}
