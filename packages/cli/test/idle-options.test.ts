import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Command, CommandOption } from "../src/command-line/command.js";
import { parseCommandLine } from "../src/command-line/parse-command-line.js";
import { commands } from "../src/commands/index.js";
import { UsageError } from "../src/errors/usage-error.js";
import { program, resultOf } from "./run-program.js";

const given = (name: string, { kind, choices }: CommandOption, second = false): string[] => {
  if (kind === "flag") return [`--${name}`];
  if (choices !== undefined) return [`--${name}`, String(choices.at(second ? -1 : 0))];
  return [`--${name}`, kind === "text" ? (second ? "y" : "x") : second ? "2" : "1"];
};

/** An action that takes both options. An option without `operands` belongs to every action. */
const actionOfBoth = ({ operands }: CommandOption, other: CommandOption): string | undefined =>
  (operands ?? other.operands)?.find((action) => (other.operands ?? operands)?.includes(action));

const actionWords = ({ operand }: Command, action: string | undefined): string[] => {
  if (operand?.choices === undefined) return [];
  const word = action ?? (operand.isOptional ? undefined : Object.keys(operand.choices)[0]);
  if (word === undefined) return [];
  const second = operand.second?.[word];
  return [word, ...(second === undefined ? [] : ["m"]), ...(second?.third === undefined ? [] : ["m"])];
};

describe("an option without effect is refused", () => {
  const idle = commands.flatMap((command) => {
    const { name, options, operand } = command;
    return Object.entries(options).flatMap(([option, settings]) => [
      ...(settings.notWith ?? []).map((other): [string, string[]] => {
        const otherSettings = options[other] as CommandOption;
        return [
          name,
          [
            ...given(option, settings),
            ...given(other, otherSettings),
            ...actionWords(command, actionOfBoth(settings, otherSettings)),
            ...(command.needsOneOf && other !== "calibrate" ? ["--model", "x"] : []),
          ],
        ];
      }),
      ...(settings.onlyWith === undefined ? [] : [[name, given(option, settings)] as [string, string[]]]),
      ...Object.keys(settings.operands === undefined ? {} : (operand?.choices ?? {}))
        .filter((action) => !settings.operands?.includes(action))
        .map((action): [string, string[]] => [name, [...actionWords(command, action), ...given(option, settings)]]),
    ]);
  });

  test.each(idle)("%s %j", (name, args) => {
    expect(() => parseCommandLine([name, ...args], commands)).toThrow(UsageError);
    expect(() => parseCommandLine([name, ...args], commands)).toThrow(/has no effect/);
  });

  const twice = commands.flatMap((command) =>
    Object.entries(command.options)
      .filter(([, { kind, choices, repeats }]) => kind !== "flag" && repeats !== true && (choices?.length ?? 2) > 1)
      .map(([option, settings]): [string, string[]] => [
        command.name,
        [...given(option, settings), ...given(option, settings, true)],
      ]),
  );
  test.each(twice)("an option that is given twice is refused: %s %j", (name, args) => {
    expect(() => parseCommandLine([name, ...args], commands)).toThrow(/given twice/);
  });
});

describe("run --model", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "nanoagent-flags-"));
    await writeFile(path.join(folder, "m.gguf"), buildTinyGguf({ contextTokens: 2048 }));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const run = (...args: string[]) => resultOf(spawn(process.execPath, [program, "run", ...args], { cwd: folder }));

  test("uses the config of this folder, with a notice", async () => {
    const alone = await run("--model", "m.gguf", "--once", "go");
    expect(alone.stdout).not.toContain("Gone.");
    const definitions = [{ name: "go", sentences: ["go"], answer: "Gone." }];
    const config = { spec: { name: "a", max_memory_mb: 600 }, intents: { definitions } };
    await writeFile(path.join(folder, "agent.yaml"), JSON.stringify(config));
    const beside = await run("--model", "m.gguf", "--once", "go", "--json", "--stats");
    expect(JSON.parse(beside.stdout)).toMatchObject({ content: "Gone." });
    expect(JSON.parse(beside.stdout)).toMatchObject({ statistics: { memory_limit_bytes: 600 * 2 ** 20 } });
    expect(beside.stderr).toContain("note: Using agent.yaml of this folder, with the model of --model.");
  });
});
