import { afterEach, describe, expect, test, vi } from "vitest";
import { parseCommandLine } from "../../src/command-line/parse-command-line.js";
import { commands } from "../../src/commands/index.js";

afterEach(() => vi.unstubAllEnvs());

/** Arguments that a command needs beside the option. */
const needed: Record<string, string[]> = {
  "optimize device": ["--model", "m"],
  sessions: ["list"],
  "models device": ["recommend"],
  "models output": ["export", "m"],
  "run document": ["--once", "x"],
  service: ["install"],
  triggers: ["list"],
  fleet: ["list"],
  "fleet trust": ["update", "all", "f"],
  "bundle out": ["create", "d", "--name", "n", "--version", "1", "--sequence", "1"],
  "bundle key": ["sign", "f"],
  "bundle trust": ["verify", "f"],
  "bundle root": ["rollback"],
};
const pathOptions = commands.flatMap(({ name, options }) =>
  Object.entries(options)
    .filter(([, { kind }]) => kind === "path")
    .map(([option]) => [name, option] as const),
);

describe("~ in options", () => {
  test("is expanded by every option that takes a path", () => {
    const others = commands.flatMap(({ options }) =>
      Object.values(options).filter(
        ({ kind, placeholder = "" }) => /^(PATH|FILE|DIR)\b/.test(placeholder) && kind !== "path",
      ),
    );
    expect(others).toEqual([]);
    expect(pathOptions.length).toBeGreaterThan(15);
  });

  test.each(pathOptions)("is the home folder in %s --%s", (command, option) => {
    vi.stubEnv("HOME", "/home/me");
    const others = needed[`${command} ${option}`] ?? needed[command] ?? [];
    const parsed = (text: string) =>
      [parseCommandLine([command, `--${option}`, text, ...others], commands).values[option]].flat();
    expect(parsed("~/a b")).toEqual(["/home/me/a b"]);
    expect(parsed("~")).toEqual(["/home/me"]);
    for (const text of ["a~b", "./~", "/~/x"]) expect(parsed(text)).toEqual([text]);
    expect(() => parsed("~bob/x")).toThrow(
      expect.objectContaining({
        message: `--${option} "~bob/x" cannot be used: ~bob, the home folder of another user, is not supported.`,
        hint: "Write the full path.",
      }),
    );
  });

  test("is the home folder in operands", () => {
    vi.stubEnv("HOME", "/home/me");
    const parse = (...args: string[]) => parseCommandLine(args, commands).values;
    expect(parse("init", "~/agent.yaml").file).toBe("/home/me/agent.yaml");
    expect(parse("eval", "~/a", "b").scenarios).toEqual(["/home/me/a", "b"]);
    expect(parse("models", "import", "~/m.tar").file).toBe("/home/me/m.tar");
    expect(() => parse("init", "~bob")).toThrow('FILE "~bob" cannot be used');
  });
});
