import { defineTool } from "@nanoagent/runtime";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { openService } from "./open-service.js";

const messages = [{ role: "user", content: "Light, please" }] as const;
const call = { id: "call00001", name: "lamp", arguments: { on: true } };

async function openLamp(name: string) {
  const runs: unknown[] = [];
  const lamp = defineTool({
    name: "lamp",
    description: "Switches the lamp.",
    input: { type: "object", properties: { on: { type: "boolean" } }, required: ["on"] },
    run: (input) => {
      runs.push(input);
      return "on";
    },
  });
  const service = await openService(name, [{ calls: [call] }, "It is on."], { tools: [lamp] });
  return { ...service, runs, client: new OpenAI({ baseURL: service.baseURL, apiKey: "none" }) };
}

type Extended = OpenAI.ChatCompletionChunk & { nanoagent?: { type: string; id: string } };

describe("a question for permission", () => {
  it.each([true, false])("is an event of the stream, and its answer %s counts", async (allow) => {
    const { client, runs, url } = await openLamp(`openai permission ${allow}`);
    const stream = await client.chat.completions.create(
      { model: "kitchen", messages: [...messages], stream: true },
      { headers: { "x-nanoagent-permission": "ask" } },
    );
    const types: string[] = [];
    let text = "";
    for await (const chunk of stream as AsyncIterable<Extended>) {
      text += chunk.choices[0]?.delta.content ?? "";
      expect(chunk.choices[0]?.delta.tool_calls).toBeUndefined();
      if (chunk.nanoagent === undefined) continue;
      types.push(chunk.nanoagent.type);
      if (chunk.nanoagent.type !== "permission") continue;
      const answer = await fetch(`${url}/permissions/${chunk.nanoagent.id}`, {
        method: "POST",
        body: JSON.stringify({ allow }),
      });
      expect(answer.status).toBe(200);
    }
    expect(types.toSorted()).toEqual(["permission", "tool-call", "tool-result"]);
    expect(runs).toEqual(allow ? [{ on: true }] : []);
    expect(text).not.toBe("");
  });

  it("is denied at once for a client that does not answer", async () => {
    const { client, runs } = await openLamp("openai permission nobody");
    const reply = await client.chat.completions.create({ model: "kitchen", messages: [...messages] });
    expect(runs).toEqual([]);
    expect(reply.choices[0]?.finish_reason).toBe("stop");
    expect(reply).toMatchObject({
      nanoagent: { events: [{ type: "tool-call" }, { type: "tool-result", is_error: true }] },
    });
  });
});
