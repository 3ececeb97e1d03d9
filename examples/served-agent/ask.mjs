// Asks a served agent: ask.mjs MESSAGE [--allow]
// Prints its reply as it is written. With --allow, it answers questions for permission with yes, otherwise with no.
import { parseArgs } from "node:util";

const { AGENT_URL = "http://127.0.0.1:7420", AGENT_KEY } = process.env;
const headers = {
  "content-type": "application/json",
  "x-nanoagent-permission": "ask",
  ...(AGENT_KEY && { authorization: `Bearer ${AGENT_KEY}` }),
};

try {
  const { values, positionals } = parseArgs({ options: { allow: { type: "boolean" } }, allowPositionals: true });
  if (positionals.length !== 1) throw new Error("wrong arguments. Usage: ask.mjs MESSAGE [--allow]");
  await ask(positionals[0], values.allow === true);
} catch (error) {
  console.error(`error: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}

async function ask(content, allow) {
  const { data } = await (await send("GET", "/v1/models")).json();
  const body = { model: data[0].id, messages: [{ role: "user", content }], stream: true };
  const response = await send("POST", "/v1/chat/completions", body);
  for await (const { choices, nanoagent, error } of events(response)) {
    if (error) throw new Error(error.message);
    if (nanoagent?.type === "permission") await answer(nanoagent, allow);
    process.stdout.write(choices?.[0]?.delta?.content ?? "");
  }
  process.stdout.write("\n");
}

/** Answers the question whether a tool may run. The stream goes on when the answer is there. */
async function answer({ id, request }, allow) {
  const { tool, arguments: values } = request;
  console.log(`(${allow ? "allows" : "refuses"} ${tool} ${JSON.stringify(values)})`);
  await send("POST", `/permissions/${id}`, { allow });
}

async function send(method, path, body) {
  const response = await fetch(`${AGENT_URL}${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (response.ok) return response;
  throw new Error((await response.json()).error.message);
}

/** Yields the events of a stream: lines of `data: {…}` until `data: [DONE]`. */
async function* events(response) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of response.body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data: {")) yield JSON.parse(line.slice("data: ".length));
  }
}
