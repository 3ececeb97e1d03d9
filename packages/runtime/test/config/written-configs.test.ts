// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are those of configs.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { InvalidConfigError, readConfig } from "@nanoagent/runtime/node";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleDevice } from "../sample-config.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

const profile = async () => sampleDevice;
let files = 0;

async function read(text: string, environment: Record<string, string> = {}, extension = "yaml") {
  const file = path.join(folder, `agent-${files++}.${extension}`);
  await writeFile(file, text);
  return readConfig(file, { profile, environment });
}

/** Returns the issues of an invalid config, with their positions. */
async function issuesOf(text: string, environment: Record<string, string> = {}, extension = "yaml"): Promise<string[]> {
  try {
    await read(text, environment, extension);
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    expect(error.message).not.toContain("s3cret");
    return error.issues.map(
      ({ line, column, key, message }) => `${line}:${column} ${key === "" ? "" : `${key}: `}${message}`,
    );
  }
  return [];
}

describe("an environment variable", () => {
  /** Configs with one text, and where the parsed config contains it. */
  const places: Record<
    string,
    { write: (text: string) => string; found: (config: Awaited<ReturnType<typeof read>>) => unknown }
  > = {
    "the name": { write: (text) => `spec: {name: ${text}}`, found: ({ spec }) => spec.name },
    instructions: {
      write: (text) => `spec: {name: a}\ninstructions: ${text}`,
      found: ({ instructions }) => instructions,
    },
    "an argument": {
      write: (text) => `spec: {name: a}\ntools: [{name: t, description: d, command: [echo, ${text}]}]`,
      found: ({ tools }) => tools?.[0]?.command[1],
    },
    "a server's environment": {
      write: (text) => `spec: {name: a}\nmcp_servers: {s: {command: [x], environment: {KEY: ${text}}}}`,
      found: ({ mcp_servers = {} }) => (mcp_servers.s as { environment: Record<string, string> }).environment.KEY,
    },
    "a URL": {
      write: (text) => `spec: {name: a}\nengine: {type: openai-compatible, url: ${text}}`,
      found: ({ engine }) => engine?.url,
    },
    "a folder": {
      write: (text) => `spec: {name: a}\nsession: {dir: ${text}}`,
      found: ({ session }) => path.relative(folder, session?.dir ?? ""),
    },
  };
  const place = fc.constantFrom(...Object.values(places));
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);

  test("is inserted into every text, with a default if it is unset", async () => {
    const form = fc.constantFrom("${NAME}", "${NAME:-other}", "${NAME-other}", "${NAME:?must be there}");
    await fc.assert(
      fc.asyncProperty(place, word, word, form, async ({ write, found }, before, value, written) => {
        const config = await read(write(JSON.stringify(`${before}-${written}-x`)), { NAME: value });
        expect(found(config)).toBe(`${before}-${value}-x`);
        const other = await read(write(JSON.stringify(`${before}-${"${NAME:-other}"}-x`)), {});
        expect(found(other)).toBe(`${before}-other-x`);
        const literal = await read(write(JSON.stringify(`${before}-$${written}-x`)), {});
        expect(found(literal)).toBe(`${before}-${written}-x`);
      }),
      { numRuns: 100 },
    );
  });

  test("that is unset is an error with the key, the line and the variable, in every place", async () => {
    for (const { write } of Object.values(places)) {
      const [issue, ...others] = await issuesOf(write('"${MISSING_ONE}"'));
      expect(others).toEqual([]);
      expect(issue).toMatch(
        /^[12]:\d+ [\w.]+: the environment variable MISSING_ONE is not set: set it, add a default with \$\{MISSING_ONE:-…\}/,
      );
      expect((await issuesOf(write('"${EMPTY}"'), { EMPTY: "" }))[0]).toContain("EMPTY is empty");
    }
  });

  test("is converted to a number or boolean if one is expected, and errors do not show its value", async () => {
    const config = await read("spec: {name: a, max_memory_mb: '${MB}'}\nengine: {allow_network: '${YES}'}", {
      MB: "512",
      YES: "true",
    });
    expect(config.spec.max_memory_mb).toBe(512);
    expect(config.engine?.allow_network).toBe(true);
    expect(await issuesOf("spec: {name: a, max_memory_mb: '${MB}'}", { MB: "s3cret" })).toEqual([
      "1:32 spec.max_memory_mb: expected an integer of at least 1, found the value of the environment variable MB",
    ]);
    expect(await issuesOf("spec: {name: a}\nengine: {type: '${MB}'}", { MB: "s3cret" })).toHaveLength(1);
  });

  test("is not inserted into sentences, answers and arguments of tools", async () => {
    const text = `spec: {name: a}
intents: {slots: {price: {from: 1, to: 9}}, definitions: [{name: p, sentences: ["pay \${price}"], answer: "That is \${price}."}]}
tools: [{name: t, description: d, command: [pay, "\${amount}"], arguments: {amount: {type: string}}}]`;
    const config = await read(text, { price: "wrong", amount: "wrong" });
    expect(config.intents?.definitions[0]?.answer).toBe("That is ${price}.");
    expect(config.tools?.[0]?.command[1]).toBe("${amount}");
  });

  test.each(["%APPDATA%\\x", "$HOME/x", "$STATE", "env:STATE", "${env:STATE}", "{{ STATE }}", "~other/x"])(
    "in the syntax of another program, %s, is rejected with the correct one",
    async (text) => {
      const issues = await issuesOf(`spec: {name: a}\nsession: {dir: ${JSON.stringify(text)}}`);
      expect(issues).toHaveLength(1);
      expect(issues[0]).toMatch(/^2:16 session\.dir: .*(?:write \$\{[A-Z]+\}|write the full path)$/);
    },
  );
});

describe("unsupported placeholders", () => {
  /** Forms of shells, Windows, systemd, dates and template languages. */
  const forms = [
    ...["${HOME", "${", "${HOME:=x}", "${HOME%/}", "${#HOME}", "${1}", "${ HOME }", "${HOME^^}", "${HOME:0:2}"],
    ...["${{ env.HOME }}", "${env.HOME}", "$(pwd)", "$(pwd", "`pwd`", "%h", "%i", "%Y", "%Y-%m-%d", "$HOME", "$home"],
    ...["%USERPROFILE%", "{{ home }}", "{{HOME}}", '{{ env "HOME" }}', "{{ env.HOME }}", "{{ $home }}", "!HOME!"],
    ...["<%= ENV['HOME'] %>", "{HOME}", "#{HOME}", "$env:HOME"],
  ];
  const key = fc.constantFrom<[string, (text: string) => string]>(
    ["session.dir", (text) => `session: {dir: ${text}}`],
    ["model_path", (text) => `model_path: ${text}`],
    ["model_root", (text) => `model_root: ${text}`],
    ["skills_dir", (text) => `skills_dir: ${text}`],
    [
      "tools.0.working_directory",
      (text) => `tools: [{name: t, description: d, command: [x], working_directory: ${text}}]`,
    ],
    ["tools.0.command.0", (text) => `tools: [{name: t, description: d, command: [${text}]}]`],
    ["mcp_servers.s.command.0", (text) => `mcp_servers: {s: {command: [${text}]}}`],
  );

  test("are rejected by name in every place, with a working replacement", async () => {
    const behind = fc.constantFrom("", "/st", "/a b/st", "\\st");
    await fc.assert(
      fc.asyncProperty(key, fc.constantFrom(...forms), behind, async ([name, write], form, rest) => {
        const issues = await issuesOf(`spec: {name: a}\n${write(JSON.stringify(form + rest))}`, { HOME: "/h" });
        expect(issues).toHaveLength(1);
        const [, advised] = /^2:\d+ \S+: .* is not a supported placeholder: write (\S+)/.exec(issues[0] ?? "") ?? [];
        expect(issues[0]).toContain(` ${name}: `);
        if (advised === "the") return;
        expect(advised).toMatch(/^(?:~|\$\{[A-Z]+\})$/);
        const followed = write(JSON.stringify(`${advised}/st`));
        expect(await issuesOf(`spec: {name: a}\n${followed}`, { HOME: "/h", NAME: "/n", USERPROFILE: "/u" })).toEqual(
          [],
        );
      }),
      { numRuns: 200 },
    );
  });

  test("are plain text in free text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...forms), async (form) => {
        const text = JSON.stringify(`Say ${form}`);
        const config = await read(
          `spec: {name: a}\ninstructions: ${text}\ntools: [{name: t, description: ${text}, command: [sh, -c, ${text}]}]`,
        );
        expect(config.instructions).toBe(`Say ${form}`);
        expect(config.tools?.[0]?.command[2]).toBe(`Say ${form}`);
      }),
      { numRuns: forms.length * 2 },
    );
  });

  test.each([
    "50% off",
    "a$b",
    "price-$5",
    "100%",
    "x{y}z",
    "a%20b",
    "100%-safe",
    "C$/x",
    "cost($)",
    "`",
    "`a",
    "Ben`s",
    "%a",
    "5%h",
  ])("and names with similar characters are allowed: %s", async (text) => {
    expect(await issuesOf(`spec: {name: a}\nsession: {dir: ${JSON.stringify(text)}}`)).toEqual([]);
  });

  test("are kept in URLs and environments", async () => {
    for (const url of ["http://h/%c3%a4", "http://h/a%2Fb", "http://h/$metadata", "http://h/$metadata/x"])
      expect(await issuesOf(`spec: {name: a}\nengine: {type: openai-compatible, url: "${url}"}`)).toEqual([]);
    for (const value of ["%d/%m/%Y", "$(date)", "`x`", "a%h"])
      expect(await issuesOf(`spec: {name: a}\nmcp_servers: {s: {command: [x], environment: {A: "${value}"}}}`)).toEqual(
        [],
      );
  });
});

test("$schema is for editors and ignored", async () => {
  const plain = await read("spec: {name: a}");
  expect(await read("$schema: ./schema.json\nspec: {name: a}")).toEqual(plain);
  expect(await issuesOf("$schema: 1\nspec: {name: a}")).toEqual([
    "1:10 $schema: expected a string, found 1: put it in quotes",
  ]);
  expect((await issuesOf("spec: {name: a, $schema: x}"))[0]).toContain("spec.$schema: unknown key");
});

test("~ is the home folder in paths, commands and environments", async () => {
  const text = `spec: {name: a}
model_path: ~/m.gguf
skills_dir: "~"
session: {dir: ~/state}
instructions: ~/not a path
tools: [{name: t, description: d, command: [~/bin/x, ~/a, a~b], working_directory: ~/w, environment: {A: ~/e}}]`;
  for (const [environment, home] of [
    [{ HOME: "/home/me" }, "/home/me"],
    [{}, homedir()],
  ] as const) {
    const config = await read(text, environment);
    expect(config).toMatchObject({ model_path: `${home}/m.gguf`, skills_dir: home, session: { dir: `${home}/state` } });
    expect(config.instructions).toBe("~/not a path");
    expect(config.tools?.[0]).toMatchObject({
      command: [`${home}/bin/x`, `${home}/a`, "a~b"],
      working_directory: `${home}/w`,
      environment: { A: `${home}/e` },
    });
  }
});

describe("hand-written YAML", () => {
  test.each<[string, string[]]>([
    ["- &a {name: one, description: d, command: [echo]}\n  - {<<: *a, name: two}", ["one", "two"]],
    [
      "- &a {name: one, description: d, command: [echo]}\n  - &b {name: two, timeout_seconds: 5, description: e, command: [ls]}\n  - {<<: [*a, *b], name: three}",
      ["one", "two", "three"],
    ],
    [
      "- &a {name: one, description: d, command: [echo]}\n  - <<: *a\n    name: two\n  - {<<: {description: e, command: [ls]}, name: three}",
      ["one", "two", "three"],
    ],
  ])("merges: %j", async (tools, names) => {
    const config = await read(`spec: {name: a}\ntools:\n  ${tools}\n`);
    expect(config.tools?.map(({ name }) => name)).toEqual(names);
    expect(config.tools?.at(-1)?.command).toBeDefined();
  });

  test("reports an issue of a merged value once, with its position", async () => {
    const issues = await issuesOf(
      "spec: {name: a}\ntools:\n  - &a {name: one, description: d, command: echo}\n  - {<<: *a, name: two}\n",
    );
    expect(issues).toEqual(['3:45 tools.1.command: expected a list, found "echo" (a string): write ["echo"]']);
  });

  test.each<[string, string]>([
    ["spec: {name: a, <<: 5}", "1:21 << can only merge maps: a map, *alias, or a list of these"],
    ["spec: {name: a, <<: *b}", "1:21 unknown anchor &b; put text that begins with * in quotes"],
    ["spec: {name: !secret x}", "1:14 unsupported tag !secret: write ${NAME} for the environment variable NAME"],
    ["spec: {name: !env_var X}", "1:14 unsupported tag !env_var: write ${NAME} for the environment variable NAME"],
    ["spec: !include a.yaml", "1:7 unsupported tag !include: a config must be a single file"],
    ["spec: {nam: a}", '1:8 spec.nam: unknown key: did you mean "name"?'],
    ["spec: {Name: a}", '1:8 spec.Name: unknown key: did you mean "name"?'],
    ["spec: {name: a, max-memory-mb: 5}", '1:17 spec.max-memory-mb: unknown key: did you mean "max_memory_mb"?'],
    ["spec: {name: a, maxMemoryMb: 5}", '1:17 spec.maxMemoryMb: unknown key: did you mean "max_memory_mb"?'],
    ["spec: {name: a}\nsession: {directory: x}", '2:11 session.directory: unknown key: did you mean "dir"?'],
    [
      "spec: {name: a, capabilities: echo}",
      '1:31 spec.capabilities: expected a list, found "echo" (a string): write ["echo"]',
    ],
    [
      "spec: {name: [a]}",
      '1:14 spec.name: expected a string that is not empty, found a list: write "a", without brackets',
    ],
    ["spec: {name: a}\nmcp_servers: {s: }", "2:18 mcp_servers.s: expected a map of keys and values, found null"],
  ])("with %s has one issue with its position", async (text, issue) => {
    expect(await issuesOf(text)).toEqual([issue]);
  });

  test("with a unit is rejected with the plain number", async () => {
    const amounts = fc.constantFrom(
      ["512MB", 512],
      ["512 mb", 512],
      ["2GB", 2048],
      ["2G", 2048],
      ["1.5GiB", 1536],
      ["512Mi", 512],
      ["2048k", 2],
      ["1TB", 1_048_576],
    );
    await fc.assert(
      fc.asyncProperty(amounts, async ([text, mb]) => {
        const [issue] = await issuesOf(`spec: {name: a, max_memory_mb: ${text}}`);
        expect(issue).toBe(
          `1:32 spec.max_memory_mb: expected an integer of at least 1, found "${text}" (a string): write ${mb}`,
        );
        expect((await read(`spec: {name: a, max_memory_mb: ${mb}}`)).spec.max_memory_mb).toBe(mb);
      }),
    );
    const seconds = (text: string) => issuesOf(`spec: {name: a}\nengine: {idle_unload_seconds: ${text}}`);
    for (const [text, value] of [
      ["30s", 30],
      ["5m", 300],
      ["1h", 3600],
      ["10 min", 600],
    ]) {
      expect((await seconds(String(text)))[0]).toMatch(new RegExp(`: write ${value}$`));
    }
    for (const [text, value] of [
      ["yes", true],
      ["off", false],
      ["No", false],
      ["ON", true],
    ]) {
      const [issue] = await issuesOf(`spec: {name: a}\nengine: {allow_network: ${text}}`);
      expect(issue).toMatch(new RegExp(`: write ${value}$`));
    }
  });

  test.each([
    "spec: {name: a}\nsession:\nengine: null\ninstructions: ~\nwindow:\n",
    "---\nspec: {name: a}\n---\n",
    "# first\n---\nspec: {name: a}\n...\n",
    "%YAML 1.2\n---\nspec: {name: a}\n",
    "spec:\n  name: a\n  version:\n",
    '{"spec": {"name": "a"}}',
  ])("can be %j", async (text) => {
    expect((await read(text)).spec.name).toBe("a");
  });
});
