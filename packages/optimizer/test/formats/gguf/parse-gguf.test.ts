import { describe, expect, it } from "vitest";
import type { GgufHeader } from "../../../src/formats/gguf/gguf-header.js";
import { parseGguf } from "../../../src/formats/gguf/parse-gguf.js";
import { writeGguf } from "../../../src/formats/gguf/write-gguf.js";
import { InvalidModelFileError } from "../../../src/formats/invalid-model-file-error.js";
import { buildTinyGguf } from "../../../src/testing/index.js";
import { tinyGguf } from "../../../src/testing/tiny-gguf.js";
import { MemorySource } from "../../memory-source.js";
import {
  arrayEntry,
  joined,
  type RawGguf,
  rawEntry,
  rawGguf,
  rawTensor,
  rawText,
  textEntry,
  uint32,
  uint32Entry,
  uint64,
} from "./raw-gguf.js";

const parse = (bytes: Uint8Array): Promise<GgufHeader> => parseGguf("model.gguf", new MemorySource(bytes));

async function refusalOf(bytes: Uint8Array): Promise<InvalidModelFileError> {
  const error = await parse(bytes).then(
    () => expect.fail("the file was accepted"),
    (error: unknown) => error,
  );
  if (!(error instanceof InvalidModelFileError)) throw error;
  expect(error.code).toBe("invalid-model-file");
  expect(error.path).toBe("model.gguf");
  expect(error.hint).toMatch(/^\S.*\.$/);
  expect(error.message).toBe(error.message.trim());
  expect(error.offset).toBeGreaterThanOrEqual(0);
  expect(error.offset).toBeLessThanOrEqual(bytes.length);
  return error;
}

const llama = textEntry("general.architecture", "llama");
const beyond = 2n ** 63n;
const HEADER_BYTES = 24;

describe("an illegal file is refused with the field and its offset", () => {
  it.each<[string, RawGguf | Uint8Array, string, RegExp, number]>([
    ["wrong magic", { magic: "GGML" }, "the file", /begins with 47 47 4d 4c instead of 47 47 55 46, "GGUF"/, 0],
    ["version 0", { version: 0 }, "version", /is 0, which llama.cpp no longer reads/, 4],
    ["version 1", { version: 1 }, "version", /is 1, which llama.cpp no longer reads/, 4],
    ["version 4", { version: 4 }, "version", /is 4, but the newest supported version is 3/, 4],
    ["version 99", { version: 99 }, "version", /is 99/, 4],
    ["a big-endian version 1", { version: 0x01000000 }, "version", /is 1,/, 4],
    ["a big-endian version 9", { version: 0x09000000 }, "version", /is 9,/, 4],
    ["too many tensors", { tensorCount: 65_537n }, "tensor count", /is 65537, but the limit is 65536/, 8],
    ["2^63 tensors", { tensorCount: beyond }, "tensor count", /is negative or far too large/, 8],
    ["-1 tensors", { tensorCount: -1n }, "tensor count", /is negative or far too large/, 8],
    ["too many entries", { entryCount: 65_537n }, "metadata count", /is 65537, but the limit is 65536/, 16],
    ["2^64 - 1 entries", { entryCount: -1n }, "metadata count", /is negative or far too large/, 16],
    ["fewer entries than stated", { entryCount: 1n }, "key 1 of 1", /extends beyond the end of the file/, 24],
    ["fewer tensors than stated", { tensorCount: 1n }, "tensor 1 of 1", /extends beyond the end of the file/, 24],

    ["an empty key", { entries: [textEntry("", "a")] }, "key 1 of 1", /is empty/, 24],
    ["a key twice", { entries: [llama, llama] }, "general.architecture", /occurs twice/, HEADER_BYTES + llama.length],
    [
      "a key that is not UTF-8",
      { entries: [rawEntry(Buffer.from([0xc3, 0x28]), 8, rawText("a"))] },
      "key 1 of 1",
      /not UTF-8/,
      24,
    ],
    ["a key that contains NUL", { entries: [textEntry("a\0b", "a")] }, "key 1 of 1", /contains NUL/, 24],
    [
      "a key of 64 KB",
      { entries: [textEntry("k".repeat(65_536), "a")] },
      "key 1 of 1",
      /65536 bytes, more than 65535/,
      24,
    ],
    ["a key length of 2^63", { entries: [joined(uint64(beyond), uint32(8))] }, "key 1 of 1", /beyond the end/, 32],
    ["value type 13", { entries: [rawEntry("a", 13)] }, "a", /has the unknown type 13/, 33],
    ["value type 2^32 - 1", { entries: [rawEntry("a", 0xffffffff)] }, "a", /unknown type 4294967295/, 33],
    ["a number cut off", { entries: [rawEntry("a", 10, uint32(1))] }, "a", /beyond the end/, 37],
    ["a text of 2^63 bytes", { entries: [rawEntry("a", 8, uint64(beyond))] }, "a", /beyond the end/, 45],
    ["a text longer than the file", { entries: [rawEntry("a", 8, uint64(99n))] }, "a", /beyond the end/, 45],
    [
      "an array of 2^63 numbers",
      { entries: [arrayEntry("a", 4, beyond)] },
      "a",
      /an array of over 9007199254740991 values/,
      37,
    ],
    [
      "an array that wraps: 2^62 × 4",
      { entries: [arrayEntry("a", 4, 2n ** 62n)] },
      "a",
      /more than the file can contain/,
      37,
    ],
    [
      "an array longer than the file",
      { entries: [arrayEntry("a", 0, 9n)] },
      "a",
      /an array of 9 values, more than/,
      37,
    ],
    [
      "an array of texts longer than the file",
      { entries: [arrayEntry("a", 8, 2n, rawText("b"))] },
      "a",
      /an array of 2 values, more/,
      37,
    ],
    [
      "a text in an array longer than the file",
      { entries: [arrayEntry("a", 8, 2n, rawText("b"), uint64(9n))] },
      "text 2 of a",
      /beyond the end/,
      66,
    ],
    ["an array of arrays", { entries: [arrayEntry("a", 9, 1n, uint32(0), uint64(0n))] }, "a", /an array of arrays/, 37],
    ["an array of an unknown type", { entries: [arrayEntry("a", 77, 0n)] }, "a", /unknown type 77/, 37],

    [
      "alignment 0",
      { entries: [uint32Entry("general.alignment", 0)] },
      "general.alignment",
      /is 0, not a power of two/,
      53,
    ],
    [
      "alignment 3",
      { entries: [uint32Entry("general.alignment", 3)] },
      "general.alignment",
      /is 3, not a power of two/,
      53,
    ],
    [
      "alignment 2^30",
      { entries: [uint32Entry("general.alignment", 2 ** 30)] },
      "general.alignment",
      /is 1073741824, more than 1048576/,
      53,
    ],
    [
      "alignment 2^31",
      { entries: [uint32Entry("general.alignment", 2 ** 31)] },
      "general.alignment",
      /is 2147483648, more/,
      53,
    ],
    [
      "alignment as a text",
      { entries: [textEntry("general.alignment", "32")] },
      "general.alignment",
      /has the type text instead of uint32/,
      53,
    ],
    [
      "alignment as uint64",
      { entries: [rawEntry("general.alignment", 10, uint64(32n))] },
      "general.alignment",
      /has the type uint64/,
      53,
    ],
    [
      "an architecture that is a number",
      { entries: [uint32Entry("general.architecture", 1)] },
      "general.architecture",
      /is a uint32 instead of a text/,
      56,
    ],
    [
      "513 layers",
      { entries: [llama, uint32Entry("llama.block_count", 513)] },
      "llama.block_count",
      /supports only 512 layers/,
      98,
    ],
    [
      "layers as a text",
      { entries: [llama, textEntry("llama.block_count", "4")] },
      "llama.block_count",
      /is a text instead of a number/,
      98,
    ],
    [
      "layers as -1",
      { entries: [llama, rawEntry("llama.block_count", 11, uint64(-1n))] },
      "llama.block_count",
      /is -1, not a count/,
      98,
    ],
    [
      "layers as 2^60",
      { entries: [llama, rawEntry("llama.block_count", 10, uint64(2n ** 60n))] },
      "llama.block_count",
      /is 1152921504606846976, not a count/,
      98,
    ],
    [
      "layers as an array",
      { entries: [llama, arrayEntry("llama.block_count", 4, 1n, uint32(1))] },
      "llama.block_count",
      /an array of 1 uint32 values instead of a number/,
      98,
    ],
    [
      "heads for 513 layers",
      { entries: [llama, arrayEntry("llama.attention.head_count", 0, 513n, new Uint8Array(513))] },
      "llama.attention.head_count",
      /513 uint8 values instead of one number per layer/,
      107,
    ],
    [
      "heads as texts",
      { entries: [llama, arrayEntry("llama.attention.head_count", 8, 1n, rawText("8"))] },
      "llama.attention.head_count",
      /1 text values instead/,
      107,
    ],
    [
      "tokens that are not an array",
      { entries: [uint32Entry("tokenizer.ggml.tokens", 1)] },
      "tokenizer.ggml.tokens",
      /is a uint32 instead of an array/,
      57,
    ],
    [
      "a token id that is not a number",
      { entries: [textEntry("tokenizer.ggml.eos_token_id", "2")] },
      "tokenizer.ggml.eos_token_id",
      /is a text instead of a number/,
      63,
    ],
    [
      "a flag that is a number",
      { entries: [uint32Entry("tokenizer.ggml.add_bos_token", 1)] },
      "tokenizer.ggml.add_bos_token",
      /is a uint32 instead of a bool/,
      64,
    ],
    [
      "a part number beyond the last",
      { entries: [rawEntry("split.count", 2, Buffer.from([3, 0])), rawEntry("split.no", 2, Buffer.from([3, 0]))] },
      "split.no",
      /is 3, but the last of 3 parts has number 2/,
      69,
    ],
    [
      "too many parts",
      { entries: [rawEntry("split.count", 2, Buffer.from([255, 255]))] },
      "split.count",
      /is 65535, but the limit is 1024/,
      47,
    ],
    [
      "a chat template of over 1 MB",
      { entries: [textEntry("tokenizer.chat_template", "x".repeat(2 ** 20 + 1))] },
      "tokenizer.chat_template",
      /has 1048577 bytes, but the limit is 1048576/,
      59,
    ],
    [
      "a chat template for tools of over 1 MB",
      { entries: [textEntry("tokenizer.chat_template.tool_use", "x".repeat(2 ** 20 + 1))] },
      "tokenizer.chat_template.tool_use",
      /has 1048577 bytes, but the limit is 1048576/,
      68,
    ],
    [
      "too many chat templates",
      { entries: Array.from({ length: 17 }, (_, index) => textEntry(`tokenizer.chat_template.t${index}`, "x")) },
      "tokenizer.chat_template.t16",
      /is template number 17, but the limit is 16/,
      782,
    ],

    [
      "a tensor name of 64 bytes",
      { tensors: [rawTensor({ name: "n".repeat(64) })], dataBytes: 128 },
      "tensor 1 of 1",
      /64 bytes, more than 63/,
      24,
    ],
    [
      "a tensor name that contains NUL",
      { tensors: [rawTensor({ name: "a\0" })], dataBytes: 128 },
      "tensor 1 of 1",
      /contains NUL/,
      24,
    ],
    [
      "a tensor name that is not UTF-8",
      { tensors: [rawTensor({ name: Buffer.from([0xff]) })], dataBytes: 128 },
      "tensor 1 of 1",
      /not UTF-8/,
      24,
    ],
    [
      "a tensor twice",
      { tensors: [rawTensor(), rawTensor({ offset: 128n })], dataBytes: 256 },
      "tensor a.weight",
      /occurs twice/,
      24 + rawTensor().length,
    ],
    [
      "5 dimensions",
      { tensors: [rawTensor({ shape: [1n, 1n, 1n, 1n, 1n] })], dataBytes: 128 },
      "tensor a.weight",
      /has 5 dimensions, more than 4/,
      40,
    ],
    [
      "2^32 - 1 dimensions",
      { tensors: [rawTensor({ shape: [], dimensionCount: 0xffffffff })], dataBytes: 128 },
      "tensor a.weight",
      /has 4294967295 dimensions/,
      40,
    ],
    [
      "a negative dimension",
      { tensors: [rawTensor({ shape: [-32n] })], dataBytes: 128 },
      "tensor a.weight",
      /has a dimension 1 that is negative or far too large/,
      40,
    ],
    [
      "dimensions whose product wraps to 0",
      { tensors: [rawTensor({ shape: [2n ** 31n, 2n ** 31n, 4n] })], dataBytes: 128 },
      "tensor a.weight",
      /has the shape 2147483648 × 2147483648 × 4, which is far too large/,
      24,
    ],
    [
      "dimensions whose product wraps to 32",
      { tensors: [rawTensor({ shape: [32n, 2n ** 40n, 2n ** 24n, 1n] })], dataBytes: 128 },
      "tensor a.weight",
      /which is far too large/,
      24,
    ],
    [
      "a size in bytes that wraps",
      { tensors: [rawTensor({ shape: [2n ** 52n, 2n] })], dataBytes: 128 },
      "tensor a.weight",
      /which is far too large|needs \d+ bytes/,
      24,
    ],
    [
      "type 1000",
      { tensors: [rawTensor({ typeId: 1000 })], dataBytes: 128 },
      "tensor a.weight",
      /is stored as type 1000, which llama.cpp does not have/,
      52,
    ],
    ...[60, 77, 96].map((typeId): [string, RawGguf, string, RegExp, number] => [
      `type ${typeId}, possible in the future`,
      { tensors: [rawTensor({ typeId })], dataBytes: 128 },
      "tensor a.weight",
      /this version does not support/,
      52,
    ]),
    ...[4, 5, 31, 32, 33, 36, 37, 38].map((typeId): [string, RawGguf, string, RegExp, number] => [
      `type ${typeId}, removed`,
      { tensors: [rawTensor({ typeId })], dataBytes: 128 },
      "tensor a.weight",
      /llama.cpp does not support/,
      52,
    ]),
    [
      "rows that do not fill blocks",
      { tensors: [rawTensor({ shape: [33n], typeId: 8 })], dataBytes: 128 },
      "tensor a.weight",
      /rows of 33 weights, not a multiple of 32 as q8_0 requires/,
      24,
    ],
    [
      "rows that do not fill large blocks",
      { tensors: [rawTensor({ shape: [32n, 8n], typeId: 12 })], dataBytes: 256 },
      "tensor a.weight",
      /rows of 32 weights, not a multiple of 256 as q4_k requires/,
      24,
    ],
    [
      "a tensor larger than the file",
      { tensors: [rawTensor({ shape: [1024n] })], dataBytes: 128 },
      "tensor a.weight",
      /needs 4096 bytes, but the file has only 192/,
      24,
    ],
    [
      "a first tensor that is not at the start",
      { tensors: [rawTensor({ offset: 32n })], dataBytes: 256 },
      "tensor a.weight",
      /has the data offset 32, but the previous tensor ends at 0/,
      24,
    ],
    [
      "an offset of 2^40",
      { tensors: [rawTensor({ offset: 2n ** 40n })], dataBytes: 128 },
      "tensor a.weight",
      /data offset 1099511627776/,
      24,
    ],
    [
      "an offset of 2^63",
      { tensors: [rawTensor({ offset: beyond })], dataBytes: 128 },
      "tensor a.weight",
      /data offset a negative or far too large offset/,
      24,
    ],
    [
      "an unaligned offset",
      { tensors: [rawTensor({ shape: [1n] }), rawTensor({ name: "b", offset: 4n })], dataBytes: 192 },
      "tensor b",
      /has the data offset 4, but the previous tensor ends at 32/,
      24 + rawTensor().length,
    ],
    [
      "tensors that overlap",
      { tensors: [rawTensor(), rawTensor({ name: "b", offset: 64n })], dataBytes: 256 },
      "tensor b",
      /has the data offset 64, but the previous tensor ends at 128/,
      24 + rawTensor().length,
    ],
    [
      "data that end too early",
      { tensors: [rawTensor()], dataBytes: 127 },
      "tensor a.weight",
      /ends at byte 192, but the file has only 191 bytes/,
      24,
    ],
    [
      "no data at all",
      { tensors: [rawTensor({ shape: [8n] })] },
      "tensor a.weight",
      /ends at byte 96, but the file has only 64 bytes/,
      24,
    ],
  ])("%s", async (_, file, field, problem, offset) => {
    const error = await refusalOf(file instanceof Uint8Array ? file : rawGguf(file));
    expect({ field: error.field, offset: error.offset }).toEqual({ field, offset });
    expect(error.message).toMatch(problem);
    expect(error.message).toContain(`model.gguf cannot be used as a model: ${field} `);
    expect(error.reason).toBe(offset === 0 ? null : `The problem is at byte ${offset} of the file.`);
  });

  it("if its header is cut off anywhere", async () => {
    const whole = buildTinyGguf();
    const { data_offset } = await parse(whole);
    for (let length = 0; length < data_offset; length += 97) {
      const error = await refusalOf(whole.subarray(0, length));
      expect(error.offset).toBeLessThanOrEqual(length);
    }
  });

  it("if it gets shorter while it is read", async () => {
    const whole = buildTinyGguf();
    const source = new MemorySource(whole.subarray(0, 5000), whole.length);
    await expect(parseGguf("model.gguf", source)).rejects.toThrow(InvalidModelFileError);
  });

  it("if its names and texts exceed 8 MB together", async () => {
    const long = "k".repeat(60_000);
    const entries = Array.from({ length: 200 }, (_, index) => uint32Entry(`${long}${index}`, 1));
    const error = await refusalOf(rawGguf({ entries }));
    expect(error.message).toMatch(/exceeds the limit of 8388608 bytes for the names and texts/);
  });

  it("with a hint for a type of ik_llama.cpp", async () => {
    const error = await refusalOf(rawGguf({ tensors: [rawTensor({ typeId: 139 })], dataBytes: 128 }));
    expect(error.hint).toContain("ik_llama.cpp");
  });

  it("if it has four million texts, while a million empty ones are read quickly", async () => {
    const texts = (count: number) => arrayEntry("a", 8, BigInt(count), new Uint8Array(8 * count));
    const start = performance.now();
    await parse(rawGguf({ entries: [texts(2 ** 20)] }));
    expect(performance.now() - start).toBeLessThan(2000);
    const error = await refusalOf(rawGguf({ entries: [texts(2 ** 22 + 1)] }));
    expect(error.message).toMatch(/an array of 4194305 texts, but the limit is 4194304/);
  });
});

describe("an unusual but legal file is read", () => {
  it("with keys that JavaScript objects have", async () => {
    const entries = ["__proto__", "constructor", "toString", "hasOwnProperty"].map((key) => uint32Entry(key, 7));
    const header = await parse(rawGguf({ entries: [...entries, textEntry("general.architecture", "__proto__")] }));
    expect(header.architecture).toBe("__proto__");
    expect(header.shape.block_count).toBeNull();
    expect(Object.getPrototypeOf(header)).toBe(Object.prototype);
  });

  it("with an empty header", async () => {
    const header = await parse(rawGguf());
    expect(header).toMatchObject({ version: 3, byte_order: "little", architecture: null, name: null, data_offset: 24 });
    expect(header.tensors).toEqual([]);
    expect(header.tokenizer).toEqual({
      model: null,
      pre: null,
      token_count: null,
      merge_count: null,
      chat_template: null,
      named_chat_templates: {},
      bos_token_id: null,
      eos_token_id: null,
      eot_token_id: null,
      padding_token_id: null,
      add_bos_token: null,
      add_eos_token: null,
    });
  });

  it("with a tensor without weights, and one without dimensions", async () => {
    const tensors = [
      rawTensor({ name: "empty", shape: [32n, 0n] }),
      rawTensor({ name: "one", shape: [] }),
      rawTensor({ name: "last", offset: 32n }),
    ];
    const header = await parse(rawGguf({ tensors, dataBytes: 160 }));
    expect(header.tensors.map(({ name, weights, bytes }) => [name, weights, bytes])).toEqual([
      ["empty", 0, 0],
      ["one", 1, 4],
      ["last", 32, 128],
    ]);
  });

  it("with every value type, single and in an array", async () => {
    const bytes = new Uint8Array(8);
    const sizes = [1, 1, 2, 2, 4, 4, 4, 1, null, null, 8, 8, 8];
    const entries = sizes.flatMap((size, typeId) =>
      size === null
        ? []
        : [
            rawEntry(`single.${typeId}`, typeId, bytes.subarray(0, size)),
            arrayEntry(`short.${typeId}`, typeId, 3n, new Uint8Array(3 * size)),
            arrayEntry(`long.${typeId}`, typeId, 5000n, new Uint8Array(5000 * size)),
            arrayEntry(`none.${typeId}`, typeId, 0n),
          ],
    );
    const header = await parse(rawGguf({ entries: [...entries, textEntry("general.name", "after")] }));
    expect(header.name).toBe("after");
  });

  it("with a text that is too long to be kept", async () => {
    const entries = [textEntry("general.name", "n".repeat(300_000)), textEntry("general.architecture", "llama")];
    const header = await parse(rawGguf({ entries }));
    expect(header.name).toBeNull();
    expect(header.architecture).toBe("llama");
  });

  it("with a name that is not UTF-8, which is shown with replacement characters", async () => {
    const entries = [rawEntry("general.name", 8, rawText(Buffer.from([0x41, 0xff, 0x42])))];
    expect((await parse(rawGguf({ entries }))).name).toBe("A\ufffdB");
  });

  it("with named chat templates", async () => {
    const template = "{% for t in tools %}{{ t }}{% endfor %}".repeat(200);
    const entries = [
      llama,
      textEntry("tokenizer.chat_template.tool_use", template),
      textEntry("tokenizer.chat_template.blank", " \n"),
      uint32Entry("tokenizer.chat_template.number", 1),
    ];
    const { tokenizer } = await parse(rawGguf({ entries }));
    expect(tokenizer).toMatchObject({ chat_template: null, named_chat_templates: { tool_use: template } });
    expect(Object.keys(tokenizer.named_chat_templates)).toEqual(["tool_use"]);
  });

  it("with figures in any integer type, and per layer", async () => {
    const entries = [
      llama,
      rawEntry("llama.block_count", 0, new Uint8Array([2])),
      rawEntry("llama.embedding_length", 10, uint64(64n)),
      arrayEntry("llama.attention.head_count_kv", 5, 2n, uint32(4), uint32(0)),
    ];
    const { shape } = await parse(rawGguf({ entries }));
    expect(shape).toMatchObject({ block_count: 2, embedding_length: 64, head_count_kv: [4, 0], head_count: null });
  });

  it("with 512 layers", async () => {
    const header = await parse(rawGguf({ entries: [llama, uint32Entry("llama.block_count", 512)] }));
    expect(header.shape.block_count).toBe(512);
  });

  it.each([1, 64, 4096])("with data aligned to %i bytes", async (alignment) => {
    const contents = tinyGguf();
    const metadata = { ...contents.metadata, "general.alignment": { type: "uint32", value: alignment } as const };
    const header = await parse(writeGguf({ ...contents, metadata }));
    expect(header.alignment_bytes).toBe(alignment);
    expect(header.data_offset % alignment).toBe(0);
    for (const { offset } of header.tensors) expect(offset % alignment).toBe(0);
  });
});

describe("the parsed header", () => {
  it("is the same in version 2 and 3 and in both byte orders", async () => {
    const { path, ...expected } = await parse(buildTinyGguf());
    for (const version of [2, 3] as const) {
      for (const byteOrder of ["little", "big"] as const) {
        const header = await parse(buildTinyGguf({ version, byteOrder }));
        expect(header).toEqual({ ...expected, path, version, byte_order: byteOrder });
      }
    }
  });

  it("has the figures, the tokenizer and the tensors with their offsets", async () => {
    const header = await parse(buildTinyGguf({ architecture: "qwen3", headLength: 32, weightType: "q8_0" }));
    expect(header).toMatchObject({
      architecture: "qwen3",
      name: "Tiny test model",
      alignment_bytes: 32,
      shape: {
        context_length: 512,
        embedding_length: 64,
        block_count: 2,
        feed_forward_length: 128,
        head_count: 4,
        head_count_kv: 2,
        key_length: 32,
        value_length: 32,
        rope_dimension_count: 32,
        vocab_size: null,
        expert_count: null,
      },
      tokenizer: {
        model: "gpt2",
        pre: "qwen2",
        token_count: 512,
        merge_count: 253,
        bos_token_id: 1,
        eos_token_id: 2,
        padding_token_id: 0,
        add_bos_token: false,
        add_eos_token: null,
      },
    });
    expect(header.tokenizer.chat_template).toContain("<|im_start|>");
    expect(header.tokenizer.named_chat_templates).toEqual({});
    expect(header.tensors[0]).toEqual({
      name: "token_embd.weight",
      type: "q8_0",
      shape: [64, 512],
      weights: 32_768,
      offset: header.data_offset,
      bytes: 34_816,
    });
    expect(header.tensors).toHaveLength(2 + 2 * 11);
    const last = header.tensors.at(-1);
    expect((last?.offset ?? 0) + (last?.bytes ?? 0)).toBe(header.file_bytes);
  });

  it("is read window by window, without any data after it", async () => {
    const file = buildTinyGguf({ vocabularySize: 40_000, embeddingLength: 256 });
    const source = new MemorySource(file);
    const { data_offset } = await parseGguf("model.gguf", source);
    expect(source.bytesRead).toBeLessThan(data_offset + 3 * 128 * 1024);
    expect(source.bytesRead).toBeLessThan(file.length / 10);
  });
});
