import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FIRST_LINE,
  MAX_CONTENT_BYTES,
  MAX_FILES,
  MAX_MANIFEST_BYTES,
  MAX_SIGNATURES_BYTES,
} from "../../src/bundle/bundle-manifest.js";
import { parseHead } from "../../src/bundle/parse-head.js";
import { parseManifest } from "../../src/bundle/parse-manifest.js";
import { FleetError } from "../../src/fleet-error.js";
import { type BundleParts, bundleOf, manifestOf, sha256, type TestFile, testKey } from "./bundle-parts.js";

const key = testKey();
const config: TestFile = { path: "agent.yaml", text: "role: gardener\n" };

function reasonFor(bytes: Uint8Array): string {
  try {
    parseHead(bytes, bytes.length);
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    expect(error).toMatchObject({ code: "bundle-malformed", hint: expect.stringMatching(/\w/) });
    return error.reason ?? "";
  }
  throw new Error("It was accepted");
}

const refusedReason = (parts: BundleParts) => reasonFor(bundleOf(parts));
const reasonOfChange = (change: Record<string, unknown>) => refusedReason({ change });
const reasonOfFile = (file: Partial<TestFile>) => refusedReason({ files: [config, { path: "x", text: "x", ...file }] });
const reasonOfPath = (path: string) => refusedReason({ files: [config, { path, text: "x" }] });

describe("a bundle", () => {
  test("is described by its lines", () => {
    const files = [config, { path: "tools/water.sh", text: "#!/bin/sh\n", mode: 493 }, { path: "empty" }];
    const models = [{ name: "org/repo:Q4_K_M", source: "org/repo:Q4_K_M", size: 10, sha256: sha256("m") }];
    const change = { requires: { nanoagent: ">=0.1.0 <1" }, models };
    const bytes = bundleOf({ files, change, key });
    const head = parseHead(bytes, bytes.length);
    const text = JSON.stringify(manifestOf(files, change));
    expect(head).toMatchObject({
      manifest: manifestOf(files, change),
      manifestSha256: sha256(text),
      headBytes: bytes.length - 15 - 10,
      totalBytes: bytes.length,
    });
    expect(Buffer.from(head?.manifestBytes ?? []).toString()).toBe(text);
    expect(head?.signatures).toEqual([{ algorithm: "ed25519", signature: key.sign(Buffer.from(text)) }]);
  });

  test("needs more bytes until its lines are complete, and never more than those", () => {
    const bytes = bundleOf({ key });
    const headBytes = parseHead(bytes, bytes.length)?.headBytes ?? 0;
    for (let length = 0; length < headBytes; length += 1) {
      expect(parseHead(bytes.subarray(0, length), bytes.length)).toBeNull();
      expect(() => parseHead(bytes.subarray(0, length), length)).toThrow(FleetError);
    }
    expect(parseHead(bytes.subarray(0, headBytes), bytes.length)).not.toBeNull();
  });

  test("has a copy of its manifest", () => {
    const bytes = bundleOf();
    const head = parseHead(bytes, bytes.length);
    bytes.fill(0);
    expect(sha256(head?.manifestBytes ?? "")).toBe(head?.manifestSha256);
  });

  test("may have agent.json, spaces in its JSON, and a time with a zone", () => {
    const manifest = manifestOf([{ path: "agent.json", text: "{}" }], { created: "2026-11-30T10:00:00+01:00" });
    const bytes = bundleOf({ manifest: JSON.stringify(manifest).replaceAll(":", " : "), contents: "{}" });
    expect(() => parseHead(bytes, bytes.length)).toThrow(/malformed/);
    const spaced = bundleOf({ manifest: JSON.stringify(manifest).replaceAll('":', '" : '), contents: "{}" });
    expect(parseHead(spaced, spaced.length)?.manifest).toEqual(manifest);
  });

  test("may have signatures of other programs, whose keys have any text", () => {
    const signature = key.sign(Buffer.from("x"));
    const signatures = JSON.stringify([{ algorithm: "ed25519", signature, key: "Key of 2026, staging" }]);
    const bytes = bundleOf({ signatures });
    expect(parseHead(bytes, bytes.length)?.signatures[0]?.key).toBe("Key of 2026, staging");
  });
});

describe("the lines of a bundle are refused", () => {
  test("if the first is another", () => {
    expect(reasonFor(Buffer.from("PK\u0003\u0004 a zip archive"))).toBe("It does not begin as a bundle does.");
    expect(reasonFor(Buffer.from(""))).toBe("It ends in its first line.");
    expect(reasonFor(Buffer.from("nanoagent-b"))).toBe("It ends in its first line.");
    expect(refusedReason({ firstLine: "nanoagent-bundle 1\r\n" })).toBe("It does not begin as a bundle does.");
    expect(refusedReason({ firstLine: "\ufeffnanoagent-bundle 1\n" })).toBe("It does not begin as a bundle does.");
  });

  test("if a newer nanoagent wrote them", () => {
    expect(refusedReason({ firstLine: "nanoagent-bundle 2\n" })).toBe("A newer nanoagent wrote it.");
    expect(refusedReason({ firstLine: "nanoagent-bundle 12\n" })).toBe("A newer nanoagent wrote it.");
    expect(reasonOfChange({ format: 2, delta: true })).toBe("A newer nanoagent wrote it.");
  });

  test("if one does not end", () => {
    expect(reasonFor(Buffer.from(`${FIRST_LINE}{"format":1`))).toBe("It ends in its manifest.");
    const bytes = bundleOf({ contents: "" });
    expect(reasonFor(bytes.subarray(0, -1))).toBe("It ends in its line of signatures.");
    const large = Buffer.concat([Buffer.from(FIRST_LINE), Buffer.alloc(MAX_MANIFEST_BYTES + 1, " ")]);
    expect(reasonFor(large)).toBe(`Its manifest has more than ${MAX_MANIFEST_BYTES} bytes.`);
    // Even before all of it is here.
    expect(() => parseHead(large, large.length * 2)).toThrow(FleetError);
    const long = refusedReason({ signatures: " ".repeat(MAX_SIGNATURES_BYTES + 1) });
    expect(long).toBe(`Its line of signatures has more than ${MAX_SIGNATURES_BYTES} bytes.`);
  });

  test("if the file is shorter or longer than its manifest says", () => {
    expect(refusedReason({ contents: "role: gardener" })).toMatch(
      /^It is incomplete: it has \d+ bytes instead of \d+\.$/,
    );
    expect(refusedReason({ contents: "role: gardener\n\n" })).toMatch(/^Something follows its last file: /);
  });

  test("if they are not UTF-8 or not JSON", () => {
    const manifest = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(refusedReason({ manifest })).toBe("Its manifest is not UTF-8.");
    expect(refusedReason({ manifest: "{format: 1}" })).toBe("Its manifest is not JSON.");
    expect(refusedReason({ manifest: `\ufeff${JSON.stringify(manifestOf())}` })).toBe("Its manifest is not JSON.");
    expect(refusedReason({ manifest: "" })).toBe("Its manifest is not JSON.");
    expect(refusedReason({ signatures: "[" })).toBe("Its line of signatures is not JSON.");
  });

  test("if one ends in CRLF", () => {
    expect(refusedReason({ manifest: `${JSON.stringify(manifestOf())}\r`, key })).toBe(
      "Its manifest ends in CRLF instead of LF.",
    );
    expect(refusedReason({ signatures: "[]\r" })).toBe("Its line of signatures ends in CRLF instead of LF.");
  });

  test("if an object has a key twice", () => {
    const manifest = JSON.stringify(manifestOf()).replace('"sequence":7', '"sequence":7,"sequence":8');
    expect(refusedReason({ manifest })).toBe("Its manifest has the same key twice.");
    const escaped = JSON.stringify(manifestOf()).replace('"sequence":7', '"sequence":7,"sequenc\\u0065" :8');
    expect(refusedReason({ manifest: escaped })).toBe("Its manifest has the same key twice.");
  });

  test("if the manifest is not an object", () => {
    for (const manifest of ["[]", "null", "1", '"x"', "true"]) {
      expect(refusedReason({ manifest })).toBe("Its manifest is not an object.");
    }
  });

  test("if they nest deeply", () => {
    const depth = 200_000;
    const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(refusedReason({ manifest: deep })).toMatch(/^Its manifest/);
    expect(refusedReason({ manifest: `{"format":${deep}}` })).toMatch(/manifest/);
    expect(refusedReason({ signatures: `[{"algorithm":${"[".repeat(20_000)}${"]".repeat(20_000)}}]` })).toMatch(/\w/);
  });

  test("if they have __proto__ keys", () => {
    const manifest = JSON.stringify(manifestOf());
    expect(refusedReason({ manifest: manifest.replace("{", '{"__proto__":{"format":1},') })).toBe(
      'Its manifest has the unknown key "__proto__".',
    );
    expect(refusedReason({ manifest: manifest.replace('{"path"', '{"__proto__":null,"path"') })).toBe(
      'File 1 of its manifest has the unknown key "__proto__".',
    );
    expect(refusedReason({ manifest: '{"__proto__":{"format":1}}' })).toBe(
      '"format" in its manifest is undefined, not 1.',
    );
  });
});

describe("a manifest is refused", () => {
  test("for unknown keys anywhere", () => {
    expect(reasonOfChange({ delta: true })).toBe('Its manifest has the unknown key "delta".');
    expect(reasonOfChange({ requires: { node: "20" } })).toBe('"requires" in its manifest has the unknown key "node".');
    expect(reasonOfFile({ owner: "root" })).toBe('File 2 of its manifest has the unknown key "owner".');
    const model = { name: "m", source: "m", size: 1, sha256: sha256(""), url: "x" };
    expect(reasonOfChange({ models: [model] })).toBe('Model 1 of its manifest has the unknown key "url".');
  });

  test("for links", () => {
    expect(reasonOfFile({ link: "/etc/passwd" })).toBe('File 2 of its manifest has the unknown key "link".');
    expect(reasonOfFile({ type: "symlink", target: ".." })).toBe('File 2 of its manifest has the unknown key "type".');
    expect(reasonOfFile({ mode: 0o120777 })).toMatch(/^The mode of "x" is 41471; only 420/);
  });

  test.each([
    ["format", 0, '"format" in its manifest is 0, not 1.'],
    ["format", "1", '"format" in its manifest is "1", not 1.'],
    ["format", 1.5, '"format" in its manifest is 1.5, not 1.'],
    ["name", 7, '"name" in its manifest is not a text.'],
    ["name", " ", '"name" in its manifest is empty.'],
    ["name", "x".repeat(101), '"name" in its manifest has more than 100 characters.'],
    ["name", "a\nb", '"name" in its manifest contains control characters: "a\\nb".'],
    ["name", "\ud800", '"name" in its manifest contains control characters: "".'],
    ["version", null, '"version" in its manifest is not a text.'],
    ["version", "", '"version" in its manifest is empty.'],
    ["sequence", 0, '"sequence" in its manifest is 0, not a positive integer.'],
    ["sequence", -1, '"sequence" in its manifest is -1, not a positive integer.'],
    ["sequence", 1.5, '"sequence" in its manifest is 1.5, not a positive integer.'],
    ["sequence", 2 ** 53, '"sequence" in its manifest is 9007199254740992, not a positive integer.'],
    ["sequence", "7", '"sequence" in its manifest is "7", not a positive integer.'],
    ["sequence", [7], '"sequence" in its manifest is a list, not a positive integer.'],
    ["created", 1_700_000_000, '"created" in its manifest is not a text.'],
    ["created", "yesterday", '"created" in its manifest is "yesterday", not a time in the form of ISO 8601.'],
    [
      "created",
      "2026-13-45T99:99:99Z",
      '"created" in its manifest is "2026-13-45T99:99:99Z", not a time in the form of ISO 8601.',
    ],
    ["created", "2026-02-31", '"created" in its manifest is "2026-02-31", not a time in the form of ISO 8601.'],
    ["created", "2026-06-31T09:00:00Z", expect.stringContaining('"2026-06-31T09:00:00Z", not a time')],
    ["created", "2027-02-29T09:00:00+01:00", expect.stringContaining('"2027-02-29T09:00:00+01:00", not a time')],
    ["requires", null, '"requires" in its manifest is not an object.'],
    ["requires", { nanoagent: 1 }, '"requires.nanoagent" in its manifest is not a text.'],
    ["models", null, '"models" in its manifest is not a list.'],
    ["models", ["m"], "Model 1 of its manifest is not an object."],
    ["models", Array(33).fill({}), '"models" in its manifest has 33 entries; 32 are allowed.'],
    ["files", {}, '"files" in its manifest is not a list.'],
    ["files", undefined, '"files" in its manifest is not a list.'],
    ["files", [null], "File 1 of its manifest is not an object."],
  ])("for %s: %j", (name, value, reason) => {
    expect(reasonOfChange({ [name]: value })).toEqual(reason);
  });

  test.each(["format", "name", "version", "sequence", "created", "files"])("without %s", (name) => {
    expect(reasonOfChange({ [name]: undefined })).toContain(`"${name}" in its manifest is`);
  });

  test("for models that are wrong or named twice", () => {
    const model = { name: "m", source: "m", size: 1, sha256: sha256("") };
    expect(reasonOfChange({ models: [model, model] })).toBe('The model "m" is in its manifest twice.');
    expect(reasonOfChange({ models: [{ ...model, size: 0 }] })).toBe(
      '"size" of model 1 of its manifest is 0, not a positive integer.',
    );
    expect(reasonOfChange({ models: [{ ...model, sha256: "x" }] })).toMatch(
      /^"sha256" of model 1 of its manifest is not 64/,
    );
    expect(reasonOfChange({ models: [{ ...model, source: undefined }] })).toBe(
      '"source" of model 1 of its manifest is not a text.',
    );
  });

  test.each([[0o777], [0o600], [0o4755], ["420"], [null], [undefined], [420.5], [0o100644]])(
    "for the mode %j",
    (mode) => {
      // The helper fills in a mode that is undefined.
      const files = manifestOf([config, { path: "x", text: "x" }]).files.map((file) => ({ ...file, mode }));
      expect(refusedReason({ manifest: JSON.stringify(manifestOf([], { files })) })).toMatch(
        /^The mode of "agent.yaml" is /,
      );
    },
  );

  test.each([[-1], [1.5], ["1"], [null], [2 ** 53]])("for the size %j", (size) => {
    expect(reasonOfFile({ size })).toMatch(/^The size of "x" is .*, not a size in bytes\.$/);
  });

  test("for a size of -0", () => {
    const manifest = JSON.stringify(manifestOf([config, { path: "x" }])).replace('"size":0', '"size":-0');
    expect(refusedReason({ manifest })).toMatch(/^The size of "x" is /);
  });

  test.each(["", "x", sha256("").toUpperCase(), `${sha256("")}0`, ` ${sha256("").slice(1)}`, 7, null])(
    "for the SHA-256 %j",
    (hash) => {
      expect(reasonOfFile({ sha256: hash })).toBe('The SHA-256 of "x" is not 64 hexadecimal digits in lower case.');
    },
  );

  test("for more than 10,000 files", () => {
    const files = Array.from({ length: MAX_FILES + 1 }, (_, index) => ({ path: `f${index}` }));
    expect(refusedReason({ files })).toBe('"files" in its manifest has 10001 entries; 10000 are allowed.');
  });

  test("for more than a gibibyte", () => {
    const half = { text: "", size: MAX_CONTENT_BYTES / 2 };
    const files = [config, { path: "a", ...half }, { path: "b", ...half }];
    expect(refusedReason({ files })).toBe(`Its files have more than ${MAX_CONTENT_BYTES} bytes.`);
    const huge = { text: "", size: Number.MAX_SAFE_INTEGER };
    expect(refusedReason({ files: [config, { path: "a", ...huge }, { path: "b", ...huge }] })).toMatch(/more than/);
  });

  test("without a config at its root, or with two", () => {
    const none = "It has no config: neither agent.yaml nor agent.json is at its root.";
    expect(refusedReason({ files: [] })).toBe(none);
    expect(refusedReason({ files: [{ path: "config/agent.yaml" }] })).toBe(none);
    expect(refusedReason({ files: [{ path: "Agent.yaml" }] })).toBe(none);
    expect(refusedReason({ files: [config, { path: "agent.json" }] })).toBe(
      "It has two configs: agent.yaml and agent.json.",
    );
  });
});

describe("a path is refused", () => {
  test.each([
    ["", "is empty"],
    [".", 'has the segment "."'],
    ["..", 'has the segment ".."'],
    ["../x", 'has the segment ".."'],
    ["a/../../x", 'has the segment ".."'],
    ["a/./x", 'has the segment "."'],
    ["a//x", "has an empty segment"],
    ["a/", "has an empty segment"],
    ["/etc/passwd", "is absolute"],
    ["//host/share", "is absolute"],
    ["a\\..\\x", "contains a backslash"],
    ["C:/x", "names a drive"],
    ["c:x", "names a drive"],
    ["a/D:x", "names a drive"],
    ["file:stream", "has a character that Windows does not accept"],
    ["a*b", "has a character that Windows does not accept"],
    ["a\0b", "contains control characters"],
    ["a\nb", "contains control characters"],
    ["a\u007fb", "contains control characters"],
    ["a\u0085b", "contains control characters"],
    ["a\u2028b", "contains control characters"],
    ["a\ud800", "contains control characters"],
    ...["\u200b", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069", "\ufeff"].map((character) => [
      `tools/${character}gpj.sh`,
      "contains invisible or bidirectional control characters",
    ]),
    ["x.", "has a segment that ends in a dot or a space"],
    ["x /y", "has a segment that ends in a dot or a space"],
    ["...", "has a segment that ends in a dot or a space"],
    ["CON", 'has a name that Windows reserves, "CON"'],
    ["a/nul.txt", 'has a name that Windows reserves, "nul.txt"'],
    ["Com1.tar.gz", 'has a name that Windows reserves, "Com1.tar.gz"'],
    ["lpt¹", 'has a name that Windows reserves, "lpt¹"'],
    ["aux .txt", 'has a name that Windows reserves, "aux .txt"'],
    ["x".repeat(256), "has a segment of more than 255 bytes"],
    ["ü".repeat(128), "has a segment of more than 255 bytes"],
    [Array(5).fill("x".repeat(250)).join("/"), "has more than 1024 bytes"],
    [Array(33).fill("x").join("/"), "has more than 32 segments"],
  ])("for %j", (path, problem) => {
    expect(reasonOfPath(path)).toMatch(/^The path ".*" .*\.$/s);
    expect(reasonOfPath(path).endsWith(` ${problem}.`)).toBe(true);
  });

  test("if it is not a text", () => {
    expect(reasonOfFile({ path: 7 as never })).toBe('"path" of file 2 of its manifest is not a text.');
  });

  test.each([
    ["a/x", "a/X"],
    ["A/x", "a/x"],
    ["A/x", "a/y"],
    ["a", "A/y"],
    ["é", "e\u0301"],
    ["É/x", "e\u0301/y"],
    ["straße", "STRASSE"],
    ["ſ", "s"],
    ["σ", "ς"],
    ["İ", "i\u0307"],
    ["\u212a", "k"],
  ])("if it is equal to another but for case or normal form: %j, %j", (one, other) => {
    const reason = refusedReason({ files: [config, { path: one }, { path: other }] });
    expect(reason).toMatch(/are the same on some file systems\.$/);
  });

  test("if it is there twice, or is a file and a folder", () => {
    expect(refusedReason({ files: [config, { path: "a/x" }, { path: "a/x" }] })).toBe('The file "a/x" is in it twice.');
    for (const files of [
      [{ path: "a" }, { path: "a/x" }],
      [{ path: "a/x" }, { path: "a" }],
      [{ path: "a/x/y" }, { path: "a/x" }],
    ]) {
      expect(refusedReason({ files: [config, ...files] })).toMatch(/^"a(\/x)?" is both a file and a folder\.$/);
    }
  });

  test("and not because it is unusual", () => {
    const paths = [
      ".hidden",
      "a b",
      "...x",
      "ünï/日本語",
      "console",
      "com10",
      "nul-1",
      "a/b/c",
      "a/b/d",
      "a/B2",
      "-x",
      "~x",
      "$x",
      "%20",
    ];
    const bytes = bundleOf({ files: [config, ...paths.map((path) => ({ path }))] });
    expect(parseHead(bytes, bytes.length)?.manifest.files).toHaveLength(paths.length + 1);
  });
});

describe("signatures are refused", () => {
  const signature = Buffer.alloc(64, 0xfb).toString("base64");
  const good = { algorithm: "ed25519", signature };
  const reason = (value: unknown) => refusedReason({ signatures: JSON.stringify(value) });

  test.each([
    [{}, "Its list of signatures is not a list."],
    [null, "Its list of signatures is not a list."],
    [["x"], "Signature 1 is not an object."],
    [[good, {}], 'The algorithm of signature 2 is undefined, not "ed25519".'],
    [[{ ...good, algorithm: "rsa" }], 'The algorithm of signature 1 is "rsa", not "ed25519".'],
    [[{ ...good, comment: "" }], 'Signature 1 has the unknown key "comment".'],
    [[{ ...good, key: 7 }], '"key" of signature 1 is not a text.'],
    [[{ ...good, key: "a\u001bb" }], '"key" of signature 1 contains control characters: "a\\u001bb".'],
    [[{ ...good, key: "x".repeat(1001) }], '"key" of signature 1 has more than 1000 characters.'],
    [
      [{ ...good, key: `ed25519:${"g".repeat(40)}` }],
      `"key" of signature 1 is "ed25519:${"g".repeat(40)}", which is not the fingerprint of a key.`,
    ],
    [Array(17).fill(good), "Its list of signatures has 17 entries; 16 are allowed."],
  ])("for %j", (value, expected) => {
    expect(reason(value)).toBe(expected);
  });

  test.each([
    [signature.slice(0, -1)],
    [signature.slice(4)],
    [`${signature}AAAA`],
    [` ${signature}`],
    [signature.replace(/.==$/, "!==")],
    [Buffer.from(signature, "base64").toString("base64url")],
    ["A".repeat(60_000)],
    [7],
    [null],
  ])("for the base64 %#", (text) => {
    expect(reason([{ algorithm: "ed25519", signature: text }])).toBe("Signature 1 is not the base64 of 64 bytes.");
  });

  test("but not for any text that names the key", () => {
    const pem = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n";
    for (const [key, expected] of [
      [pem, "-----BEGIN PUBLIC KEY----- MCow -----END PUBLIC KEY-----"],
      ["", ""],
      [null, undefined],
      ["the key of the garden", "the key of the garden"],
    ]) {
      const bytes = bundleOf({ signatures: JSON.stringify([{ ...good, key }]) });
      expect(parseHead(bytes, bytes.length)?.signatures[0]?.key).toBe(expected);
    }
  });

  test("for base64 with bits that are not used", () => {
    const last = signature.charAt(85);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const other = alphabet.charAt(alphabet.indexOf(last) ^ 1);
    expect(reason([{ ...good, signature: `${signature.slice(0, 85)}${other}==` }])).toMatch(/base64/);
  });
});

describe("any input", () => {
  const anyBytes = fc.uint8Array({ maxLength: 300 });

  test("gives a head, a request for more, or a typed error", () => {
    const jsonLine = fc.json({ maxDepth: 4 });
    const anyBundle = fc.oneof(
      anyBytes,
      anyBytes.map((bytes) => Buffer.concat([Buffer.from(FIRST_LINE), bytes])),
      fc.tuple(jsonLine, jsonLine).map(([one, other]) => Buffer.from(`${FIRST_LINE}${one}\n${other}\n`)),
      fc
        .dictionary(fc.constantFrom(...Object.keys(manifestOf()), "models", "requires"), fc.jsonValue())
        .map((change) => bundleOf({ change })),
      fc
        .dictionary(fc.constantFrom("path", "size", "sha256", "mode"), fc.jsonValue())
        .map((file) => bundleOf({ files: [config, { path: "x", ...file } as TestFile] })),
    );
    fc.assert(
      fc.property(anyBundle, fc.nat(2000), (bytes, totalBytes) => {
        for (const total of [bytes.length, bytes.length + totalBytes]) {
          try {
            const head = parseHead(bytes, total);
            if (total === bytes.length) expect(head).not.toBeNull();
          } catch (error) {
            expect(error).toBeInstanceOf(FleetError);
            expect((error as FleetError).reason?.length).toBeLessThan(400);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("of a manifest gives a manifest or a typed error", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyBytes,
          fc.json({ maxDepth: 5 }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(() => parseManifest(bytes)).toThrow(FleetError);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("of valid parts is accepted, and nothing is lost", () => {
    const segment = fc
      .stringMatching(/^[a-z0-9_-]{1,12}$/)
      .filter((name) => !/^(con|prn|aux|nul|com\d|lpt\d)$/.test(name));
    const file = fc.record({
      path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((names) => names.map((name) => `${name}_`).join("/")),
      text: fc.string(),
      mode: fc.constantFrom(420, 493),
    });
    const files = fc.uniqueArray(file, { selector: ({ path }) => path.split("/")[0], maxLength: 8 });
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (list, sequence) => {
        const all = [config, ...list];
        const bytes = bundleOf({ files: all, change: { sequence }, key });
        expect(parseHead(bytes, bytes.length)?.manifest).toEqual(manifestOf(all, { sequence }));
      }),
    );
  });

  test("that is as large as it may be is read in bounded time", () => {
    // The worst case of the comparison of paths: every path as deep and as long as possible.
    const files = Array.from({ length: MAX_FILES }, (_, index) => ({
      path: [...Array(31).fill("d".repeat(19)), `${index}`]
        .map((name, depth) => (depth === 0 ? `${name}${index}` : name))
        .join("/"),
    }));
    const bytes = bundleOf({ files: [config, ...files.slice(1)] });
    expect(bytes.length).toBeLessThan(MAX_MANIFEST_BYTES);
    const began = performance.now();
    expect(parseHead(bytes, bytes.length)?.manifest.files).toHaveLength(MAX_FILES);
    // About 1 s on a busy machine; it would take minutes if the time were quadratic.
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});
