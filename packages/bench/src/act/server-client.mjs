/**
 * A conversation with an OpenAI-compatible server, as a program without a framework has it: the request lists the
 * tools, calls are answered, and the last message is the reply.
 */

/** Most rounds of calls in a turn. */
const MAX_ROUNDS = 8;
const MAX_REPLY_TOKENS = 512;
const REQUEST_MILLISECONDS = 600_000;

/**
 * @typedef {{ role: string, content: string | null, tool_calls?: { id: string, function: { name: string, arguments: string } }[], tool_call_id?: string }} ServerMessage
 * @typedef {{ name: string, description: string, parameters?: Record<string, unknown> }} ServerTool
 * @typedef {{ reply: string, promptTokens: number, completionTokens: number }} ServerTurn
 */

/**
 * Runs one turn and returns its reply. The new messages are added to `messages`.
 *
 * @param {string} url
 * @param {ServerMessage[]} messages
 * @param {readonly ServerTool[]} tools
 * @param {(name: string, given: unknown) => unknown} call runs a tool, or throws
 * @returns {Promise<ServerTurn>}
 */
export async function runServerTurn(url, messages, tools, call) {
  const usage = { promptTokens: 0, completionTokens: 0 };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { message, prompt_tokens, completion_tokens } = await complete(url, messages, tools);
    usage.promptTokens += prompt_tokens;
    usage.completionTokens += completion_tokens;
    messages.push(message);
    const calls = message.tool_calls ?? [];
    if (calls.length === 0) return { reply: message.content ?? "", ...usage };
    for (const { id, function: called } of calls) {
      messages.push({ role: "tool", tool_call_id: id, content: await answer(called, call) });
    }
  }
  return { reply: "", ...usage };
}

/**
 * @param {{ name: string, arguments: string }} called
 * @param {(name: string, given: unknown) => unknown} call
 */
async function answer({ name, arguments: text }, call) {
  try {
    const result = await call(name, readArguments(text));
    return typeof result === "string" ? result : JSON.stringify(result);
  } catch (error) {
    return `Error: ${error instanceof Error ? error.message : error}`;
  }
}

/** Returns the arguments of a call: parsed JSON, or the text itself if it is not JSON. @param {unknown} given */
function readArguments(given) {
  if (typeof given !== "string") return given ?? {};
  if (given.trim() === "") return {};
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/** @param {string} url @param {readonly ServerMessage[]} messages @param {readonly ServerTool[]} tools */
async function complete(url, messages, tools) {
  const functions = tools.map(({ name, description, parameters = { properties: {} } }) => ({
    type: "function",
    function: { name, description, parameters: { type: "object", ...parameters } },
  }));
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages, tools: functions, temperature: 0, max_tokens: MAX_REPLY_TOKENS }),
    signal: AbortSignal.timeout(REQUEST_MILLISECONDS),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
  const { choices, usage } = /** @type {{ choices: { message: ServerMessage }[], usage?: Record<string, number> }} */ (
    await response.json()
  );
  const message = choices[0]?.message;
  if (message === undefined) throw new Error("the server answered without a message");
  return { message, prompt_tokens: usage?.prompt_tokens ?? 0, completion_tokens: usage?.completion_tokens ?? 0 };
}
