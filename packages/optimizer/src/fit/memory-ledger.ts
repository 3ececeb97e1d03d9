import type { LedgerLine, MemoryLedger } from "@nanoagent/models";
import { type TransformerShape, transformerShape } from "../architectures/transformer-shape.js";
import type { GgufHeader, GgufTensor } from "../formats/gguf/gguf-header.js";
import { bytesOfWeights, tensorTypeNamed } from "../formats/tensor-types.js";
import { computeBuffer, effectiveBatchTokens } from "./compute-buffer.js";
import {
  BYTES_PER_CACHE_CELL,
  CHOOSING_BATCH_TOKENS,
  ENGINE_BASE_BYTES,
  ENGINE_HOST,
  GRAMMAR_BYTES_PER_TOKEN,
  GRAPH_NODES_PER_TENSOR,
  GRAPH_RESERVED_BYTES_PER_NODE,
  GRAPH_RESIDENT_BYTES_PER_NODE,
  type HostCost,
  MIN_GRAPH_NODES,
  SAMPLER_BYTES_PER_TOKEN,
  THREAD_STACK_BYTES,
  VOCABULARY_BYTES_PER_TOKEN,
} from "./engine-costs.js";
import { formatMb } from "./format-mb.js";
import { cacheCells, kvCacheBytes, kvCacheGroups, recurrences, recurrentStateBytes } from "./kv-cache.js";
import { type RepackedTensors, repackedTensors } from "./repacked-tensors.js";

/** A model, and how it is to be run. */
export interface LedgerOptions {
  header: GgufHeader;
  contextTokens: number;
  batchTokens: number;
  /** Element type of the KV cache: `f16`, `q8_0`. */
  kvType: string;
  /** Whether weights are mapped from the file or read into memory. */
  mapsFile: boolean;
  /** Features of the CPU, as in /proc/cpuinfo; null if they are not known: then every copy that any CPU would make counts. */
  cpuFeatures: readonly string[] | null;
  /** Whether replies may be held to a grammar. Default: false. */
  constrainsOutput?: boolean | undefined;
  /** Tokens of the context that scores which tool a message needs. Default: 0, there is none. */
  choosingTokens?: number | undefined;
  /** Threads that the engine computes with. Default: 1. */
  threads?: number | undefined;
  /** The process that the engine lives in; null for one that is accounted for elsewhere. Default: {@link ENGINE_HOST}. */
  host?: HostCost | null | undefined;
}

const FLOAT_BYTES = 4;
/** Lines that are allocated once the weights are in place. */
const MADE_LAST: ReadonlySet<string> = new Set([
  "kv-cache",
  "kv-cache-of-windows",
  "recurrent-state",
  "compute-buffer",
]);
/** Every tensor begins at a multiple of this in the engine's buffers. */
const TENSOR_ALIGNMENT_BYTES = 32;

/**
 * Computes the memory that a model takes, line by line, from its header alone. Reserved KV cache and compute buffer are llama.cpp's
 * own figures, to the byte, for the architectures whose computation is known step by step; others get an estimate that
 * says so. Throws
 * {@link InvalidModelFileError} for a header from which nothing can be computed.
 */
export function memoryLedger(options: LedgerOptions): MemoryLedger {
  const shape = transformerShape(options.header);
  const steady = [
    ...weightLines(options),
    ...kvLines(options, shape),
    ...stateLine(shape),
    computeLine(options, shape),
    outputLine(shape),
    engineLine(options),
    vocabularyLine(shape),
    ...(options.constrainsOutput ? [grammarLine(shape)] : []),
    ...(options.choosingTokens ? [choosingLine(options.choosingTokens, shape)] : []),
    ...hostLines(options),
  ];
  const lines = [...steady, ...loadingLine(options, steady)].map(rounded);
  const sum = (key: "reserved_bytes" | "resident_bytes", kept: (line: LedgerLine) => boolean) =>
    lines.filter(kept).reduce((total, line) => Math.min(total + line[key], Number.MAX_SAFE_INTEGER), 0);
  const stays = ({ kind }: LedgerLine) => kind !== "transient";
  return {
    lines,
    steady_reserved_bytes: sum("reserved_bytes", stays),
    steady_resident_bytes: sum("resident_bytes", stays),
    peak_reserved_bytes: sum("reserved_bytes", () => true),
    peak_resident_bytes: sum("resident_bytes", () => true),
  };
}

function weightLines({ header, mapsFile, cpuFeatures }: LedgerOptions): LedgerLine[] {
  const { copied, tiedEmbedding } = repackedTensors(header, cpuFeatures);
  const copiedBytes = alignedBytes(copied);
  const isAmongCopied = new Set(copied);
  const inPlace = header.tensors.filter((tensor) => !isAmongCopied.has(tensor));
  const assumption = cpuFeatures === null ? "; the CPU is not known, so every type that any CPU reorders counts" : "";
  const types = [...new Set(copied.map(({ type }) => type))].join(", ");
  const lines: LedgerLine[] = [];
  const isCopied = copied.length > 0;
  if (mapsFile) {
    const mappedBytes = mappedRangeBytes(inPlace);
    const reason = isCopied ? "although some of it is copied too" : "and this CPU computes with it as it is";
    lines.push({
      name: "weights",
      kind: "evictable",
      reserved_bytes: 0,
      resident_bytes: mappedBytes,
      explanation: `the file is mapped, ${reason}; the system may drop pages of it and read them again`,
    });
  } else {
    const readBytes = alignedBytes(inPlace);
    const reason = isCopied ? "what is copied below would be held twice if it were mapped" : "it is not mapped";
    lines.push(pinned("weights", readBytes, `the file is read into memory: ${reason}`));
  }
  if (isCopied) {
    const explanation = `${copied.length} tensors in ${types}, in the order that this CPU computes fastest with`;
    lines.push(pinned("repacked-weights", copiedBytes, `${explanation}${assumption}`));
  }
  if (tiedEmbedding !== null) {
    const explanation = `${tiedEmbedding.name} (${tiedEmbedding.type}) once more, reordered, as output matrix`;
    lines.push(pinned("tied-embeddings", alignedBytes([tiedEmbedding]), `${explanation}${assumption}`));
  }
  return lines;
}

/** One line for each size of cache: layers that see the whole context, and layers with a window. */
function kvLines(options: LedgerOptions, shape: TransformerShape): LedgerLine[] {
  const elementBytes = bytesOfWeights(tensorTypeNamed(options.kvType), 1);
  const groups = kvCacheGroups(shape, options);
  return groups.map(({ cells, windowTokens, layerCount, heads, keyHeadLength, valueHeadLength, bytes }) => {
    const lengths = valueHeadLength === 0 ? `${keyHeadLength}` : `(${keyHeadLength} + ${valueHeadLength})`;
    const window = windowTokens === null ? "" : `, which see the newest ${windowTokens} tokens`;
    const explanation =
      `${cells} tokens × ${heads} heads in ${layerCount} layers${window} × ` +
      `${lengths} elements × ${elementBytes} bytes (${options.kvType})${estimateNote(shape)}`;
    return pinned(
      windowTokens === null || groups.length === 1 ? "kv-cache" : "kv-cache-of-windows",
      bytes,
      explanation,
    );
  });
}

function stateLine(shape: TransformerShape): LedgerLine[] {
  const bytes = recurrentStateBytes(shape);
  if (bytes === 0) return [];
  const count = recurrences(shape.layers).length;
  const explanation = `what ${count} recurrent layers keep of all tokens before, 4 bytes a number${estimateNote(shape)}`;
  return [pinned("recurrent-state", bytes, explanation)];
}

function computeLine(options: LedgerOptions, shape: TransformerShape): LedgerLine {
  const { reservedBytes, residentBytes } = computeBuffer(shape, options);
  const batchTokens = effectiveBatchTokens(options);
  return {
    name: "compute-buffer",
    kind: "pinned",
    reserved_bytes: reservedBytes,
    resident_bytes: residentBytes,
    explanation:
      `for ${batchTokens} tokens at once; at least 4 × ${batchTokens} × (${shape.vocabularySize} tokens + ` +
      `2 × ${shape.embeddingLength}) is reserved for the logits of each, and one row of them is used${estimateNote(shape)}`,
  };
}

function outputLine({ vocabularySize }: TransformerShape): LedgerLine {
  const perToken = FLOAT_BYTES + SAMPLER_BYTES_PER_TOKEN;
  const explanation = `${vocabularySize} tokens × (${FLOAT_BYTES} + ${SAMPLER_BYTES_PER_TOKEN}) bytes: logits, and the sampler's list`;
  return pinned("output-buffer", vocabularySize * perToken, explanation);
}

function engineLine({ header, contextTokens, threads = 1 }: LedgerOptions): LedgerLine {
  const nodes = Math.max(MIN_GRAPH_NODES, GRAPH_NODES_PER_TENSOR * header.tensors.length);
  const cells = cacheCells(contextTokens) * BYTES_PER_CACHE_CELL;
  const stacks = (threads - 1) * THREAD_STACK_BYTES;
  const resident_bytes = ENGINE_BASE_BYTES + nodes * GRAPH_RESIDENT_BYTES_PER_NODE + cells;
  return {
    name: "engine",
    kind: "pinned",
    reserved_bytes: ENGINE_BASE_BYTES + nodes * GRAPH_RESERVED_BYTES_PER_NODE + cells + stacks,
    resident_bytes,
    explanation: `objects of the engine, its graph of up to ${nodes} nodes, and the places of ${cacheCells(contextTokens)} tokens`,
  };
}

function vocabularyLine({ vocabularySize }: TransformerShape): LedgerLine {
  const explanation = `${vocabularySize} tokens × ${VOCABULARY_BYTES_PER_TOKEN} bytes: texts, index and merges`;
  return pinned("vocabulary", vocabularySize * VOCABULARY_BYTES_PER_TOKEN, explanation);
}

function grammarLine({ vocabularySize }: TransformerShape): LedgerLine {
  const explanation = `${vocabularySize} tokens × ${GRAMMAR_BYTES_PER_TOKEN} bytes, once a reply is held to a grammar`;
  return pinned("grammar", vocabularySize * GRAMMAR_BYTES_PER_TOKEN, explanation);
}

/** The context that scores the tools for a message. The logits of every token of a batch are kept there. */
function choosingLine(contextTokens: number, shape: TransformerShape): LedgerLine {
  const settings = { contextTokens, batchTokens: CHOOSING_BATCH_TOKENS, kvType: "f16" };
  const cacheBytes = kvCacheBytes(shape, settings) + recurrentStateBytes(shape);
  const { reservedBytes, residentBytes } = computeBuffer(shape, settings);
  const logitBytes = CHOOSING_BATCH_TOKENS * shape.vocabularySize * FLOAT_BYTES;
  return {
    name: "choosing",
    kind: "pinned",
    reserved_bytes: cacheBytes + reservedBytes + logitBytes,
    resident_bytes: cacheBytes + residentBytes + 2 * logitBytes,
    explanation: `a second context of ${contextTokens} tokens, which scores the tools for a message${estimateNote(shape)}`,
  };
}

function hostLines({ host = ENGINE_HOST }: LedgerOptions): LedgerLine[] {
  if (host === null) return [];
  return [
    {
      name: "host-process",
      kind: "pinned",
      reserved_bytes: host.reservedBytes,
      resident_bytes: host.pinnedBytes,
      explanation: "the process that the engine lives in, before a model is loaded",
    },
    {
      name: "host-code",
      kind: "evictable",
      reserved_bytes: 0,
      resident_bytes: host.evictableBytes,
      explanation: "its code and the engine's, mapped from files, which other processes share",
    },
  ];
}

/**
 * Memory that only loading needs, beyond KV cache and compute buffer, which are allocated after it. A mapped file is
 * there as a whole until all that is reordered has been copied. Without a mapping, a tensor that is reordered is read
 * whole into a place of its own first; the largest ones come first, while little else is there.
 */
function loadingLine({ header, mapsFile, cpuFeatures }: LedgerOptions, steady: readonly LedgerLine[]): LedgerLine[] {
  const later = steady.filter(({ name }) => MADE_LAST.has(name));
  const beyond = (bytes: number, key: "reserved_bytes" | "resident_bytes") =>
    Math.max(0, bytes - later.reduce((sum, line) => sum + line[key], 0));
  const staysMapped = steady.find(({ kind }) => kind === "evictable")?.resident_bytes ?? 0;
  const excess = mapsFile ? header.file_bytes - staysMapped : stagingBytes(repackedTensors(header, cpuFeatures));
  const resident_bytes = beyond(excess, "resident_bytes");
  if (resident_bytes === 0) return [];
  const reserved_bytes = mapsFile ? 0 : beyond(excess, "reserved_bytes");
  const what = mapsFile ? "the whole file is mapped" : "a tensor is read whole beside the weights";
  const explanation = `${what}, ${formatMb(excess)} MB more, until KV cache and compute buffer are made`;
  return [{ name: "loading", kind: "transient", reserved_bytes, resident_bytes, explanation }];
}

/** The most that a tensor in its first place takes beyond those that are still to come to their second one. */
function stagingBytes({ copied, tiedEmbedding }: RepackedTensors): number {
  const smallestFirst = [...copied, ...(tiedEmbedding ? [tiedEmbedding] : [])]
    .map(({ bytes }) => bytes)
    .sort((one, other) => one - other);
  let most = 0;
  let stillToCome = 0;
  for (const bytes of smallestFirst) {
    most = Math.max(most, bytes - stillToCome);
    stillToCome += bytes;
  }
  return most;
}

function pinned(name: string, bytes: number, explanation: string): LedgerLine {
  return { name, kind: "pinned", reserved_bytes: bytes, resident_bytes: bytes, explanation };
}

/** Whole bytes, and never more than a number holds exactly: headers can state figures that no machine has room for. */
function rounded(line: LedgerLine): LedgerLine {
  const whole = (bytes: number) => Math.min(Math.ceil(bytes), Number.MAX_SAFE_INTEGER);
  return { ...line, reserved_bytes: whole(line.reserved_bytes), resident_bytes: whole(line.resident_bytes) };
}

/** From the first to the last byte of the tensors that are used where they lie, in each of the model's files. */
function mappedRangeBytes(inPlace: readonly GgufTensor[]): number {
  const ranges = new Map<number, { first: number; end: number }>();
  for (const { offset, bytes, part = 0 } of inPlace) {
    const { first, end } = ranges.get(part) ?? { first: Number.POSITIVE_INFINITY, end: 0 };
    ranges.set(part, { first: Math.min(first, offset), end: Math.max(end, offset + bytes) });
  }
  return [...ranges.values()].reduce((sum, { first, end }) => sum + end - first, 0);
}

function alignedBytes(tensors: readonly GgufTensor[]): number {
  const aligned = ({ bytes }: GgufTensor) => Math.ceil(bytes / TENSOR_ALIGNMENT_BYTES) * TENSOR_ALIGNMENT_BYTES;
  return tensors.reduce((sum, tensor) => sum + aligned(tensor), 0);
}

function estimateNote({ architecture, isExact }: TransformerShape): string {
  return isExact ? "" : `; an estimate, since ${architecture} in this shape is not computed step by step`;
}
