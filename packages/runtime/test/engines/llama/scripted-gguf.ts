/** A model with known replies: after a token comes the one that `says` defines for it, and after any other the end. */
export interface Script {
  template: string;
  /** Texts that are control tokens. The first one ends a reply. */
  control: readonly string[];
  says: Readonly<Record<string, string>>;
  contextTokens?: number;
}

/** Embedding size, and thus the maximum number of tokens: each token has one position. */
const WIDTH = 768;
const FEED_FORWARD = 32;
const VALUE = { uint32: 4, float32: 6, bool: 7, string: 8, array: 9 } as const;
const TOKEN_TYPE = { normal: 1, control: 3, userDefined: 4 } as const;
const ALIGNMENT = 32;

/**
 * Returns a GGUF file that llama.cpp loads. Its one layer adds nothing, so its output is a lookup table: a token's
 * embedding has a 1 at its own position, and the output row of the following token has a 1 at the same position.
 */
export function scriptedGguf({ template, control, says, contextTokens = 4096 }: Script): Uint8Array {
  const texts = [...Object.keys(says), ...Object.values(says)];
  const own = [...new Set(texts)].filter((text) => [...text].length > 1 && !control.includes(text));
  const bytes = byteAlphabet();
  const tokens = [...control, ...bytes, "ĠĠ", ...own];
  if (tokens.length > WIDTH) throw new Error("too many tokens");
  const idOf = (text: string) => {
    const known = control.indexOf(text);
    if (known >= 0) return known;
    const at = own.indexOf(text);
    return at < 0 ? control.length + (Buffer.from(text)[0] ?? 0) : control.length + bytes.length + 1 + at;
  };
  const types = tokens.map((_, index) => {
    if (index < control.length) return TOKEN_TYPE.control;
    return index <= control.length + bytes.length ? TOKEN_TYPE.normal : TOKEN_TYPE.userDefined;
  });
  const embedding = new Float32Array(WIDTH * tokens.length);
  const output = new Float32Array(WIDTH * tokens.length);
  const followers = new Map(Object.entries(says).map(([from, to]) => [idOf(from), idOf(to)]));
  for (let token = 0; token < tokens.length; token++) {
    embedding[token * WIDTH + token] = 1;
    output[(followers.get(token) ?? 0) * WIDTH + token] = 1;
  }
  const ones = new Float32Array(WIDTH).fill(1);
  const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((one, other) => one * other)) });
  const tensors = {
    "token_embd.weight": { shape: [WIDTH, tokens.length], data: embedding },
    "output_norm.weight": { shape: [WIDTH], data: ones },
    "output.weight": { shape: [WIDTH, tokens.length], data: output },
    "blk.0.attn_norm.weight": { shape: [WIDTH], data: ones },
    "blk.0.attn_q.weight": zeros(WIDTH, WIDTH),
    "blk.0.attn_k.weight": zeros(WIDTH, WIDTH),
    "blk.0.attn_v.weight": zeros(WIDTH, WIDTH),
    "blk.0.attn_output.weight": zeros(WIDTH, WIDTH),
    "blk.0.ffn_norm.weight": { shape: [WIDTH], data: ones },
    "blk.0.ffn_gate.weight": zeros(WIDTH, FEED_FORWARD),
    "blk.0.ffn_up.weight": zeros(WIDTH, FEED_FORWARD),
    "blk.0.ffn_down.weight": zeros(FEED_FORWARD, WIDTH),
  };
  const metadata: [string, number, Buffer][] = [
    ["general.architecture", VALUE.string, string("llama")],
    ["llama.context_length", VALUE.uint32, uint(contextTokens, 4)],
    ["llama.embedding_length", VALUE.uint32, uint(WIDTH, 4)],
    ["llama.block_count", VALUE.uint32, uint(1, 4)],
    ["llama.feed_forward_length", VALUE.uint32, uint(FEED_FORWARD, 4)],
    ["llama.attention.head_count", VALUE.uint32, uint(6, 4)],
    ["llama.attention.head_count_kv", VALUE.uint32, uint(6, 4)],
    ["llama.rope.dimension_count", VALUE.uint32, uint(128, 4)],
    ["llama.attention.layer_norm_rms_epsilon", VALUE.float32, float(1e-5)],
    ["tokenizer.ggml.model", VALUE.string, string("gpt2")],
    ["tokenizer.ggml.pre", VALUE.string, string("qwen2")],
    ["tokenizer.ggml.tokens", VALUE.array, list(VALUE.string, tokens.map(string))],
    [
      "tokenizer.ggml.token_type",
      VALUE.array,
      list(
        5,
        types.map((type) => uint(type, 4)),
      ),
    ],
    ["tokenizer.ggml.merges", VALUE.array, list(VALUE.string, [string("Ġ Ġ")])],
    ["tokenizer.ggml.eos_token_id", VALUE.uint32, uint(0, 4)],
    ["tokenizer.ggml.bos_token_id", VALUE.uint32, uint(0, 4)],
    ["tokenizer.ggml.add_bos_token", VALUE.bool, uint(0, 1)],
    ["tokenizer.chat_template", VALUE.string, string(template)],
  ];
  let offset = 0;
  const infos = Object.entries(tensors).map(([name, { shape, data }]) => {
    const info = [
      string(name),
      uint(shape.length, 4),
      ...shape.map((size) => uint(size, 8)),
      uint(0, 4),
      uint(offset, 8),
    ];
    offset += data.byteLength + padding(data.byteLength);
    return Buffer.concat(info);
  });
  const header = Buffer.concat([
    Buffer.from("GGUF"),
    uint(3, 4),
    uint(infos.length, 8),
    uint(metadata.length, 8),
    ...metadata.flatMap(([key, type, value]) => [string(key), uint(type, 4), value]),
    ...infos,
  ]);
  const parts = Object.values(tensors).flatMap(({ data }) => [
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    Buffer.alloc(padding(data.byteLength)),
  ]);
  return Buffer.concat([header, Buffer.alloc(padding(header.length)), ...parts]);
}

/** Characters that represent the 256 bytes in this kind of vocabulary. Printable ones represent themselves. */
function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCodePoint(isPrintable ? byte : next++);
  });
}

function uint(value: number, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  buffer.writeUIntLE(value, 0, Math.min(size, 6));
  return buffer;
}

function float(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}

function string(text: string): Buffer {
  return Buffer.concat([uint(Buffer.byteLength(text), 8), Buffer.from(text)]);
}

function list(type: number, values: readonly Buffer[]): Buffer {
  return Buffer.concat([uint(type, 4), uint(values.length, 8), ...values]);
}

function padding(length: number): number {
  return (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
}
