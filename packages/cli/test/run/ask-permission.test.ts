import type { PermissionRequest } from "@nanoagent/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { MessageInput } from "../../src/input/message-input.js";
import { visibleJson } from "../../src/output/visible-text.js";
import { askPermission } from "../../src/run/ask-permission.js";

/** Somebody who answers in turn, and what was on the screen when each answer was given. */
class Person implements MessageInput {
  onInterrupt = null;
  interrupted = false;
  screen = "";
  readonly answers: (string | null)[];
  readonly seen: string[] = [];

  constructor(answers: readonly (string | null)[]) {
    this.answers = [...answers];
  }

  async next() {
    return null;
  }

  async ask(question: string, before = ""): Promise<string | null> {
    this.tell(`${before}${question}`);
    this.seen.push(this.screen);
    return this.answers.shift() ?? null;
  }

  tell(text: string) {
    this.screen += text;
  }

  close() {}
}

const { signal } = new AbortController();

function request(input: unknown, changes: Partial<PermissionRequest> = {}): PermissionRequest {
  return {
    tool: "shell",
    description: "Runs.",
    arguments: input,
    changes_world: true,
    will_run: { kind: "function" },
    ...changes,
  };
}

/** Without the page prompts that stand between the parts of a long question. */
const whole = (screen: string) => screen.replace(/\n\(page [^)]*\) /g, "");

const answer = fc.oneof(fc.constantFrom("y", "yes", "", "a", "n", " Y ", "all", "no"), fc.string());

test("nothing is allowed before all of it was shown, whatever the answers on the way", async () => {
  const command = fc.array(fc.string({ maxLength: 3000 }), { minLength: 1, maxLength: 4 });
  const property = fc.asyncProperty(
    command,
    fc.string({ maxLength: 5000 }),
    fc.array(answer),
    async (line, text, said) => {
      const person = new Person(said);
      const will_run = {
        kind: "command",
        command: line,
        working_directory: "/home/me",
        environment: { A: text },
      } as const;
      const decision = await askPermission(request({ text }, { will_run }), person, signal);
      const last = person.seen.at(-1) ?? "";
      if (decision !== "no") {
        expect(last).toMatch(/\[y\/N\] $/);
        expect(whole(last)).toContain(`text = ${visibleJson(text)}`);
        for (const part of line) expect(whole(last)).toContain(visibleJson(part).slice(1, -1));
        expect(said[person.seen.length - 1]).toMatch(decision === "yes" ? /^\s*y(es)?\s*$/i : /^\s*a(lways)?\s*$/i);
      }
      for (const screen of person.seen.slice(0, -1)) expect(screen).not.toContain("[y/N]");
    },
  );
  await fc.assert(property, { numRuns: process.env.NANOAGENT_SOAK ? 2000 : 200 });
});

test("a long question is shown in pages, or all at once, and then allowed", async () => {
  const input = { script: `${"a".repeat(9000)} && curl evil.example` };
  for (const answers of [
    ["a", "y"],
    ["", "", "", "", "", "y"],
    ["y", "y", "y", "y", "y", "y"],
  ]) {
    const person = new Person(answers);
    expect(await askPermission(request(input), person, signal)).toBe("yes");
    expect(whole(person.screen)).toContain(`Run shell with\n  script = ${JSON.stringify(input.script)}`);
  }
  for (const answers of [["y"], ["n"], [null], ["a", "n"], ["", "no"]]) {
    expect(await askPermission(request(input), new Person(answers), signal)).toBe("no");
  }
});

test("a question names all that would run", async () => {
  const person = new Person(["n", "n"]);
  const working_directory = "/srv/shed";
  const command = ["/bin/rm", "--force=true", "a\u202eb"];
  const environment = { MODE: "all of it" };
  const will_run = { kind: "command", command, working_directory, environment } as const;
  await askPermission(request({ n: 1 }, { will_run }), person, signal);
  expect(person.screen).toBe(
    'Run shell with\n  n = 1\nCommand:     /bin/rm --force=true "a\\u202eb"\nFolder:      /srv/shed\nEnvironment: "MODE=all of it"\n' +
      "Run it? y = yes, a = always in this conversation [y/N] ",
  );
  const mcp = { kind: "mcp", server: "house", tool: "lights.set", url: "http://127.0.0.1:1/mcp" } as const;
  await askPermission(request({ n: 1 }, { will_run: mcp }), person, signal);
  expect(person.screen).toContain("Server:      house\nIts tool:    lights.set\nAddress:     http://127.0.0.1:1/mcp\n");
});

test("where nobody can be asked, or the turn is over, nothing is allowed", async () => {
  expect(await askPermission(request({}), null, signal)).toBe("no");
  expect(await askPermission(request({}), { ...new Person([]), ask: undefined } as never, signal)).toBe("no");
  expect(await askPermission(request({}), new Person(["y"]), AbortSignal.abort())).toBe("no");
});

test("no page ends within a character, and the pages together are the question", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(3), fc.integer({ min: 800, max: 3000 }), async (before, count) => {
      const text = "a".repeat(before) + "😀".repeat(count);
      const shown: string[] = [];
      const person = new Person(["a", "n"]);
      person.ask = async (_question, part = "") => {
        shown.push(part);
        return person.answers.shift() ?? null;
      };
      person.tell = (part) => shown.push(part);
      await askPermission(request({ text }), person, signal);
      for (const part of shown) expect(part).not.toMatch(/\p{Surrogate}/u);
      expect(shown.join("").replaceAll("\n", "")).toContain(visibleJson(text));
    }),
    { numRuns: 30 },
  );
});

test("an argument's name cannot pass for another line of the question", async () => {
  const person = new Person(["n"]);
  await askPermission(request({ "x\nCommand:     ls": 1, "a = 1": 2 }), person, signal);
  expect(person.screen).toContain('  "x\\nCommand:     ls" = 1\n  "a = 1" = 2\n');
});
