import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openService } from "./open-service.js";
import { readChunks } from "./read-event-stream.js";

const run = promisify(execFile);
const curl = async (...options: string[]) => (await run("curl", ["--silent", "--no-buffer", ...options])).stdout;
const hasCurl = await curl("--version").then(
  () => true,
  () => false,
);

const hello = { model: "kitchen", messages: [{ role: "user", content: "Good morning" }] };

describe.skipIf(!hasCurl)("curl", () => {
  it("completes, streams and is told what is wrong", async () => {
    const { baseURL } = await openService("curl", [{ deltas: ["Good ", "morning."] }]);
    const post = (body: object) => curl("--json", JSON.stringify(body), `${baseURL}/chat/completions`);
    expect(JSON.parse(await curl(`${baseURL}/models`))).toMatchObject({ data: [{ id: "kitchen" }, {}] });
    expect(JSON.parse(await post(hello))).toMatchObject({ choices: [{ message: { content: "Good morning." } }] });
    const { chunks, isDone } = readChunks(await post({ ...hello, stream: true }));
    expect(chunks).toHaveLength(4);
    expect(isDone).toBe(true);
    expect(JSON.parse(await post({ ...hello, model: "gpt-4" }))).toMatchObject({ error: { code: "model_not_found" } });
    const malformed = await curl("--data", "{", `${baseURL}/chat/completions`);
    expect(JSON.parse(malformed)).toMatchObject({ error: { type: "invalid_request_error" } });
  });
});
