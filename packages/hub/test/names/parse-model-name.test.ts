import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HubError } from "../../src/hub-error.js";
import { formatModelName } from "../../src/names/format-model-name.js";
import type { HubName, ModelName } from "../../src/names/model-name.js";
import { isSafePath } from "../../src/names/name-rules.js";
import { parseModelName } from "../../src/names/parse-model-name.js";

const hub = { endpoint: "https://huggingface.co" };
const mirror = { endpoint: "http://hub.local:8080/models" };

function repository(parts: Partial<HubName> = {}): HubName {
  return { source: "hub", repository: "org/Repo-GGUF", quantization: null, file: null, revision: null, ...parts };
}

function ollama(namespace: string, model: string, tag: string): ModelName {
  return { source: "ollama", namespace, model, tag };
}

function refusal(text: string, environment = hub): HubError {
  try {
    const name = parseModelName(text, environment);
    throw new Error(`${JSON.stringify(text)} was read as ${JSON.stringify(name)}`);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    expect(error.code).toBe("invalid-model-name");
    expect(error.reason).toBeTruthy();
    expect(error.hint).toBeTruthy();
    return error;
  }
}

describe("names of the hub", () => {
  test.each<[string, Partial<HubName>]>([
    ["org/Repo-GGUF", {}],
    ["org/Repo-GGUF:Q4_K_M", { quantization: "Q4_K_M" }],
    ["org/Repo-GGUF:ud-q4_k_xl", { quantization: "UD-Q4_K_XL" }],
    ["org/Repo-GGUF:fp16", { quantization: "F16" }],
    ["org/Repo-GGUF:latest", {}],
    ["org/Repo-GGUF:Q8/model.gguf", { file: "Q8/model.gguf" }],
    ["hub:org/Repo-GGUF:Q8_0", { quantization: "Q8_0" }],
    ["hf:huggingface.co/org/Repo-GGUF", {}],
    ["hf:org/Repo-GGUF", {}],
    ["hf://org/Repo-GGUF", {}],
    ["hf://org/Repo-GGUF/sub/a.gguf", { file: "sub/a.gguf" }],
    ["hf://org/Repo-GGUF@v1/a.gguf", { file: "a.gguf", revision: "v1" }],
    ["hf://org/Repo-GGUF@refs%2Fpr%2F3", { revision: "refs/pr/3" }],
    ["hf.co/org/Repo-GGUF", {}],
    ["HF.co/org/Repo-GGUF:Q4_0", { quantization: "Q4_0" }],
    ["ollama:hf.co/org/Repo-GGUF:Q4_0", { quantization: "Q4_0" }],
    ["huggingface.co/org/Repo-GGUF", {}],
    ["https://huggingface.co/org/Repo-GGUF", {}],
    ["https://huggingface.co/org/Repo-GGUF/", {}],
    ["https://huggingface.co/org/Repo-GGUF?library=x#files", {}],
    ["https://huggingface.co/org/Repo-GGUF?show_file_info=a-Q4_0.gguf", { file: "a-Q4_0.gguf" }],
    ["https://huggingface.co/org/Repo-GGUF/tree/main", {}],
    ["https://huggingface.co/org/Repo-GGUF/tree/v1.0", { revision: "v1.0" }],
    ["https://huggingface.co/org/Repo-GGUF/tree/v1.0:Q4_0", { revision: "v1.0", quantization: "Q4_0" }],
    ["https://huggingface.co/org/Repo-GGUF/tree/refs%2Fpr%2F3", { revision: "refs/pr/3" }],
    ["https://huggingface.co/org/Repo-GGUF/tree/refs/pr/3", { revision: "refs/pr/3" }],
    ["https://huggingface.co/org/Repo-GGUF/tree/main/UD-Q4_K_XL", { quantization: "UD-Q4_K_XL" }],
    ["https://huggingface.co/org/Repo-GGUF/blob/main/a.gguf", { file: "a.gguf" }],
    ["https://huggingface.co/org/Repo-GGUF/resolve/main/my%20a.gguf?download=true#x", { file: "my a.gguf" }],
    [
      "https://huggingface.co/org/Repo-GGUF/raw/abc/BF16/a-00001-of-00002.gguf",
      { file: "BF16/a-00001-of-00002.gguf", revision: "abc" },
    ],
  ])("%s", (text, parts) => {
    expect(parseModelName(text, hub)).toEqual(repository(parts));
  });

  test.each<[string, Partial<HubName>]>([
    ["http://hub.local:8080/models/org/Repo-GGUF/blob/main/a.gguf", { file: "a.gguf" }],
    ["hub.local:8080/models/org/Repo-GGUF:Q4_0", { quantization: "Q4_0" }],
    ["https://huggingface.co/org/Repo-GGUF", {}],
    ["hf.co/org/Repo-GGUF", {}],
  ])("pages of the endpoint: %s", (text, parts) => {
    expect(parseModelName(text, mirror)).toEqual(repository(parts));
  });
});

test.each<[string, ModelName]>([
  ["ollama:qwen3", ollama("library", "qwen3", "latest")],
  ["ollama:qwen3:0.6b-q4_K_M", ollama("library", "qwen3", "0.6b-q4_K_M")],
  ["ollama:ada/my_model:v1", ollama("ada", "my_model", "v1")],
  ["ollama:registry.ollama.ai/library/qwen3:0.6b", ollama("library", "qwen3", "0.6b")],
  ["ollama.com/library/qwen3", ollama("library", "qwen3", "latest")],
  ["https://ollama.com/library/qwen3:0.6b", ollama("library", "qwen3", "0.6b")],
  ["https://ollama.com/library/qwen3%3A0.6b?x=1#readme", ollama("library", "qwen3", "0.6b")],
  ["https://ollama.com/ada/mine/tags", ollama("ada", "mine", "latest")],
  ["https://example.org/a%20b/model.gguf#x", { source: "address", url: "https://example.org/a%20b/model.gguf" }],
  ["http://10.0.0.1:80/m.GGUF?sig=a%2Fb", { source: "address", url: "http://10.0.0.1/m.GGUF?sig=a%2Fb" }],
  ["qwen3-0.6b", { source: "word", word: "qwen3-0.6b" }],
  ["hub:my-model", { source: "word", word: "my-model" }],
])("%s", (text, name) => {
  expect(parseModelName(text, hub)).toEqual(name);
});

describe("refused", () => {
  test.each([
    "",
    "  ",
    "\n",
    " org/repo",
    "org/re po",
    "org/repo\u0000",
    "org/repo\u202egguf",
    "a".repeat(5000),
    "..",
    "../x",
    "org/..",
    "org/a..b",
    "org/a--b",
    "org/repo.git",
    "-org/repo",
    "org/repo.",
    "/org/repo",
    "org/repo/",
    "org//repo",
    "org/repo/more",
    "org\\repo",
    "org/repo:",
    "org/repo:a:b",
    "org/repo:..",
    "org/repo:../x.gguf",
    "org/repo:a\\b.gguf",
    `${"o".repeat(97)}/repo`,
    "org/ré",
    "datasets/org/repo",
    "datasets/squad",
    "user@org/repo",
    "ollama:",
    "ollama:a:b:c",
    "ollama:..",
    "ollama:a/..",
    "ollama:a/b/c",
    "ollama:host.example/a/b",
    "ollama:.a",
    `ollama:${"a".repeat(81)}`,
    "https://ollama.com/search",
    "https://ollama.com/library/a/blobs/b",
    "qwen3:0.6b",
    "https://",
    "https://example.org/",
    "https://example.org/model.bin",
    "https://example.org/.gguf",
    "https://example.org/x/../m.gguf",
    "https://example.org/x/%2e%2E/m.gguf",
    "https://example.org/x\\m.gguf",
    "ftp://example.org/m.gguf",
    "s3://bucket/m.gguf",
    "https://huggingface.co/org",
    "https://huggingface.co/",
    "https://huggingface.co/datasets/org/repo",
    "https://huggingface.co/spaces/org/app",
    "https://hf.co/docs/hub",
    "https://huggingface.co/org/repo/discussions/3",
    "https://huggingface.co/org/repo/blob/main",
    "https://huggingface.co/org/repo/blob/main/README.md",
    "https://huggingface.co/org/repo/blob/main/..%2F..%2Fa.gguf",
    "https://huggingface.co/org/repo/blob/a..b/m.gguf",
    "https://huggingface.co/org/repo/blob/main/a%0a.gguf",
    "https://huggingface.co/org/repo/blob/main/%ff.gguf",
    "https://huggingface.co/org%2f../repo",
    "hf://org/repo@a@b",
    "hf://org/repo@..",
    "hf://org/repo/readme.md",
    "https://huggingface.co/org/repo?show_file_info=../a.gguf",
    "wörd",
    "a..b",
  ])("%j", (text) => {
    refusal(text);
  });

  test.each(["./x", "/x", "~/x", ".\\x", "C:\\x", "C:/x", "x.gguf", "models/x.gguf", "a/b/c/x.GGUF", "file:///x.gguf"])(
    "path %j",
    (text) => {
      const { reason, hint } = refusal(text);
      expect(reason).toContain("path of a file");
      expect(hint).toContain("nanoagent models import FILE");
    },
  );

  test.each([
    "https://ada:hunter2@huggingface.co/org/repo",
    "https://ada:hunter2@example.org/m.gguf",
    "https://ada:hunter2@example.org/a b.gguf",
    "https://ada:hunt/hunter2@example.org/m.gguf",
    "https://hunter2@example.org/m.gguf",
    "ada:hunter2@huggingface.co/org/repo",
    "hf://ada:hunter2@x@y",
    "https://example.org/page?token=hunter2",
  ])("secrets are not repeated: %s", (text) => {
    const error = refusal(text);
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect(error.stack).not.toContain("hunter2");
  });

  test("a hint shows the name that works", () => {
    expect(refusal("qwen3:0.6b").hint).toContain("ollama:qwen3:0.6b");
    expect(refusal("https://hf.co/org/repo/discussions/1").hint).toContain("org/repo");
  });
});

const letter = fc.constantFrom(..."abzAZ09");
const segment = fc
  .tuple(letter, fc.string({ unit: fc.constantFrom(..."aZ9-_."), maxLength: 20 }), letter)
  .map((parts) => parts.join(""))
  .filter((text) => !/--|\.\.|\.(?:git|gguf)$/i.test(text));
const revision = fc.option(fc.constantFrom("v1.0", "refs/pr/3", "a".repeat(40), "feature/x-y"), { nil: null });
const quantization = fc.option(fc.constantFrom("Q4_K_M", "UD-IQ2_XXS", "MXFP4_MOE", "OTHER.1"), { nil: null });
const file = fc
  .array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 })
  .map((parts) => `${parts.join("/")}.gguf`)
  .filter((path) => isSafePath(path) && !path.endsWith("/.gguf"));
const repositoryName = fc
  .tuple(segment, segment)
  .map((parts) => parts.join("/"))
  .filter((name) => !/^(?:datasets|spaces|api|docs)\//.test(name));
const names = fc.oneof<fc.Arbitrary<ModelName>[]>(
  fc.record({
    source: fc.constant("hub"),
    repository: repositoryName,
    quantization,
    file: fc.constant(null),
    revision,
  }),
  fc.record({
    source: fc.constant("hub"),
    repository: repositoryName,
    quantization: fc.constant(null),
    file,
    revision,
  }),
  fc.record({
    source: fc.constant("ollama"),
    namespace: fc.constantFrom("library", "ada", "a-b_c"),
    model: segment,
    tag: fc.oneof(segment, fc.constant("latest")),
  }),
  fc.record({ source: fc.constant("word"), word: segment }),
  segment.map((name) => ({ source: "address", url: `https://example.org/${name}.gguf` })),
);

test("a formatted name is read as the same name", () => {
  fc.assert(
    fc.property(names, fc.constantFrom(hub, mirror), (name, environment) => {
      expect(parseModelName(formatModelName(name), environment)).toEqual(name);
    }),
  );
});

test("any text is refused with a typed error, or read into parts that are safe in paths and read the same again", () => {
  const piece = fc.constantFrom(
    "org",
    "/",
    "..",
    ".",
    ":",
    "@",
    "https://",
    "huggingface.co",
    "hf:",
    "ollama:",
    "blob",
    "tree",
    "main",
    "%2e%2e",
    "%2F",
    "%00",
    "x.gguf",
    "Q4_K_M",
    "\\",
    "?",
    "#",
    "-",
    "C:",
    "~",
    "hub.local:8080",
    "models",
    "\u0000",
    " ",
    "é",
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(piece, { maxLength: 12 }).map((parts) => parts.join("")),
  );
  let read = 0;
  fc.assert(
    fc.property(texts, fc.constantFrom(hub, mirror), (text, environment) => {
      let name: ModelName;
      try {
        name = parseModelName(text, environment);
      } catch (error) {
        expect(HubError.isInstance(error) && error.code).toBe("invalid-model-name");
        return;
      }
      read += 1;
      for (const part of Object.values(name)) {
        if (typeof part === "string" && part !== (name as { url?: string }).url) expect(isSafePath(part)).toBe(true);
      }
      expect(parseModelName(formatModelName(name), environment)).toEqual(name);
    }),
    { numRuns: 3000, seed: 1 },
  );
  expect(read).toBeGreaterThan(20);
});
