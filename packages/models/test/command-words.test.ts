import { execFileSync } from "node:child_process";
import { commandWords, NanoAgentConfigFile } from "@nanoagent/models";
import fc from "fast-check";
import { expect, test } from "vitest";

const word = fc.constantFrom("ls", "-l", "/etc/hosts", "--all", "a.b", "x:y", "1,5", "-", "+3", "@home", "{place}");

test("splits words, and wraps lines that need a shell in sh -c", () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), fc.constantFrom(" ", "  ", "\t"), (words, blank) => {
      expect(commandWords(` ${words.join(blank)} `)).toEqual(words);
    }),
  );
  for (const sign of ["|", "&&", ";", ">", "<", "$X", "*.txt", "?", "~/x", "#", "A=1", "`x`", "(x)", "!x", "\\ x"]) {
    expect(commandWords(`cat ${sign} b`), sign).toEqual(["sh", "-c", `cat ${sign} b`]);
  }
  for (const line of ['say "a b"', "say 'a b'"]) expect(commandWords(line)).toEqual(["sh", "-c", line]);
  for (const line of ["", " ", "say '{x}'", 'say "{x}" | cat']) expect(commandWords(line)).toBe(null);
});

test.skipIf(process.platform === "win32")("an argument in braces never becomes a part of a shell's line", () => {
  const argument = fc.stringMatching(/^[ -~]{0,20}$/);
  fc.assert(
    fc.property(argument, argument, (one, two) => {
      const [program = "", ...rest] = commandWords("printf %s:%s {one} {two} | cat") ?? [];
      const filled = rest.map((entry) => entry.replace(/^\{one\}$/, () => one).replace(/^\{two\}$/, () => two));
      expect(execFileSync(program, filled, { encoding: "utf8" })).toBe(`${one}:${two}`);
    }),
    { numRuns: 20 },
  );
});

test("the advice for a command given as text is a list that the config accepts", () => {
  const lines = ["ls -l", "node server.mjs --port 1", "echo 'a b' | wc -c", "cat {file}", "cat {file} | wc", "x"];
  for (const command of lines) {
    const tool = { name: "t", description: "d", arguments: { file: { type: "string" } } };
    const configs = [
      (value: unknown) => ({ spec: { name: "a" }, tools: [{ ...tool, command: value }] }),
      (value: unknown) => ({ spec: { name: "a" }, mcp_servers: { s: { command: value } } }),
    ];
    for (const write of configs) {
      const result = NanoAgentConfigFile.safeParse(write(command));
      const [, advised] = /: write (\[.*\])$/.exec(result.success ? "" : (result.issues[0]?.message ?? "")) ?? [];
      expect(JSON.parse(advised ?? "null")).toEqual(commandWords(command));
      expect(NanoAgentConfigFile.safeParse(write(JSON.parse(advised ?? "null"))).success).toBe(true);
    }
  }
});
