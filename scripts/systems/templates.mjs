// Renders the chat templates of a folder with our engine and with Python's jinja2, in many situations, and prints every
// difference. For development only: public templates are not committed, so CI tests imitations of each kind.
//
//   node scripts/systems/templates.mjs FOLDER        (files *.jinja; needs python3 with jinja2)
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const renderer = `
import json, sys
from datetime import datetime
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import SandboxedEnvironment
from jinja2 import nodes

class Generation(Extension):
    tags = {"generation"}
    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)
    def _body(self, caller):
        return caller()

def raise_exception(message):
    raise TemplateError(message)

def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

environment = SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = lambda format: datetime.now().strftime(format)
results = []
for job in json.load(sys.stdin):
    try:
        results.append({"text": environment.from_string(job["template"]).render(**job["variables"])})
    except Exception as error:
        results.append({"error": f"{type(error).__name__}: {error}"})
json.dump(results, sys.stdout)
`;

const folder = process.argv[2];
if (folder === undefined) fail("Usage: node scripts/systems/templates.mjs FOLDER (with *.jinja files)");
const python = spawnSync("python3", ["-c", "import jinja2"]);
if (python.status !== 0) fail("python3 with jinja2 not found. Install it: pip install jinja2");

const work = mkdtempSync(path.join(tmpdir(), "nanoagent-templates-"));
try {
  const bundle = path.join(work, "chat-jinja.mjs");
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const entryPoints = [path.join(root, "packages/runtime/src/engines/llama/template/chat-jinja.ts")];
  await build({ entryPoints, bundle: true, format: "esm", platform: "node", outfile: bundle, logLevel: "warning" });
  const { ChatJinja } = await import(pathToFileURL(bundle).href);
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".jinja"));
  const jobs = files.flatMap((file) => {
    const template = readFileSync(path.join(folder, file), "utf8");
    return situations().map(([situation, variables]) => ({ file, situation, template, variables }));
  });
  const input = path.join(work, "jobs.json");
  writeFileSync(input, JSON.stringify(jobs));
  const { stdout, stderr } = spawnSync("python3", ["-c", renderer], {
    input: readFileSync(input),
    maxBuffer: 2 ** 30,
    encoding: "utf8",
  });
  if (stdout === "") fail(stderr);
  const expected = JSON.parse(stdout);
  let same = 0;
  for (const [index, { file, situation, template, variables }] of jobs.entries()) {
    const theirs = expected[index];
    let ours;
    try {
      ours = { text: new ChatJinja(template).render(variables) };
    } catch (error) {
      ours = { error: error.message };
    }
    if (ours.text === theirs.text) same += 1;
    else console.log(`${file}, ${situation}:\n  ${difference(ours, theirs)}`);
  }
  console.log(`${same} of ${jobs.length} renderings of ${files.length} templates match jinja2.`);
  process.exitCode = same === jobs.length ? 0 : 1;
} finally {
  rmSync(work, { recursive: true });
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

function difference(ours, theirs) {
  if (ours.text === undefined) return `ours fails: ${ours.error}`;
  if (theirs.text === undefined) return `theirs fails: ${theirs.error}`;
  let at = 0;
  while (ours.text[at] === theirs.text[at]) at += 1;
  const around = (text) => JSON.stringify(text.slice(Math.max(0, at - 40), at + 80));
  return `ours   ${around(ours.text)}\n  theirs ${around(theirs.text)}`;
}

function situations() {
  const system = { role: "system", content: "You are brief. <b>ÄÖ</b> 'quoted' \"twice\"" };
  const user = { role: "user", content: "How warm is it?\n  Two lines & more 🌡" };
  const assistant = { role: "assistant", content: "It is warm." };
  const thinking = { role: "assistant", content: "<think>\nHm.\n</think>\n\nIt is warm.", reasoning_content: "Hm." };
  const call = (args, content = "") => ({
    role: "assistant",
    content,
    tool_calls: [{ id: "abcdefghi", type: "function", function: { name: "thermometer", arguments: args } }],
  });
  const result = (content) => ({ role: "tool", name: "thermometer", tool_call_id: "abcdefghi", content });
  const parameters = {
    type: "object",
    properties: {
      room: { type: "string", description: "The room", enum: ["hall", "kitchen"], default: null },
      times: { type: "array", items: { type: "integer" }, minItems: 1 },
      exact: { type: ["boolean", "null"] },
      limit: { type: "number", default: 1.5 },
      nested: {
        type: "object",
        properties: { deep: { anyOf: [{ type: "string" }, { type: "null" }] } },
        required: ["deep"],
      },
    },
    required: ["room"],
  };
  const tools = [
    { type: "function", function: { name: "thermometer", description: "Reads the temperature", parameters } },
    {
      type: "function",
      function: { name: "lamp", description: "Switches", parameters: { type: "object", properties: {} } },
    },
  ];
  const args = {
    room: "hall",
    times: [1, 2],
    exact: true,
    limit: 2.5,
    nested: { deep: "a \"b\" 'c' <d>" },
    none: null,
  };
  const conversations = {
    user: { messages: [user] },
    system: { messages: [system, user] },
    dialog: { messages: [system, user, assistant, user] },
    thought: { messages: [system, user, thinking, user] },
    tools: { messages: [system, user], tools },
    "tools without a system message": { messages: [user], tools },
    call: { messages: [system, user, call(args), result("20 degrees")], tools },
    "call in JSON text": { messages: [system, user, call(JSON.stringify(args)), result('{"degrees": 20}')], tools },
    "call and text": { messages: [user, call(args, "I look."), result("20 degrees"), assistant, user], tools },
    "call without content": { messages: [user, call(args, null), result("20 degrees"), assistant, user], tools },
    "two calls": {
      messages: [
        user,
        { ...call(args), tool_calls: [...call(args).tool_calls, ...call({ room: "kitchen" }).tool_calls] },
        result("20 degrees"),
        result("21 degrees"),
      ],
      tools,
    },
    parts: {
      messages: [system, user].map((message) => ({ ...message, content: [{ type: "text", text: message.content }] })),
    },
    "two of one role": { messages: [user, user, assistant] },
  };
  const settings = {
    plain: {},
    "not thinking": { enable_thinking: false, thinking: false },
    thinking: { enable_thinking: true, thinking: true },
  };
  return Object.entries(conversations).flatMap(([name, variables]) =>
    Object.entries(settings).flatMap(([setting, values]) =>
      [true, false].map((add_generation_prompt) => [
        `${name}, ${setting}${add_generation_prompt ? "" : ", without a generation prompt"}`,
        { bos_token: "<s>", eos_token: "</s>", add_generation_prompt, tools: null, ...variables, ...values },
      ]),
    ),
  );
}
