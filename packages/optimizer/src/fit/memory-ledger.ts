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

/** A model and the settings to run it with. */
export interface LedgerOptions {
  header: GgufHeader;
  contextTokens: number;
  batchTokens: number;
  /** Element type of the KV cache: `f16`, `q8_0`. */
  kvType: string;
  /** Whether weights are mapped from the file or read into memory. */
  mapsFile: boolean;
  /** CPU features, as in /proc/cpuinfo; null if unknown: then every copy that any CPU would make counts. */
  cpuFeatures: readonly string[] | null;
  /** Whether replies can be constrained by a grammar. Default: false. */
  constrainsOutput?: boolean | undefined;
  /** Tokens of the second context, which scores the tools for a message. Default: 0, no such context. */
  choosingTokens?: number | undefined;
  /** Compute threads of the engine. Default: 1. */
  threads?: number | undefined;
  /** The process that runs the engine; null if its memory is counted elsewhere. Default: {@link ENGINE_HOST}. */
  host?: HostCost | null | undefined;
}

const FLOAT_BYTES = 4;
/** Names of the lines that are allocated after the weights. */
const MADE_LAST: ReadonlySet<string> = new Set([
  "kv-cache",
  "kv-cache-of-windows",
  "recurrent-state",
  "compute-buffer",
]);
/** Alignment of each tensor in the engine's buffers. */
const TENSOR_ALIGNMENT_BYTES = 32;

/**
 * Computes the memory that a model needs, line by line, from its header alone. For architectures whose computation is
 * known step by step, the reserved KV cache and compute buffer equal llama.cpp's figures to the byte. Other
 * architectures get an estimate, which the explanation of the line says. Throws {@link InvalidModelFileError} for a
 * header from which nothing can be computed.
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
  const assumption = cpuFeatures === null ? "; the CPU is unknown, so every type that any CPU repacks counts" : "";
  const types = [...new Set(copied.map(({ type }) => type))].join(", ");
  const lines: LedgerLine[] = [];
  const isCopied = copied.length > 0;
  if (mapsFile) {
    const mappedBytes = mappedRangeBytes(inPlace);
    const use = isCopied ? "partly copied as well" : "used in place by this CPU";
    lines.push({
      name: "weights",
      kind: "evictable",
      reserved_bytes: 0,
      resident_bytes: mappedBytes,
      explanation: `mapped from the file, ${use}; the system can drop these pages and read them again`,
    });
  } else {
    const readBytes = alignedBytes(inPlace);
    const reason = isCopied ? ", because a mapping would hold the repacked tensors twice" : ", not mapped";
    lines.push(pinned("weights", readBytes, `read into memory${reason}`));
  }
  if (isCopied) {
    const explanation = `${copied.length} tensors in ${types}, in the layout that is fastest on this CPU`;
    lines.push(pinned("repacked-weights", copiedBytes, `${explanation}${assumption}`));
  }
  if (tiedEmbedding !== null) {
    const explanation = `${tiedEmbedding.name} (${tiedEmbedding.type}), repacked for use as the output matrix`;
    lines.push(pinned("tied-embeddings", alignedBytes([tiedEmbedding]), `${explanation}${assumption}`));
  }
  return lines;
}

/** Returns one line for each cache size: layers that see the whole context, and layers with a window. */
function kvLines(options: LedgerOptions, shape: TransformerShape): LedgerLine[] {
  const elementBytes = bytesOfWeights(tensorTypeNamed(options.kvType), 1);
  const groups = kvCacheGroups(shape, options);
  return groups.map(({ cells, windowTokens, layerCount, heads, keyHeadLength, valueHeadLength, bytes }) => {
    const lengths = valueHeadLength === 0 ? `${keyHeadLength}` : `(${keyHeadLength} + ${valueHeadLength})`;
    const window = windowTokens === null ? "" : ` with a window of ${windowTokens} tokens`;
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
  const explanation = `state of ${count} recurrent layers, 4 bytes per number${estimateNote(shape)}`;
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
      `working memory for a batch of ${batchTokens} tokens; reserves at least 4 × ${batchTokens} × (${shape.vocabularySize} + ` +
      `2 × ${shape.embeddingLength}) bytes for logits but uses one row of them${estimateNote(shape)}`,
  };
}

function outputLine({ vocabularySize }: TransformerShape): LedgerLine {
  const perToken = FLOAT_BYTES + SAMPLER_BYTES_PER_TOKEN;
  const explanation = `${vocabularySize} tokens × (${FLOAT_BYTES} + ${SAMPLER_BYTES_PER_TOKEN}) bytes: logits and sampler`;
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
    explanation: `engine objects, a graph of up to ${nodes} nodes, and the positions of ${cacheCells(contextTokens)} tokens`,
  };
}

function vocabularyLine({ vocabularySize }: TransformerShape): LedgerLine {
  const explanation = `${vocabularySize} tokens × ${VOCABULARY_BYTES_PER_TOKEN} bytes: token texts, index and merges`;
  return pinned("vocabulary", vocabularySize * VOCABULARY_BYTES_PER_TOKEN, explanation);
}

function grammarLine({ vocabularySize }: TransformerShape): LedgerLine {
  const explanation = `${vocabularySize} tokens × ${GRAMMAR_BYTES_PER_TOKEN} bytes, for replies that must match a schema`;
  return pinned("grammar", vocabularySize * GRAMMAR_BYTES_PER_TOKEN, explanation);
}

/**
 * Returns the line of the context that scores the tools for a message. It keeps the logits of every token of a batch.
 */
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
    explanation: `second context of ${contextTokens} tokens, which scores the tools for a message${estimateNote(shape)}`,
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
      explanation: "the engine's process before a model is loaded",
    },
    {
      name: "host-code",
      kind: "evictable",
      reserved_bytes: 0,
      resident_bytes: host.evictableBytes,
      explanation: "code of the process and the engine, mapped from files that other processes share",
    },
  ];
}

/**
 * Returns the line of the memory that only loading needs, beyond KV cache and compute buffer, which are allocated after
 * it. A mapped file is resident as a whole until all repacked tensors have been copied. Without a mapping, each
 * repacked tensor is first read whole into a separate buffer; the largest tensors come first, while little else is
 * allocated.
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
  const cause = mapsFile ? "the whole file is mapped" : "one tensor is read beside the weights";
  const explanation = `${cause}, ${formatMb(excess)} MB more, until KV cache and compute buffer are allocated`;
  return [{ name: "loading", kind: "transient", reserved_bytes, resident_bytes, explanation }];
}

/** Returns the peak of the read buffer beyond the final total: its size less the repacked tensors not yet written. */
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

/** Rounds up to whole bytes, at most MAX_SAFE_INTEGER: a header can state figures that no machine has memory for. */
function rounded(line: LedgerLine): LedgerLine {
  const whole = (bytes: number) => Math.min(Math.ceil(bytes), Number.MAX_SAFE_INTEGER);
  return { ...line, reserved_bytes: whole(line.reserved_bytes), resident_bytes: whole(line.resident_bytes) };
}

/** Sums the range from the first to the last byte of the tensors that are used in place, over the model's files. */
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
  return isExact ? "" : `; an estimate: no exact figures for this ${architecture} model`;
}
