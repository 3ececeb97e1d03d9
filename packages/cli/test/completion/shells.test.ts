import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../src/commands/index.js";
import { program } from "../run-program.js";

const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const hasZsh = has("zsh", "--version");
const hasFish = has("fish", "--version");
const hasBash = has("bash", "--version");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-completion-"));
  writeFileSync(path.join(folder, "my agent.yaml"), "");
  writeFileSync(path.join(folder, "model.gguf"), "");
  writeFileSync(path.join(folder, "zsh-terminal"), zshTerminal);
  writeFileSync(path.join(folder, "zsh-setup"), zshSetup);
  for (const shell of ["bash", "zsh", "fish"]) writeFileSync(path.join(folder, shell), scriptOf(shell));
});
afterAll(() => rmSync(folder, { recursive: true }));

function scriptOf(shell: string): string {
  const { status, stdout } = spawnSync(process.execPath, [program, "completion", shell], { encoding: "utf8" });
  expect(status).toBe(0);
  return stdout;
}

const zshTerminal = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'source ./zsh-setup'
zpty -r -m z seen '*READY*'
zpty -w -n z "$1"$'\t'
zpty -r -m z seen '*END*'
print -r -- "$seen"
`;

const zshSetup = `
PROMPT= RPROMPT=
unsetopt zle_bracketed_paste
autoload -Uz compinit; compinit -u -D
source ./zsh
compadd() {
  # Calls with these options only ask which candidates match.
  if [[ \${@[(I)-[OAD]]} -eq 0 ]]; then
    local -a given; builtin compadd -O given "$@"
    (( $#given )) && print -rl -- "GOT:"\${^given}":"
  fi
  builtin compadd "$@"
}
list() { print; _main_complete; print -r -- "E""ND"; exit }
zle -C list complete-word list
bindkey '^I' list
print -r -- "REA""DY"
`;

/** Completes a command line in a real shell. Returns the candidates. */
const completers: Record<string, (line: string) => string[]> = {
  bash: (line) => {
    // Bash splits words at "=" before it calls the function.
    const words = line.split(/ |(?<==)|(?==)/).map((word) => `'${word}'`);
    const code = `source ./bash; COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _nanoagent; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return linesOf(spawnSync("bash", ["--norc", "-c", code], { cwd: folder, encoding: "utf8" }));
  },
  fish: (line) => {
    const code = `source ./fish; complete -C '${line}'`;
    const config = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
    const run = spawnSync("fish", ["--no-config", "-c", code], { cwd: folder, encoding: "utf8", env: config });
    return linesOf(run).map((text) => (text.split("\t")[0] ?? "").replace(/^--[a-z-]+=/, ""));
  },
  // Only an interactive zsh completes: it gets a pseudo-terminal and a Tab key that prints the candidates.
  zsh: (line) => {
    const run = spawnSync("zsh", ["-f", "./zsh-terminal", line], { cwd: folder, encoding: "utf8", timeout: 60_000 });
    return [...run.stdout.matchAll(/GOT:([^\r\n]+):/g)].map(([, text = ""]) => text);
  },
};

function linesOf({ stdout, stderr }: { stdout: string; stderr: string }): string[] {
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

describe.each([
  ["bash", hasBash],
  ["zsh", hasZsh],
  ["fish", hasFish],
])("completion in %s", (shell, isThere) => {
  const complete = completers[shell] as (line: string) => string[];

  test.skipIf(!isThere)("has every command", () => {
    expect(complete("nanoagent ")).toEqual(expect.arrayContaining([...commands.map(({ name }) => name), "help"]));
    expect(complete("nanoagent pro")).toEqual(["profile"]);
    expect(complete("nanoagent help se")).toEqual(["serve", "service", "sessions"]);
  });

  test.skipIf(!isThere)("has every option of every command", () => {
    for (const { name, options } of commands) {
      const wanted = Object.keys(options).map((option) => `--${option}`);
      expect(complete(`nanoagent ${name} --`), name).toEqual(expect.arrayContaining(wanted));
    }
  });

  test.skipIf(!isThere)("has the values of options, files among them", () => {
    expect(complete("nanoagent optimize --for sp")).toEqual(["speed"]);
    expect(complete("nanoagent optimize --for=sp")).toEqual(["speed"]);
    expect(complete("nanoagent run --model mod")).toEqual(["model.gguf"]);
    expect(complete("nanoagent sessions ex")).toEqual(["export"]);
    expect(complete("nanoagent run --once ")).toEqual([]);
  });
});
