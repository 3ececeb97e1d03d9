// `npm start`: shows this machine and a short conversation with an agent that acts, then starts one with the user.
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
This agent looks after a simulated greenhouse. examples/greenhouse/agent.yaml defines it: sentences in two languages and
four commands. It needs no model.
`);
  const told = await tell();
  if (told !== 0) return told;
  print(`
Nothing was watered: that needs permission, and nobody could be asked. Now it is your turn: the agent will ask you.
Also try: what is the climate? · Südbeet 3 Minuten gießen · note that the door squeaks · help
`);
  const talked = await nanoagent("run", "--config", config, "--new");
  // Ctrl-C also ends a conversation.
  if (talked !== 0 && talked !== 130) return talked;
  const command = `node ${path.relative(process.cwd(), program)}`;
  print(`
What next:
  ${command} check --config examples/greenhouse/agent.yaml   checks the config
  ${command} serve --config examples/greenhouse/agent.yaml   shows it in the browser
  ${command} sessions show --config examples/greenhouse/agent.yaml   shows the saved conversation
  ${command} run --config examples/greenhouse/agent.yaml --model FILE.gguf   runs it with a model
  ${command} init   creates your own agent
`);
  return talked;
}

/** Sends the messages one at a time, and prints replies and tool calls. */
async function tell() {
  const child = start(["run", "--config", config, "--jsonl"], ["pipe", "pipe", "inherit"]);
  const ended = once(child, "exit");
  // A program that could not start does not read its input.
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

/** Runs the program in the foreground, and returns its exit code. */
async function nanoagent(...commandLine) {
  const child = start(commandLine, "inherit");
  const pass = (signal) => child.kill(signal);
  // Ctrl-C in a terminal reaches the child directly. Here it must not end the parent.
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
