import { describe, expect, test } from "vitest";
import { commandHelp } from "../../src/command-line/help.js";
import { parseCommandLine } from "../../src/command-line/parse-command-line.js";
import { bundle } from "../../src/commands/bundle.js";
import { commands } from "../../src/commands/index.js";

const parse = (...args: string[]) => parseCommandLine(args, commands).values;
const create = ["bundle", "create", "agent", "--out", "x", "--name", "n", "--sequence", "3"];

describe("an option with the name of a common one", () => {
  test("takes a value", () => {
    expect(parse(...create, "--version", "1.2.0").version).toBe("1.2.0");
    expect(parse(...create, "--version=007").version).toBe("007");
    expect(parse("bundle", "--version", "1e3", ...create.slice(1)).version).toBe("1e3");
  });

  test("is the common one if it stands alone", () => {
    expect(parse("bundle", "--version")).toEqual({ version: true });
    expect(parse("--version", "bundle").version).toBe(true);
    expect(parse("bundle", "--help").help).toBe(true);
    expect(parse("profile", "--version").version).toBe(true);
  });

  test("needs its value among others: a script with an empty variable must not succeed", () => {
    const message = "--version needs a value: --version VERSION.";
    expect(() => parse(...create, "--version")).toThrow(message);
    expect(() => parse("bundle", "--version", ...create.slice(3))).toThrow(message);
    expect(() => parse(...create, "--version=")).toThrow(message);
    expect(() => parse("bundle", "create", "--version")).toThrow(message);
    expect(() => parse("bundle", "--json", "--version")).toThrow(message);
  });

  test("is in the help once", () => {
    const help = commandHelp(bundle, 100);
    expect(help.match(/^ +--version\b/gm)).toHaveLength(1);
    expect(help).toContain("--version VERSION");
  });
});

describe("an option that one action needs", () => {
  test.each([
    [["create", "agent"], "bundle create needs --out FILE."],
    [["create", "agent", "--out", "x", "--name", "n", "--version", "1"], "bundle create needs --sequence N."],
    [["sign", "x"], "bundle sign needs --key FILE."],
    [["verify", "x"], "bundle verify needs --trust FILE."],
    [["apply", "x", "--root", "r"], "bundle apply needs --trust FILE."],
    [["apply", "x", "--trust", "k"], "bundle apply needs --root DIR."],
    [["rollback"], "bundle rollback needs --root DIR."],
    [["list"], "bundle list needs --root DIR."],
    [["create"], "bundle create needs DIR."],
    [["new-key"], "bundle new-key needs FILE."],
    [[], "bundle needs ACTION: one of create, sign, verify, new-key, apply, rollback, list, prove."],
    [
      ["rollback", "--root", "r", "--trust", "k"],
      "--trust has no effect on bundle rollback; it is for bundle verify and bundle apply.",
    ],
    [["rollback", "x", "--root", "r"], 'Unexpected argument "x" for bundle.'],
    [["make", "x"], 'Unknown ACTION "make" for bundle.'],
  ])("%j", (args, message) => {
    expect(() => parse("bundle", ...args)).toThrow(message);
  });

  test("is not asked of the other actions", () => {
    expect(parse("bundle", "new-key", "fleet.pem")).toEqual({ action: "new-key", path: "fleet.pem" });
    expect(parse("bundle", "prove", "agent", "--min-right", "80")["min-right"]).toBe(80);
    expect(parse("bundle", "verify", "x", "--trust", "a", "--trust", "b").trust).toEqual(["a", "b"]);
  });
});
