import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactionFor, secretsIn } from "../../src/doctor/redact.js";
import { removeSecretForms } from "../../src/doctor/secret-forms.js";
import { isSecretName } from "../../src/doctor/secret-names.js";
import { nobody, random } from "./secret-texts.js";

/** Secrets that are recognized by their own form, and the part that must not appear. */
const ownForms = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("na-", "sk-", "sk-proj-", "hf_", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "npm_"),
      random(12),
    )
    .map(([prefix, secret]) => ({ text: prefix + secret, secret })),
  random(20).map((secret) => ({ text: `eyJhbGciOiJIUzI1NiJ9.${secret}.${secret}`, secret })),
  fc
    .tuple(fc.constantFrom("Bearer", "bearer", "Basic", "Digest"), random(8))
    .map(([scheme, secret]) => ({ text: `Authorization: ${scheme} ${secret}`, secret })),
  fc
    .tuple(fc.constantFrom("http", "https", "mqtt", "socks5", "postgres"), random(6))
    .map(([scheme, secret]) => ({ text: `${scheme}://anna:${secret}@host.example/path`, secret })),
  random(6).map((secret) => ({ text: `https://host.example/path?sig=${secret}&b=${secret}#${secret}`, secret })),
  random(40).map((secret) => ({
    text: `-----BEGIN PRIVATE KEY-----\n${secret}\n${secret}\n-----END PRIVATE KEY-----`,
    secret,
  })),
  fc
    .tuple(
      fc.constantFrom("password", "API_KEY", "apiKey", "client-secret", "db_passwd", "ACCESS_TOKEN", "PASSPHRASE"),
      fc.constantFrom("=", ": ", " = ", " is "),
      random(3),
    )
    .map(([name, join, secret]) => ({ text: name + join + secret, secret })),
  fc
    .tuple(fc.constantFrom("token", "api-key", "password", "auth-token"), random(3))
    .map(([name, secret]) => ({ text: `tool --${name} ${secret} --verbose`, secret })),
  random(3).map((secret) => ({ text: `Cookie: theme=dark; sid=${secret}; other=${secret}`, secret })),
  random(3).map((secret) => ({ text: `password: correct horse ${secret}`, secret })),
  random(3).map((secret) => ({ text: `mosquitto_pub -u pump -P ${secret} -t topic`, secret })),
  random(3).map((secret) => ({ text: `curl -u pump:${secret} http://a.example`, secret })),
  random(22).map((secret) => ({ text: `https://a.example/api/webhook/${secret}`, secret })),
  random(30).map((secret) => ({ text: `https://api.telegram.org/bot123456789:${secret}/send`, secret })),
  random(3).map((secret) => ({ text: JSON.stringify({ "api-key": `${secret} with "quotes"` }), secret })),
  random(3).map((secret) => ({ text: JSON.stringify(JSON.stringify({ password: `${secret} ${secret}` })), secret })),
  random(6).map((secret) => ({ text: `anna.${secret}@mail.example`, secret })),
);

/** Texts around a secret in a line of a log or an error. */
const around = fc.constantFrom(
  "",
  "The server at ",
  'error: cannot use "',
  "  why: (",
  "2026-01-02T03:04:05Z [warn] ",
  "x, ",
  "ß→ ",
);
const behind = fc.constantFrom("", ".", '".', ") failed (401).", ", again", "\nat line 2", " ");

describe("a secret with a form of its own", () => {
  test("is removed from any text around it", () => {
    fc.assert(
      fc.property(around, ownForms, behind, (before, { text, secret }, after) => {
        expect(redactionFor(nobody).text(before + text + after)).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });

  test("is removed from every part of data, also from names", () => {
    fc.assert(
      fc.property(ownForms, fc.array(fc.constantFrom("engine", "say", "list"), { maxLength: 6 }), (form, path) => {
        const { text, secret } = form;
        const data = path.reduce<unknown>(
          (inner, key) => (key === "list" ? ["a", inner] : { [key]: inner, other: 1 }),
          text,
        );
        expect(JSON.stringify(redactionFor(nobody).value(data))).not.toContain(secret);
        expect(JSON.stringify(redactionFor(nobody).value({ [text]: data }))).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a long random text", () => {
  const base64 = (length: number) =>
    fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => Buffer.from(bytes.map((byte, index) => byte ^ (index * 73 + 41))).toString("base64"));

  test("of Base64 with its slashes and plus signs is removed nearly always", () => {
    let left = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 30, maxLength: 30 }), base64(30), (_, secret) => {
        if (redactionFor(nobody).text(`the value ${secret} failed`).includes(secret)) left += 1;
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(left).toBeLessThan(30);
    expect(redactionFor(nobody).text("x wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY y")).toBe("x [removed] y");
  });

  test.each([
    "https://hooks.slack.com/services/T00000000/B00000000/secret",
    "hooks.slack.com/services/T00000000/B00000000/secret",
    "https://discord.com/api/webhooks/123456/secret-secret",
    "http://ha.local:8123/api/webhook/secret",
    "https://maker.ifttt.com/trigger/x/with/key/secret",
    "https://ntfy.sh/secret",
    "https://a.example/v1/s3cr3tAbCdEf09876/send",
    "https://a.example/v1/0a1b2c3d4e5f60718/send",
    "//packages.example/:_authToken=secret",
    "anna:secret@db.lan:5432",
  ])("%s in an address is removed", (address) => {
    expect(redactionFor(nobody).text(`POST ${address}: 404`)).not.toMatch(/secret|s3cr3t|0a1b2c/);
  });
});

test("keys of a fleet are removed, so that a private one in a wrong place is, too", () => {
  const key = generateKeyPairSync("ed25519").privateKey;
  const line = key.export({ type: "pkcs8", format: "der" }).toString("base64");
  const config = { fleet: { id: "kiosk-7", trust: [line, key.export({ type: "pkcs8", format: "pem" })] } };
  const redaction = redactionFor({ ...nobody, secrets: secretsIn(config) });
  expect(redaction.value(config)).toEqual({ fleet: { id: "kiosk-7", trust: ["[removed]", "[removed]\n"] } });
  expect(redaction.text(`fleet.trust.0: ${line}`)).not.toContain(line.slice(-20));
});

describe("a secret that only its place reveals", () => {
  /** Any text, also with quotes, line feeds and halves of characters; long enough not to be a part of other words. */
  const anything = fc
    .oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.string({ unit: "binary", minLength: 1, maxLength: 20 }))
    .map((text) => `Zq7${text}`.trimEnd())
    .filter((text) => text.length >= 8);
  const places = fc.constantFrom<(secret: string) => unknown>(
    (secret) => ({ engine: { api_key: secret } }),
    (secret) => ({ mcp_servers: { garden: { environment: { ANYTHING: secret } } } }),
    (secret) => ({ mcp_servers: { garden: { headers: { "x-any": secret } } } }),
    (secret) => ({ mcp_servers: { garden: { url: "http://a.example", Authorization: secret } } }),
    (secret) => ({ tools: [{ name: "t", command: ["curl", "--token", secret] }] }),
    (secret) => ({ tools: [{ name: "t", arguments: { wifiPassword: { value: [secret] } } }] }),
    (secret) => ({ tools: [{ name: "t", command: ["mosquitto_pub", "-P", secret] }] }),
    (secret) => ({ tools: [{ name: "t", command: ["curl", "-u", `pump:${secret}`] }] }),
    (secret) => ({ serve: { keys: [secret, "another one"] } }),
  );

  test("is removed from the config, and from every text that repeats it", () => {
    fc.assert(
      fc.property(anything, places, around, behind, (secret, place, before, after) => {
        const config = place(secret);
        const redaction = redactionFor({ ...nobody, secrets: secretsIn(config) });
        const form = JSON.stringify(secret).slice(1, -1);
        expect(JSON.stringify(redaction.value(config))).not.toContain(form);
        expect(redaction.text(before + secret + after)).not.toContain(secret);
        expect(redaction.text(before + JSON.stringify({ said: secret }) + after)).not.toContain(form);
        expect(JSON.stringify(redaction.value({ log: [{ error: before + secret + after }] }))).not.toContain(form);
      }),
      { numRuns: 500 },
    );
  });

  test("is removed as the value of a variable", () => {
    fc.assert(
      fc.property(anything, around, behind, (secret, before, after) => {
        const redaction = redactionFor({ ...nobody, secrets: [secret] });
        expect(redaction.text(before + secret + after)).not.toContain(secret);
        if (!/\p{Surrogate}/u.test(secret)) {
          expect(redaction.text(`${before}http://a.example/${encodeURIComponent(secret)}${after}`)).not.toContain(
            encodeURIComponent(secret),
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("names of people and machines", () => {
  const facts = { homes: ["/home/anna"], users: ["anna"], host: "garden-pi", secrets: [], conversations: null };
  const { text } = redactionFor(facts);

  test.each([
    ["/home/anna/agent/agent.yaml", "~/agent/agent.yaml"],
    ["/home/berta/models", "/home/[user]/models"],
    ["C:\\Users\\Berta\\models", "C:\\Users\\[user]\\models"],
    ["http://garden-pi:8080", "http://[host]:8080"],
    ["GARDEN-PI.local", "[host].local"],
    ["by Anna on Tuesday", "by [user] on Tuesday"],
    ["Hanna annals", "Hanna annals"],
  ])("%s", (given, expected) => {
    expect(text(given)).toBe(expected);
  });

  test("several people and their homes are replaced, the longest home first", () => {
    const people = { users: ["root", "anna", "berta"], homes: ["/root", "/srv/people", "/srv/people/anna"] };
    const { text: plain } = redactionFor({ ...nobody, ...people });
    expect(plain("/srv/people/anna/agent.yaml of Anna, berta and root in /root/x")).toBe(
      "~/agent.yaml of [user], [user] and root in ~/x",
    );
  });

  test("a short or common name stays, and a home folder that is the root", () => {
    const { text: plain } = redactionFor({
      homes: ["/"],
      users: ["pi"],
      host: "localhost",
      secrets: ["a", ""],
      conversations: null,
    });
    expect(plain("a raspberry pi at localhost /etc/a")).toBe("a raspberry pi at localhost /etc/a");
  });
});

describe("texts without secrets", () => {
  test.each([
    "engine.api_key_env: SERVER_KEY",
    "max_tokens: 512",
    "first_token_seconds=600",
    "HF_TOKEN is set",
    "prompt_tokens: 12, completion_tokens: 3",
    "/var/lib/nanoagent/journal-0000000000000001.jsonl",
    "Qwen2.5-0.5B-Instruct-Q4_K_M.gguf",
    "https://huggingface.co/org/Llama-3-8B-Instruct-GGUF/resolve/main/Llama-3-8B-Instruct-Q4_0.gguf",
    "ssh -p 22 board",
    "http://127.0.0.1:8080/v1",
    "session 0193a5e8-1c1c-7a2b-9c3d-4e5f60718293",
    "@node-llama-cpp/linux-arm64 3.22.1 is installed",
  ])("%s stays", (given) => {
    expect(redactionFor(nobody).text(given)).toBe(given);
  });

  test.each([
    "at describe (/root/app/node_modules/vitest/dist/chunks/runner4Abc.js:12:3)",
    'The tool "a" is not used: name it in an intent, or in spec.capabilities.',
    "unknown key: expected one of name, command",
    "the token is missing",
    "http://127.0.0.1:8080/v1/models/Llama-3-8B-Instruct-Q4_0",
    "/root/.cache/models/Meta-Llama-3-1-8B-Instruct-Q4_K_M/SmolLM2-135M-Instruct",
    "npm install --global @node-llama-cpp/linux-arm64@3.22.1",
  ])("%s stays, too", (given) => {
    expect(redactionFor(nobody).text(given)).toBe(given);
  });

  test.each([
    ["api_key", true],
    ["pw", true],
    ["GIT_PAT", true],
    ["token2", true],
    ["bypass", false],
    ["pattern", false],
    ["apiKey", true],
    ["db-password", true],
    ["DB_PASSWORD", true],
    ["Authorization", true],
    ["accessToken", true],
    ["hf_tokens", true],
    ["api_key_env", false],
    ["key_path", false],
    ["max_tokens", false],
    ["monkey", false],
    ["compass", false],
    ["description", false],
  ])("%s: secret %s", (name, isSecret) => {
    expect(isSecretName(name)).toBe(isSecret);
  });
});

describe("hostile data", () => {
  test("deep, long and cyclic-looking data is bounded", () => {
    const deep = Array.from({ length: 2000 }).reduce<unknown>((inner) => ({ inner }), "end");
    expect(JSON.stringify(redactionFor(nobody).value(deep)).length).toBeLessThan(1000);
    const long = Array.from({ length: 5000 }, () => "x".repeat(5000));
    expect(JSON.stringify(redactionFor(nobody).value(long)).length).toBeLessThan(500_000);
    expect(redactionFor(nobody).value({ a: undefined, b: Number.NaN, c: 1n })).toEqual({
      a: null,
      b: Number.NaN,
      c: "1",
    });
  });

  test("never throws, and takes a time that grows with the text alone", () => {
    fc.assert(fc.property(fc.anything(), (data) => void redactionFor(nobody).value(data)));
    const texts = [
      "a:".repeat(50_000),
      "://".repeat(50_000),
      "a@".repeat(50_000),
      "A1b".repeat(50_000),
      "a.".repeat(50_000),
    ];
    for (const text of texts) {
      const started = performance.now();
      removeSecretForms(text, "-");
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });
});
