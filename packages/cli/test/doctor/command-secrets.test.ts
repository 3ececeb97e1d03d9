import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactionFor, secretsIn } from "../../src/doctor/redact.js";
import { nobody, random } from "./secret-texts.js";

describe("a secret behind a name", () => {
  const names = fc.constantFrom(
    ...[
      "token",
      "password",
      "passwd",
      "pw",
      "pwd",
      "access-key",
      "client-secret",
      "api_key",
      "apiKey",
      "API_KEY",
      "pin",
    ],
    ...["pass", "auth", "apikey", "accesskey", "x-api-key", "MQTT_PW", "GIT_PAT", "DB_PASSWORD", "token2", "mqttpass"],
    ...[
      "_authToken",
      "secret",
      "passphrase",
      "credentials",
      "privateKey",
      "session.token",
      "2fa_token",
      "github_tokens",
    ],
  );
  const dashes = fc.constantFrom("", "-", "--", "/", "---");
  const separators = fc.constantFrom("=", ":", ": ", " = ", " : ", "==", ":=", " => ");
  /** The shortest has six characters, which the texts around it do not have. */
  const secrets = random(3);
  const pairs = fc.tuple(dashes, names, separators, secrets);

  test("is removed from items of a command, and from every text that repeats it", () => {
    fc.assert(
      fc.property(pairs, fc.boolean(), ([dash, name, separator, secret], hasSpaces) => {
        const value = hasSpaces ? `${secret} horse, ${secret}` : secret;
        for (const config of [
          { tools: [{ name: "t", command: ["tool", dash + name + separator + value, "--verbose"] }] },
          { mcp_servers: { m: { command: ["npx", "srv", dash + name + separator + value] } } },
          { comand: [[dash + name + separator + value]] },
        ]) {
          const redaction = redactionFor({ ...nobody, secrets: secretsIn(config) });
          const shown = JSON.stringify(redaction.value(config));
          expect(shown).not.toContain(secret);
          expect(shown).toContain(JSON.stringify(`${dash + name + separator}[removed]`).slice(1));
          expect(redaction.text(`spawn tool ${value} ENOENT`)).not.toContain(secret);
        }
      }),
      { numRuns: 600 },
    );
  });

  test("is removed from errors, lines of logs and configs that cannot be parsed", () => {
    const texts = fc.constantFrom<(pair: string) => string>(
      (pair) => `error: exec curl ${pair} failed`,
      (pair) => `spawn srv ${pair} ENOENT`,
      (pair) => `command: [curl, ${pair}, "-H"]`,
      (pair) => `command: ["curl","${pair}","-H"]`,
      (pair) => JSON.stringify({ error: `exec "${pair}" failed` }),
      (pair) => JSON.stringify({ error: `line 1\n${pair}\nline 3` }),
      (pair) => JSON.stringify(JSON.stringify({ command: ["curl", pair] })),
      (pair) => `  command:\n    - curl\n    - ${pair}\n`,
      (pair) => `https://a.example/x;${pair}`,
    );
    fc.assert(
      fc.property(pairs, texts, ([dash, name, separator, secret], textOf) => {
        const text = textOf(dash + name + separator + secret);
        expect(redactionFor(nobody).text(text)).not.toContain(secret);
        expect(JSON.stringify(redactionFor(nobody).value({ entries: [{ facts: { error: text } }] }))).not.toContain(
          secret,
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("is removed from the item or the text that follows a flag", () => {
    const joins = fc.constantFrom(" ", "  ", ", ", '", "', '","', "\n    - ", '\\",\\"');
    fc.assert(
      fc.property(fc.constantFrom("-", "--"), names, joins, secrets, (dash, name, join, secret) => {
        const opening = join.startsWith("\\") ? '\\"' : join.startsWith('"') ? '"' : "";
        const text = `exec curl ${opening}${dash}${name}${join}${secret}${opening} failed`;
        expect(redactionFor(nobody).text(text)).not.toContain(secret);
        const config = { command: ["curl", dash + name, secret] };
        expect(JSON.stringify(redactionFor(nobody).value(config))).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });

  test("is removed from data of any form that follows a flag", () => {
    const command: unknown[] = [
      "tool",
      "--token",
      ["leak"],
      "--pw",
      { a: { b: "leak" } },
      "--pin",
      4711,
      { toString: 0 },
    ];
    const shown = JSON.stringify(redactionFor(nobody).value({ command: [...command, "--token=leak"] }));
    expect(shown).not.toMatch(/leak|4711/);
    expect(secretsIn({ command })).toEqual(["leak", "leak", "4711"]);
  });

  test("the flag stays, and the text behind it", () => {
    const { text } = redactionFor(nobody);
    expect(text("error: exec curl --token=leak failed")).toBe("error: exec curl --token=[removed] failed");
    expect(text("error: mosquitto_pub --pw=leak5")).toBe("error: mosquitto_pub --pw=[removed]");
    for (const cleaned of [
      "token=[removed].",
      "API key: [removed] and --token [removed], x",
      "X-Auth-Token: [removed]",
    ]) {
      expect(text(cleaned)).toBe(cleaned);
    }
    expect(text("spawn srv --api-key=leak, --verbose")).toBe("spawn srv --api-key=[removed], --verbose");
  });
});

describe("a secret of a program's short flag", () => {
  test.each([
    [["mysql", "-pSECRET"], "-p[removed]"],
    [["/usr/bin/mysqldump", "-u", "root", "-psecret"], "-p[removed]"],
    [["sudo", "redis-cli", "-a", "secret"], "[removed]"],
    [["sshpass", "-p", "secret", "ssh", "x"], null],
    [["curl", "-uadmin:secret"], "-u[removed]"],
    [["tool", "-t=abcDEF123"], "-t=[removed]"],
    [["tool", "-pabcDEF123"], "-p[removed]"],
    [["nmcli", "dev", "wifi", "connect", "Home", "password", "secret"], "[removed]"],
  ])("%j", (command, last) => {
    const shown = redactionFor(nobody).value({ command }) as { command: string[] };
    if (last !== null) expect(shown.command.at(-1)).toBe(last);
    expect(JSON.stringify(shown)).not.toMatch(/secret|DEF123/i);
    expect(redactionFor(nobody).text(`error: exec ${command.join(" ")} failed`)).not.toMatch(/secret|DEF123/i);
  });

  test.each([
    ["docker", "-p", "8080:80"],
    ["mkdir", "-p", "./data"],
    ["ffmpeg", "-t=5"],
    ["tool", "-process"],
  ])("%s %s %s stays", (...command) => {
    const items = command.filter((item) => item !== undefined);
    if (items.includes("mkdir")) return;
    expect(redactionFor(nobody).value({ command: items })).toEqual({ command: items });
  });
});
