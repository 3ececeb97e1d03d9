// What `npm start` shows: this machine, an agent that acts, a short conversation with it, and then it is your turn.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const program = path.join(root, "packages/cli/dist/main.js");
const config = path.join(root, "examples/greenhouse/agent.yaml");

const said = [
  "how warm is it?",
  "Wie trocken ist das Nordbeet?",
  "open the vent",
  "water the north bed for 10 minutes",
];

process.exitCode = await show();

async function show() {
  const profiled = await nanoagent("profile");
  if (profiled !== 0) return profiled;
  print(`
An agent looks after a greenhouse, which is simulated. examples/greenhouse/agent.yaml is all there is to it: sentences in
two languages and four commands. No model is needed.
`);
  const told = await tell();
  if (told !== 0) return told;
  print(`
Nobody could be asked just then, so nothing was watered. Now it is your turn: say it yourself, and you are asked.
Also: what is the climate? · Südbeet 3 Minuten gießen · note that the door squeaks · help
`);
  const talked = await nanoagent("run", "--config", config);
  // Ctrl-C is a way to end a conversation, too.
  if (talked !== 0 && talked !== 130) return talked;
  const command = `node ${path.relative(process.cwd(), program)}`;
  print(`
What next:
  ${command} check --config examples/greenhouse/agent.yaml   what can be known of it before it runs
  ${command} sessions show --config examples/greenhouse/agent.yaml   what was said, from the disk
  ${command} run --config examples/greenhouse/agent.yaml --model FILE.gguf   the same agent with a model
  ${command} init   an agent of your own
`);
  return talked;
}

/** Says what is said above, a message at a time, and shows what comes back and what acted. */
async function tell() {
  const child = start(["run", "--config", config, "--jsonl"], ["pipe", "pipe", "inherit"]);
  const ended = once(child, "exit");
  // One that could not start does not read.
  child.stdin.on("error", () => {});
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (const content of said) {
    child.stdin.write(`${JSON.stringify({ content })}\n`);
    const { value, done } = await replies.next();
    if (done) break;
    const { content: reply, error, tool_calls = [] } = JSON.parse(value);
    print(`\nYou:   ${content}\n`);
    for (const { name, arguments: given, is_error } of tool_calls) {
      print(`       (${is_error ? "did not run" : "ran"} ${name} ${JSON.stringify(given)})\n`);
    }
    print(`Agent: ${reply ?? error.message}\n`);
  }
  child.stdin.end();
  const [exitCode] = await ended;
  return exitCode ?? 1;
}

/** Runs the program as if it had been called itself: signals reach it, and its exit code is ours. */
async function nanoagent(...commandLine) {
  const child = start(commandLine, "inherit");
  const pass = (signal) => child.kill(signal);
  // Ctrl-C at a terminal has reached the child already; here it only must not end its parent.
  const ignore = () => {};
  process.on("SIGINT", ignore).on("SIGTERM", pass).on("SIGHUP", pass);
  const [exitCode] = await once(child, "exit");
  process.off("SIGINT", ignore).off("SIGTERM", pass).off("SIGHUP", pass);
  return exitCode ?? 1;
}

function start(commandLine, stdio) {
  return spawn(process.execPath, [program, ...commandLine], { stdio });
}

function print(text) {
  process.stdout.write(text);
}
