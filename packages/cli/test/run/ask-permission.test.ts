import type { PermissionRequest } from "@nanoagent/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { visibleJson } from "../../src/output/visible-text.js";
import { askPermission } from "../../src/run/ask-permission.js";
import type { MessageInput } from "../../src/run/message-input.js";

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

test("nothing is allowed before all of it was shown, whatever is answered on the way", async () => {
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
      const isAllowed = await askPermission(request({ text }, { will_run }), person, signal);
      const last = person.seen.at(-1) ?? "";
      if (isAllowed) {
        expect(last).toMatch(/\[y\/N\] $/);
        expect(whole(last)).toContain(visibleJson({ text }));
        for (const part of line) expect(whole(last)).toContain(visibleJson(part).slice(1, -1));
        expect(said[person.seen.length - 1]).toMatch(/^\s*y(es)?\s*$/i);
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
    expect(await askPermission(request(input), person, signal)).toBe(true);
    expect(whole(person.screen)).toContain(`Run shell with ${JSON.stringify(input)}`);
  }
  for (const answers of [["y"], ["n"], [null], ["a", "n"], ["", "no"]]) {
    expect(await askPermission(request(input), new Person(answers), signal)).toBe(false);
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
    'command:     /bin/rm --force=true "a\\u202eb"\nfolder:      /srv/shed\nenvironment: "MODE=all of it"\n' +
      'Run shell with {"n":1}? [y/N] ',
  );
  const mcp = { kind: "mcp", server: "house", tool: "lights.set", url: "http://127.0.0.1:1/mcp" } as const;
  await askPermission(request({ n: 1 }, { will_run: mcp }), person, signal);
  expect(person.screen).toContain("server:      house\nits tool:    lights.set\naddress:     http://127.0.0.1:1/mcp\n");
});

test("where nobody can be asked, or the turn is over, nothing is allowed", async () => {
  expect(await askPermission(request({}), null, signal)).toBe(false);
  expect(await askPermission(request({}), { ...new Person([]), ask: undefined } as never, signal)).toBe(false);
  expect(await askPermission(request({}), new Person(["y"]), AbortSignal.abort())).toBe(false);
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
      expect(shown.join("").replaceAll("\n", "")).toContain(visibleJson({ text }));
    }),
    { numRuns: 30 },
  );
});
