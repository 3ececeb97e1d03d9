import { describe, expect, test } from "vitest";
import { openService } from "./open-service.js";

const tools = [{ type: "function", function: { name: "lamp", parameters: { properties: { on: {} } } } }];
const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
const response_format = { type: "json_schema", json_schema: { name: "x", schema } };
const messages = [{ role: "user", content: "Light!" }];

const post = (baseURL: string, body: object) =>
  fetch(`${baseURL}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "kitchen", messages, response_format, ...body }),
  });

describe("a reply with a schema", () => {
  test.each([
    ["auto", false],
    ["required", false],
    ["auto", true],
    ["required", true],
  ])("may be a call of the client's tool (%s, stream %s)", async (tool_choice, stream) => {
    const reply = { calls: [{ id: "c1", name: "lamp", arguments: { on: true } }] };
    const { baseURL } = await openService("schema-and-calls", [reply]);
    const answer = await post(baseURL, { tools, tool_choice, stream });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(text).toContain('"finish_reason":"tool_calls"');
    expect(text).toContain('"name":"lamp"');
    expect(text).not.toContain('"error"');
  });

  test("ends at a stop text with the text before it", async () => {
    const { baseURL } = await openService("schema-and-stop", ['{"a": 1, "b": 2}']);
    const body = (await (await post(baseURL, { stop: [","] })).json()) as object;
    expect(body).toMatchObject({ choices: [{ finish_reason: "stop", message: { content: '{"a": 1' } }] });
    const streamed = await (await post(baseURL, { stop: [","], stream: true })).text();
    expect(streamed).toContain('"finish_reason":"stop"');
    expect(streamed).not.toContain('"error"');
  });
});
