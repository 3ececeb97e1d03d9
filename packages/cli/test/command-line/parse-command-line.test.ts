import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCommandLine } from "../../src/command-line/parse-command-line.js";
import { commands } from "../../src/commands/index.js";

const parse = (...args: string[]) => parseCommandLine(args, commands).values;

const dashes = fc.constantFrom("-", "--", "---", "- ", "-- ", "-5 ", "--answer me: ", "-h ");

describe("values", () => {
  test("may begin with dashes, unless they look like another option", () => {
    fc.assert(
      fc.property(dashes, fc.stringMatching(/^[a-z ]{0,20}$/), (before, rest) => {
        const text = `${before}${rest}`;
        fc.pre(!/^--[a-z][\w-]*$/.test(text));
        expect(parse("run", "--once", text)).toEqual({ once: text });
        expect(parse("run", `--once=${text}`)).toEqual({ once: text });
      }),
    );
  });

  test("are kept unchanged", () => {
    const odd = fc.constantFrom("007", "1e3", "0x10", " ", "-5", "true", "false", "null", "NaN", "a=b", "=", "_", "[]");
    const any = fc.string({ unit: "binary", minLength: 1 }).filter((text) => !/\0|^~/.test(text));
    fc.assert(
      fc.property(fc.oneof(odd, any), (text) => {
        expect(parse("run", `--once=${text}`)).toEqual({ once: text });
        expect(parse("eval", "--", text)).toEqual({ scenarios: [text] });
      }),
    );
  });

  test("of operands are not taken by a flag that precedes or follows them", () => {
    for (const flag of ["--show-wrong", "--json"]) {
      expect(parse("eval", "a.yaml", flag).scenarios).toEqual(["a.yaml"]);
      expect(parse("eval", flag, "a.yaml").scenarios).toEqual(["a.yaml"]);
    }
  });

  test("that look like an option are refused with advice that works", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^--[a-z][a-z-]{0,12}$/), (text) => {
        expect(() => parse("run", "--once", text)).toThrow(
          expect.objectContaining({ hint: `If ${text} is the value, write --once=${text}.` }),
        );
        expect(parse("run", `--once=${text}`)).toEqual({ once: text });
      }),
    );
  });

  test("of options and operands that may be repeated are lists in their order, even of one", () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    const repeated = fc.constantFrom("model", "config", "scenarios");
    fc.assert(
      fc.property(fc.array(fc.tuple(repeated, word)), (given) => {
        const args = given.flatMap(([name, value]) => (name === "scenarios" ? [value] : [`--${name}`, value]));
        const expected: Record<string, string[]> = {};
        for (const [name, value] of given) expected[name] = [...(expected[name] ?? []), value];
        expect(parse("eval", ...args)).toEqual(expected);
      }),
    );
  });
});

describe("invalid arguments are refused", () => {
  test.each([
    [["run", "--__proto__", "x"], "Unknown option --__proto__."],
    [["run", "--constructor=x"], "Unknown option --constructor."],
    [["run", "--config.path", "x"], "Unknown option --config.path."],
    [["run", "--config.__proto__.x=1"], "Unknown option --config.__proto__.x."],
    [["optimize", "--targetMb", "5"], "Unknown option --targetMb. Did you mean --target-mb?"],
    [["run", "--no-json"], "Unknown option --no-json."],
    [["run", "--no-config"], "Unknown option --no-config."],
    [["run", "-config", "x"], "Unknown option -config. Did you mean --config?"],
    [["run", "---config", "x"], "Unknown option ---config. Did you mean --config?"],
    [["run", "--once", "a", "--once", "a"], "--once is given twice, but takes one value."],
    [["eval", "--limit", "1", "--limit", "2"], "--limit is given twice, but takes one value."],
    [["run", "--json=false"], '--json does not take a value, found "false".'],
  ])("%j", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});

test("flags may be repeated and come before the command", () => {
  expect(parseCommandLine(["--debug", "run", "--json", "--json"], commands)).toMatchObject({
    command: { name: "run" },
    values: { debug: true, json: true },
  });
});

test("every option of every command is parsed from its name and its value", () => {
  for (const { name, options } of commands) {
    for (const [option, { kind, choices, onlyWith = [] }] of Object.entries(options)) {
      const value = choices?.[0] ?? (kind === "text" || kind === "path" ? "x" : "1");
      const { choices: actions, second } = commands.find((command) => command.name === name)?.operand ?? {};
      const action = actions && (options[option]?.operands?.[0] ?? Object.keys(actions)[0]);
      const operand = action === undefined ? [] : [action, ...(second?.[action] === undefined ? [] : ["m"])];
      if (action !== undefined && second?.[action]?.third !== undefined) operand.push("m");
      const args = [name, ...operand, `--${option}${kind === "flag" ? "" : `=${value}`}`];
      const needed = option === "model" || name !== "optimize" || option === "calibrate" ? [] : ["--model", "m"];
      for (const other of onlyWith) needed.push(`--${other}=x`);
      for (const [other, { requiredFor = [] }] of Object.entries(options)) {
        if (other !== option && requiredFor.includes(action ?? "")) needed.push(`--${other}=1`);
      }
      const expected = kind === "flag" ? true : value === "1" ? 1 : value;
      const got = parse(...args, ...needed)[option];
      expect(Array.isArray(got) ? got[0] : got, args.join(" ")).toBe(expected);
    }
  }
});
