import type { ByteSource } from "../byte-source.js";
import { describeForeignFile, SNIFFED_BYTES } from "../foreign/describe-foreign-file.js";
import { WHOLE_FILE } from "../invalid-model-file-error.js";
import { ModelFileCursor } from "../model-file-cursor.js";
import { MAX_PARTS } from "../model-parts.js";
import type { GgufHeader, GgufShape, GgufSplit, GgufTensor, GgufTokenizer, PerLayer } from "./gguf-header.js";
import { MAX_ALIGNMENT_BYTES, MAX_HEADER_BYTES, MAX_LAYERS, MAX_METADATA_ENTRIES, MAX_TENSORS } from "./gguf-limits.js";
import type { GgufMetadata } from "./gguf-metadata.js";
import { CHAT_TEMPLATE_KEY, NAMED_TEMPLATE_PREFIX, readMetadata } from "./read-metadata.js";
import { type ListedTensor, readTensors } from "./read-tensors.js";

/** The bytes of "GGUF", in the same order in files of both byte orders. */
const MAGIC = [0x47, 0x47, 0x55, 0x46] as const;
const DEFAULT_ALIGNMENT_BYTES = 32;
const OLDEST_VERSION = 2;
const NEWEST_VERSION = 3;

/**
 * Parses the header of one GGUF file, version 2 or 3, in either byte order. Holds a window of 128 KB of the source and
 * the result of at most 8 MB. Every length, product and offset is checked against the length of the source before it is
 * used. Throws {@link InvalidModelFileError} with the field and its offset.
 */
export async function parseGguf(path: string, source: ByteSource): Promise<GgufHeader> {
  const cursor = new ModelFileCursor(path, source);
  await takeMagic(cursor, source);
  const version = await takeVersion(cursor);
  await cursor.need(16, "tensor count");
  const tensorCount = takeCount(cursor, "tensor count", MAX_TENSORS);
  const entryCount = takeCount(cursor, "metadata count", MAX_METADATA_ENTRIES);
  const metadata = await readMetadata(cursor, entryCount);
  const alignment_bytes = alignmentOf(metadata);
  const listed = await readTensors(cursor, tensorCount);
  const data_offset = tensorCount > 0 ? padTo(cursor.offset, alignment_bytes) : cursor.offset;
  if (data_offset > MAX_HEADER_BYTES) {
    cursor.fail("tensor data", `begin at byte ${data_offset}: the header is larger than ${MAX_HEADER_BYTES} bytes`);
  }
  const tensors = placed(cursor, listed, data_offset, alignment_bytes);
  await refuseSecondFile(cursor, source, { end: lastByte(tensors, cursor.offset), data_offset, alignment_bytes });
  const architecture = metadata.text("general.architecture");
  return {
    path,
    version,
    byte_order: cursor.littleEndian ? "little" : "big",
    file_bytes: source.length,
    alignment_bytes,
    data_offset,
    architecture,
    name: metadata.text("general.name"),
    purpose: {
      type: metadata.text("general.type"),
      pooling: metadata.count(`${architecture}.pooling_type`),
      causal: metadata.flag(`${architecture}.attention.causal`),
      tags: metadata.texts("general.tags"),
      label_count: metadata.arrayLength(`${architecture}.classifier.output_labels`),
    },
    shape: shapeOf(metadata, architecture),
    tokenizer: tokenizerOf(metadata),
    split: splitOf(metadata),
    tensors,
  };
}

async function takeMagic(cursor: ModelFileCursor, source: ByteSource): Promise<void> {
  if (source.length === 0) {
    cursor.fail(WHOLE_FILE, "is empty", {
      hint: "Download it again.",
      fault: "cut-off",
    });
  }
  const magic = new Uint8Array(MAGIC.length);
  await source.read(0, magic);
  if (MAGIC.some((byte, index) => magic[index] !== byte)) {
    const start = new Uint8Array(Math.min(SNIFFED_BYTES, source.length));
    const found = start.subarray(0, await source.read(0, start));
    const { problem, hint, fault } = describeForeignFile(found, cursor.path);
    cursor.fail(WHOLE_FILE, problem, { hint, fault });
  }
  await cursor.need(4, "magic");
  cursor.takeUint32();
}

/** Takes the version. If it is valid only with swapped bytes, the file has the other byte order. */
async function takeVersion(cursor: ModelFileCursor): Promise<2 | 3> {
  const offset = cursor.offset;
  await cursor.need(4, "version");
  const asLittle = cursor.takeUint32();
  const isSwapped = asLittle !== 0 && asLittle % 2 ** 16 === 0;
  cursor.littleEndian = !isSwapped;
  const version = isSwapped ? swapped(asLittle) : asLittle;
  if (version === OLDEST_VERSION || version === NEWEST_VERSION) return version;
  if (version > NEWEST_VERSION) {
    cursor.fail("version", `is ${version}, but the newest supported version is ${NEWEST_VERSION}`, {
      offset,
      hint: "The file is damaged or newer than this program: update nanoagent.",
    });
  }
  cursor.fail("version", `is ${version}, which llama.cpp no longer reads`, {
    offset,
    hint: "Use a newer file of this model.",
  });
}

function swapped(value: number): number {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value, true);
  return bytes.getUint32(0, false);
}

function takeCount(cursor: ModelFileCursor, field: string, most: number): number {
  const offset = cursor.offset;
  const count = cursor.takeLength();
  if (count > most) {
    const found = Number.isFinite(count) ? String(count) : "negative or far too large";
    cursor.fail(field, `is ${found}, but the limit is ${most}`, { offset });
  }
  return count;
}

function alignmentOf(metadata: GgufMetadata): number {
  const key = "general.alignment";
  const entry = metadata.entry(key);
  if (entry === null) return DEFAULT_ALIGNMENT_BYTES;
  if (entry.type !== "uint32") metadata.fail(key, `has the type ${entry.type} instead of uint32`);
  const alignment = Number(entry.value);
  if (alignment === 0 || (alignment & (alignment - 1)) !== 0) metadata.fail(key, `is ${alignment}, not a power of two`);
  if (alignment > MAX_ALIGNMENT_BYTES) metadata.fail(key, `is ${alignment}, more than ${MAX_ALIGNMENT_BYTES}`);
  return alignment;
}

/** Returns the position of this file in a split model; null for a model in one file. */
function splitOf(metadata: GgufMetadata): GgufSplit | null {
  const count = metadata.count("split.count");
  if (count === null || count <= 1) return null;
  if (count > MAX_PARTS) metadata.fail("split.count", `is ${count}, but the limit is ${MAX_PARTS}`);
  const number = metadata.count("split.no") ?? 0;
  if (number >= count)
    metadata.fail("split.no", `is ${number}, but the last of ${count} parts has number ${count - 1}`);
  return { number, count, tensor_count: metadata.count("split.tensors.count") };
}

function shapeOf(metadata: GgufMetadata, architecture: string | null): GgufShape {
  const of = (key: string) => metadata.count(`${architecture}.${key}`);
  const ofEach = (key: string): PerLayer => metadata.countPerLayer(`${architecture}.${key}`);
  const flagsOr = (key: string) =>
    metadata.flagPerLayer(`${architecture}.${key}`) ?? metadata.count(`${architecture}.${key}`);
  const block_count = of("block_count");
  if (block_count !== null && block_count > MAX_LAYERS) {
    metadata.fail(`${architecture}.block_count`, `is ${block_count}, but llama.cpp supports only ${MAX_LAYERS} layers`);
  }
  return {
    context_length: of("context_length"),
    embedding_length: of("embedding_length"),
    block_count,
    feed_forward_length: ofEach("feed_forward_length"),
    head_count: ofEach("attention.head_count"),
    head_count_kv: ofEach("attention.head_count_kv"),
    key_length: of("attention.key_length"),
    value_length: of("attention.value_length"),
    rope_dimension_count: of("rope.dimension_count"),
    vocab_size: of("vocab_size"),
    expert_count: of("expert_count"),
    expert_used_count: ofEach("expert_used_count"),
    expert_feed_forward_length: ofEach("expert_feed_forward_length"),
    expert_shared_count: of("expert_shared_count"),
    expert_group_count: of("expert_group_count"),
    leading_dense_block_count: of("leading_dense_block_count"),
    nextn_predict_layers: of("nextn_predict_layers"),
    sliding_window: of("attention.sliding_window"),
    sliding_window_pattern: flagsOr("attention.sliding_window_pattern"),
    key_length_swa: of("attention.key_length_swa"),
    value_length_swa: of("attention.value_length_swa"),
    shared_kv_layers: of("attention.shared_kv_layers"),
    kv_lora_rank: of("attention.kv_lora_rank"),
    key_length_mla: of("attention.key_length_mla"),
    value_length_mla: of("attention.value_length_mla"),
    recurrent_layers: metadata.flagPerLayer(`${architecture}.attention.recurrent_layers`),
    full_attention_interval: of("full_attention_interval"),
    ssm_conv_kernel: of("ssm.conv_kernel"),
    ssm_inner_size: of("ssm.inner_size"),
    ssm_state_size: of("ssm.state_size"),
    ssm_group_count: of("ssm.group_count"),
    ssm_time_step_rank: of("ssm.time_step_rank"),
    shortconv_l_cache: of("shortconv.l_cache"),
    wkv_head_size: of("wkv.head_size"),
    token_shift_count: of("token_shift_count"),
    kda_head_dim: of("kda.head_dim"),
  };
}

function tokenizerOf(metadata: GgufMetadata): GgufTokenizer {
  const token = (name: string) => metadata.count(`tokenizer.ggml.${name}_token_id`);
  return {
    model: metadata.text("tokenizer.ggml.model"),
    pre: metadata.text("tokenizer.ggml.pre"),
    token_count: metadata.arrayLength("tokenizer.ggml.tokens"),
    merge_count: metadata.arrayLength("tokenizer.ggml.merges"),
    // A blank template counts as missing.
    chat_template: metadata.text(CHAT_TEMPLATE_KEY)?.trim() ? metadata.text(CHAT_TEMPLATE_KEY) : null,
    named_chat_templates: namedTemplates(metadata),
    bos_token_id: token("bos"),
    eos_token_id: token("eos"),
    eot_token_id: token("eot"),
    padding_token_id: token("padding"),
    add_bos_token: metadata.flag("tokenizer.ggml.add_bos_token"),
    add_eos_token: metadata.flag("tokenizer.ggml.add_eos_token"),
  };
}

/** Returns the templates under keys such as `tokenizer.chat_template.tool_use`, without blank ones. */
function namedTemplates(metadata: GgufMetadata): Record<string, string> {
  const names = metadata.keys().filter((key) => {
    return key.startsWith(NAMED_TEMPLATE_PREFIX) && metadata.entry(key)?.type === "text";
  });
  const templates = names.map((key) => [key.slice(NAMED_TEMPLATE_PREFIX.length), metadata.text(key)] as const);
  return Object.fromEntries(templates.filter((entry): entry is [string, string] => Boolean(entry[1]?.trim())));
}

/**
 * Checks that each tensor begins where the previous one ends, and that all lie inside the file. Returns the tensors.
 */
function placed(
  cursor: ModelFileCursor,
  listed: readonly ListedTensor[],
  dataOffset: number,
  alignmentBytes: number,
): GgufTensor[] {
  let expected = 0;
  return listed.map(({ dataOffset: stated, tableOffset, ...tensor }) => {
    const field = `tensor ${tensor.name}`;
    if (stated !== expected) {
      const found = Number.isFinite(stated) ? stated : "a negative or far too large offset";
      const problem = `has the data offset ${found}, but the previous tensor ends at ${expected}`;
      cursor.fail(field, problem, { offset: tableOffset });
    }
    const end = dataOffset + stated + tensor.bytes;
    if (end > cursor.fileBytes) {
      cursor.failCutOff(field, `ends at byte ${end}, but the file has only ${cursor.fileBytes} bytes`, tableOffset);
    }
    expected = padTo(stated + tensor.bytes, alignmentBytes);
    return { ...tensor, offset: dataOffset + stated };
  });
}

interface DataEnd {
  end: number;
  data_offset: number;
  alignment_bytes: number;
}

/** Refuses concatenated files, because llama.cpp would ignore all but the first. */
async function refuseSecondFile(
  cursor: ModelFileCursor,
  source: ByteSource,
  { end, data_offset, alignment_bytes }: DataEnd,
): Promise<void> {
  const padded = Math.max(data_offset, data_offset + padTo(end - data_offset, alignment_bytes));
  for (const offset of new Set([end, padded, padTo(end, alignment_bytes)])) {
    const start = new Uint8Array(MAGIC.length);
    if (offset + start.length > source.length || (await source.read(offset, start)) < start.length) continue;
    if (MAGIC.some((byte, index) => start[index] !== byte)) continue;
    cursor.fail(WHOLE_FILE, "contains several GGUF files, one after another", {
      offset,
      hint:
        "Keep the parts of a model as separate files: download them again into one folder, keep their names, and use " +
        "the first. To merge them, run llama-gguf-split --merge FIRST-PART NEW-FILE.",
    });
  }
}

function lastByte(tensors: readonly GgufTensor[], headerEnd: number): number {
  return tensors.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), headerEnd);
}

function padTo(bytes: number, multiple: number): number {
  return Math.ceil(bytes / multiple) * multiple;
}
