import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { readScenarios } from "@nanoagent/runtime/eval";
import { readConfig } from "@nanoagent/runtime/node";
import { expect } from "vitest";
import { program } from "../run-program.js";
import { hasScript } from "../terminal.js";
import type { DocumentBlock } from "./document-blocks.js";
import { type DocumentRunner, normalize, type Variables } from "./document-runner.js";
import { ExampleCopy } from "./example-copy.js";
import { PageHub } from "./page-hub.js";

const execute = promisify(execFile);

/** Reasons for which a block may say `<!-- not run: … -->`. */
const REASONS = [
  "needs systemd",
  "needs a container engine",
  "needs a package registry",
  "needs a server with a model",
  "needs a board",
  "needs a broker",
  "part of a program",
  "part of another program",
  "its output depends on the machine",
  "changes the shell",
];

/** The model that recorded blocks were recorded with; empty where it is not on this machine. */
const USUAL_MODEL = path.join(homedir(), ".cache/nanoagent-test-models/smollm2-135m-instruct.gguf");
const testModel = process.env.NANOAGENT_TEST_MODEL ?? (existsSync(USUAL_MODEL) ? USUAL_MODEL : "");
const hasModel = testModel !== "";

/** Address at which pages show a service. */
const SHOWN_ADDRESS = "127.0.0.1:7420";
const SMALL_MODEL = "smollm2-135m-instruct.gguf";
let models: Promise<string[]> | undefined;
let hub: Promise<PageHub> | undefined;

/** Writes the headers of models that pages speak of; the weights are holes in the files. */
async function makeModels(folder: string): Promise<string[]> {
  const made = [
    ["llama-3.2-1b-q8_0.gguf", "Llama-3.2-1B", "q8_0"],
    ["qwen2.5-0.5b-q4_0.gguf", "Qwen2.5-0.5B", "q4_0"],
    ...(hasModel ? [] : ([[SMALL_MODEL, "SmolLM2-135M", "q4_0"]] as const)),
  ] as const;
  const files: string[] = [];
  for (const [name, model, type] of made) {
    files.push(path.join(folder, name));
    await writeKnownModel(path.join(folder, name), model, type);
  }
  return files;
}

/** Closes the hub of all pages. */
export async function closePageHub(): Promise<void> {
  await (await hub)?.close();
  hub = undefined;
}

/**
 * Runs the blocks of one page, in their order and in one folder. Commands and programs download from a hub on this machine,
 * which has the small model, into a home folder of the page. A comment above a block says how:
 *
 * - `file: NAME` writes the block into that file first.
 * - `terminal` types the lines behind `You: ` and behind questions at a terminal, and waits for all other lines.
 * - `model` needs the model of 135 million parameters; its figures and replies may differ by machine.
 * - `service` starts `nanoagent serve` on a free port, for the rest of the page. Later blocks use it at the address that the page
 *   shows, 127.0.0.1:7420.
 * - `in: PACKAGE` gives a program the packages that this one of the workspace has.
 * - `example: NAME` runs in a copy of that example; `example: NAME, terminal` at a terminal.
 * - `x64` has figures of x64, where other processors take other memory.
 * - `not run: REASON` runs nothing; the reason is one of a list.
 */
export class PageRunner {
  readonly #documents: DocumentRunner;
  readonly #folder: string;
  readonly #variables: Variables;
  #service: ChildProcess | null = null;
  /** Address of the service, as host and port. */
  #address = SHOWN_ADDRESS;

  private constructor(documents: DocumentRunner, folder: string, variables: Variables) {
    this.#documents = documents;
    this.#folder = folder;
    this.#variables = variables;
  }

  /** Opens a page's folder, with the model files that pages speak of. */
  static async open(documents: DocumentRunner): Promise<PageRunner> {
    const folder = await mkdtemp(path.join(documents.folder, "page-"));
    models ??= makeModels(await mkdtemp(path.join(documents.folder, "models-")));
    const files = await models;
    await Promise.all(files.map((file) => link(file, path.join(folder, path.basename(file)))));
    if (hasModel) await symlink(testModel, path.join(folder, SMALL_MODEL));
    hub ??= PageHub.start(path.join(folder, SMALL_MODEL), documents.folder);
    const home = await (await hub).makeHome(documents.folder);
    const runtime = await mkdtemp(path.join(tmpdir(), "page-"));
    return new PageRunner(documents, folder, { ...home, XDG_RUNTIME_DIR: runtime });
  }

  /** Ends the service of the page. */
  async close(): Promise<void> {
    if (this.#service?.exitCode === null) {
      this.#service.kill();
      await once(this.#service, "close");
    }
    await rm(this.#variables.XDG_RUNTIME_DIR ?? "", { recursive: true, force: true });
  }

  /** Runs one block, and fails where it does not do what the page says. */
  async run(block: DocumentBlock): Promise<void> {
    const marks = block.mark.split(", ");
    const [, reason] = /^not run: (.+)$/.exec(block.mark) ?? [];
    if (reason !== undefined) {
      expect(REASONS, "a known reason").toContain(reason);
      return;
    }
    const markValue = (name: string) => marks.find((mark) => mark.startsWith(`${name}: `))?.slice(name.length + 2);
    const file = markValue("file");
    if (file !== undefined) await this.#write(file, block.text);
    const example = markValue("example");
    const place = example === undefined ? this.#folder : (await ExampleCopy.of(example, this.#documents.folder)).place;
    if (block.language === "yaml") await this.#validate(block.text);
    else if (block.language === "ts") await this.#runProgram(block.text, markValue("in"));
    else if (marks.includes("service")) await this.#startService(block.text);
    else if (block.language === "console") {
      if (marks.includes("model") && !hasModel) return;
      if (marks.includes("x64") && process.arch !== "x64") return;
      if (marks.includes("terminal")) await this.#runAtTerminal(block.text, place);
      else {
        const comparable = marks.includes("model") ? withoutFigures : normalize;
        const text = this.#here(block.text);
        await this.#documents.runConsole(text, place, { comparable, variables: this.#variables });
      }
    }
  }

  async #write(name: string, text: string): Promise<void> {
    const file = path.join(this.#folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { mode: name.endsWith(".sh") ? 0o755 : 0o644 });
  }

  /** Reads a config, a part of one, or a file of scenarios. */
  async #validate(text: string): Promise<void> {
    const file = path.join(this.#folder, `block-${Math.random()}.yaml`);
    if (/^scenarios:/m.test(text)) {
      await writeFile(file, text);
      await readScenarios(file);
      return;
    }
    await writeFile(file, /^spec:/m.test(text) ? text : `${text}\nspec: { name: documented }\n`);
    await readConfig(file);
  }

  /** Runs a program. The comments at the ends of its lines are what it prints. */
  async #runProgram(code: string, name: string | undefined): Promise<void> {
    const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment]) => comment);
    const place = name === undefined ? undefined : `packages/${name}`;
    const printed = (await this.#documents.runTypeScript(this.#here(code), place, this.#variables))
      .trimEnd()
      .split("\n");
    if (said.length > 0) expect(printed).toEqual(said);
  }

  /** Puts the address of the page's service where the page shows the usual one. */
  #here(text: string): string {
    return text.replaceAll(SHOWN_ADDRESS, this.#address);
  }

  /** Starts the service of the page, and waits until it is ready. */
  async #startService(text: string): Promise<void> {
    const [command = "", ...printed] = text.trimEnd().split("\n");
    expect(command, "the command").toMatch(/^\$ nanoagent serve/);
    const words = command.slice("$ nanoagent ".length).split(" ");
    const child = spawn(process.execPath, [program, ...words, "--port", "0"], {
      cwd: this.#folder,
      env: { ...process.env, ...this.#variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#service = child;
    let seen = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (piece) => {
        seen += piece;
      });
    }
    while (!/Listening on .*\n/.test(seen)) {
      if (child.exitCode !== null) expect.fail(`${command}: ${seen}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#address = /Listening on https?:\/\/(\S+)/.exec(seen)?.[1] ?? "";
    expect(seen.replaceAll(this.#address, SHOWN_ADDRESS).trimEnd().split("\n"), command).toEqual(printed);
  }

  /** Types what the block shows as typed, and waits for every other line. */
  async #runAtTerminal(text: string, place: string): Promise<void> {
    if (!hasScript) return;
    const [command = "", ...lines] = text.trimEnd().split("\n");
    expect(command, "the command").toMatch(/^\$ nanoagent run/);
    const words = [process.execPath, program, ...command.slice("$ nanoagent ".length).split(" ")];
    const run = `stty cols 120 rows 40; exec ${words.map((word) => `'${word}'`).join(" ")}`;
    const child = spawn("script", ["--quiet", "--return", "--command", run, "/dev/null"], {
      cwd: place,
      env: { ...process.env, TERM: "xterm", ...this.#variables },
    });
    let seen = "";
    child.stdout.setEncoding("utf8").on("data", (piece) => {
      seen += piece;
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const see = async (expected: string) => {
      const until = Date.now() + 10_000;
      // Escape sequences move the cursor and mark text.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what a terminal is sent.
      const shown = () => seen.replace(/\u001b\[[\d;?]*[A-Za-z]/g, "").replaceAll("\r", "");
      while (!shown().includes(expected)) {
        if (Date.now() > until) expect(shown(), command).toContain(expected);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      seen = shown().slice(shown().indexOf(expected) + expected.length);
    };
    try {
      for (const line of lines) {
        const [, prompt, typed] = /^(You: |Run it\? .*\[y\/N\] )(.*)$/.exec(line) ?? [];
        if (prompt === undefined)
          await see(line.replace(/loaded on .*$/, "loaded on ").replace(/^(Folder: +).*$/, "$1"));
        else {
          await see(prompt.trimEnd());
          child.stdin.write(`${typed}\r`);
        }
      }
      await ended;
    } finally {
      child.kill();
    }
  }
}

/** The output of a model without what depends on the machine: every figure, and the words of replies. */
function withoutFigures(output: string): string {
  return (
    normalize(output)
      .replace(/^Agent: .*(\n(?!\(|You:|Session|\$|\w+: ).*)*$/gm, "Agent: …")
      .replace(/"content":"(?:[^"\\]|\\.)*"/g, '"content":"…"')
      .replace(/^Held by: .*$/gm, "Held by: …")
      .replace(/\d[\d.,:TZ-]*/g, "#")
      // Columns are as wide as their figures.
      .replace(/(?<=\S) {2,}/g, "  ")
  );
}

/** Returns the options that `nanoagent COMMAND --help` lists, by command. */
export async function readOptions(): Promise<Map<string, string[]>> {
  const commands = [
    "profile",
    "optimize",
    "init",
    "check",
    "run",
    "serve",
    "service",
    "status",
    "triggers",
    "fleet",
    "bundle",
    "doctor",
    "eval",
    "models",
    "sessions",
    "completion",
  ];
  const helps = commands.map(async (name): Promise<[string, string[]]> => {
    const { stdout } = await execute(process.execPath, [program, name, "--help"]);
    return [name, [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option ?? "")];
  });
  return new Map(await Promise.all(helps));
}
