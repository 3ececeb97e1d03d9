import { ElfBytes, ElfFormatError, type ElfRecord, type ElfSource } from "./elf-bytes.js";

/** Processor that an ELF file is built for. */
export interface ElfMachine {
  bits: 32 | 64;
  byteOrder: "little" | "big";
  /** `e_machine` number of the ELF header, such as 183 for AArch64. */
  machine: number;
}

/** Library version that an ELF file needs, such as `GLIBC_2.34` of `libc.so.6`. */
export interface NeededVersion {
  library: string;
  version: string;
}

/** Parts of an ELF file that decide whether a system can load it. */
export interface ElfFacts extends ElfMachine {
  /** Path of the program loader (PT_INTERP), or null for a library. */
  interpreter: string | null;
  /** Names of the libraries to load (DT_NEEDED). */
  neededLibraries: string[];
  /** Required versions (DT_VERNEED), without weak ones. */
  neededVersions: NeededVersion[];
  /** Versions that the file defines (DT_VERDEF). */
  definedVersions: string[];
}

/** Facts of an ELF file, or the violated rule of the format. `reason` completes "The file …". */
export type ElfReading = { status: "read"; elf: ElfFacts } | { status: "damaged"; reason: string };

/** Most program headers. Libraries have about ten. */
const MAX_PROGRAM_HEADERS = 128;
/** Most entries in the dynamic section. Libraries have about forty, including one per needed library. */
const MAX_DYNAMIC_ENTRIES = 1024;
/** Most needed and defined versions together. GCC 12's C++ library defines about sixty. */
const MAX_VERSIONS = 2048;

const ELF_MAGIC = 0x7f454c46;
const HEADER_BYTES = { 32: 52, 64: 64 } as const;
const PROGRAM_HEADER_BYTES = { 32: 32, 64: 56 } as const;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_VERDEF = 0x6ffffffc;
const DT_VERDEFNUM = 0x6ffffffd;
const DT_VERNEED = 0x6ffffffe;
const DT_VERNEEDNUM = 0x6fffffff;
const VERSION_NEED_BYTES = 16;
const VERSION_DEFINITION_BYTES = 20;
/** Flag of the entry with the name of the library itself. */
const VER_FLG_BASE = 1;
/** Flag of a version that is optional for loading. */
const VER_FLG_WEAK = 2;

/**
 * Reads an ELF file's headers, 32- or 64-bit and in either byte order, with a few reads of 8 KB. For a damaged or
 * hostile file, returns the violated rule. Throws only errors of `source.read`.
 */
export function readElf(source: ElfSource): ElfReading {
  try {
    return { status: "read", elf: parseElf(new ElfBytes(source)) };
  } catch (error) {
    if (error instanceof ElfFormatError) return { status: "damaged", reason: error.message };
    throw error;
  }
}

function parseElf(bytes: ElfBytes): ElfFacts {
  const { programHeaders, ...machine } = readHeader(bytes);
  const segments = readSegments(bytes, machine.bits, programHeaders);
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  return {
    ...machine,
    interpreter: interpreter === undefined ? null : bytes.name(interpreter.offset),
    ...(dynamic === undefined
      ? { neededLibraries: [], neededVersions: [], definedVersions: [] }
      : readDynamic(bytes, machine.bits, dynamic, segments)),
  };
}

interface HeaderTable {
  offset: number;
  entryBytes: number;
  count: number;
}

function readHeader(bytes: ElfBytes): ElfMachine & { programHeaders: HeaderTable } {
  if (bytes.length < HEADER_BYTES[32]) throw new ElfFormatError(`has ${bytes.length} bytes, too few for an ELF header`);
  bytes.isLittleEndian = false;
  const identity = bytes.record(0, 16);
  if (identity.uint32(0) !== ELF_MAGIC) throw new ElfFormatError("is not an ELF file");
  const bits = ({ 1: 32, 2: 64 } as const)[identity.byte(4)];
  const byteOrder = ({ 1: "little", 2: "big" } as const)[identity.byte(5)];
  if (bits === undefined || byteOrder === undefined) throw new ElfFormatError("has an unknown ELF class or byte order");
  bytes.isLittleEndian = byteOrder === "little";
  const header = bytes.record(0, HEADER_BYTES[bits]);
  const [programHeaders, sections] =
    bits === 64
      ? [
          { offset: header.uint64(32), entryBytes: header.uint16(54), count: header.uint16(56) },
          { offset: header.uint64(40), entryBytes: header.uint16(58), count: header.uint16(60) },
        ]
      : [
          { offset: header.uint32(28), entryBytes: header.uint16(42), count: header.uint16(44) },
          { offset: header.uint32(32), entryBytes: header.uint16(46), count: header.uint16(48) },
        ];
  // Loaders do not read sections. They are usually at the end of the file, so checking them detects any truncation.
  requireWithin(bytes, sections.offset + sections.entryBytes * sections.count);
  return { bits, byteOrder, machine: header.uint16(18), programHeaders };
}

interface Segment {
  type: number;
  offset: number;
  address: number;
  fileBytes: number;
}

function readSegments(bytes: ElfBytes, bits: 32 | 64, { offset, entryBytes, count }: HeaderTable): Segment[] {
  if (count > MAX_PROGRAM_HEADERS) throw new ElfFormatError(`has ${count} program headers`);
  if (count > 0 && entryBytes !== PROGRAM_HEADER_BYTES[bits]) {
    throw new ElfFormatError(`has program headers of ${entryBytes} bytes`);
  }
  const segments: Segment[] = [];
  for (let index = 0; index < count; index++) {
    const segment = segmentOf(bytes.record(offset + index * entryBytes, entryBytes), bits);
    const isRead = segment.type === PT_LOAD || segment.type === PT_DYNAMIC || segment.type === PT_INTERP;
    if (isRead) requireWithin(bytes, segment.offset + segment.fileBytes);
    segments.push(segment);
  }
  return segments;
}

function requireWithin(bytes: ElfBytes, end: number): void {
  if (end <= bytes.length) return;
  throw new ElfFormatError(`is truncated: it has ${bytes.length} bytes, but its headers require at least ${end}`);
}

function segmentOf(record: ElfRecord, bits: 32 | 64): Segment {
  const type = record.uint32(0);
  return bits === 64
    ? { type, offset: record.uint64(8), address: record.uint64(16), fileBytes: record.uint64(32) }
    : { type, offset: record.uint32(4), address: record.uint32(8), fileBytes: record.uint32(16) };
}

function readDynamic(
  bytes: ElfBytes,
  bits: 32 | 64,
  { offset, fileBytes }: Segment,
  segments: readonly Segment[],
): Pick<ElfFacts, "neededLibraries" | "neededVersions" | "definedVersions"> {
  const wordBytes = bits / 8;
  const count = Math.min(Math.floor(fileBytes / (2 * wordBytes)), MAX_DYNAMIC_ENTRIES);
  const values = new Map<number, number>();
  const needed: number[] = [];
  for (let index = 0; index < count; index++) {
    const entry = bytes.record(offset + index * 2 * wordBytes, 2 * wordBytes);
    const [tag, value] = bits === 64 ? [entry.uint64(0), entry.uint64(8)] : [entry.uint32(0), entry.uint32(4)];
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) needed.push(value);
    else values.set(tag, value);
  }
  const place = (tag: number) => placeOf(values.get(tag) ?? 0, segments);
  const budget = { versions: MAX_VERSIONS };
  // Read all records before the names. They are in two places, and moving between them costs a read.
  const needs = values.has(DT_VERNEED)
    ? readVersionNeeds(bytes, place(DT_VERNEED), values.get(DT_VERNEEDNUM) ?? 0, budget)
    : [];
  const definitions = values.has(DT_VERDEF)
    ? readVersionDefinitions(bytes, place(DT_VERDEF), values.get(DT_VERDEFNUM) ?? 0, budget)
    : [];
  if (needed.length + needs.length + definitions.length === 0) {
    return { neededLibraries: [], neededVersions: [], definedVersions: [] };
  }
  const names = place(DT_STRTAB);
  const nameAt = (offset: number) => bytes.name(names + offset);
  return {
    neededLibraries: needed.map(nameAt),
    neededVersions: needs.map(({ library, version }) => ({ library: nameAt(library), version: nameAt(version) })),
    definedVersions: definitions.map(nameAt),
  };
}

/** Returns the file position of an address in memory. */
function placeOf(address: number, segments: readonly Segment[]): number {
  const segment = segments.find(
    ({ type, address: start, fileBytes }) => type === PT_LOAD && address >= start && address < start + fileBytes,
  );
  if (segment === undefined) throw new ElfFormatError(`refers to address ${address}, which is not loaded`);
  return segment.offset + (address - segment.address);
}

/** Positions of names in the string table. */
interface VersionNeed {
  library: number;
  version: number;
}

function readVersionNeeds(bytes: ElfBytes, start: number, count: number, budget: { versions: number }): VersionNeed[] {
  const found: VersionNeed[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    spend(budget);
    const need = bytes.record(at, VERSION_NEED_BYTES);
    const [versions, library, first, next] = [need.uint16(2), need.uint32(4), need.uint32(8), need.uint32(12)];
    let auxiliaryAt = at + first;
    for (let version = 0; version < versions; version++) {
      spend(budget);
      const auxiliary = bytes.record(auxiliaryAt, VERSION_NEED_BYTES);
      const isWeak = (auxiliary.uint16(4) & VER_FLG_WEAK) !== 0;
      if (!isWeak) found.push({ library, version: auxiliary.uint32(8) });
      const nextAuxiliary = auxiliary.uint32(12);
      if (nextAuxiliary === 0) break;
      auxiliaryAt += nextAuxiliary;
    }
    if (next === 0) break;
    at += next;
  }
  return found;
}

/** Returns the positions of the versions' names. */
function readVersionDefinitions(bytes: ElfBytes, start: number, count: number, budget: { versions: number }): number[] {
  const found: number[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    spend(budget);
    const definition = bytes.record(at, VERSION_DEFINITION_BYTES);
    const [flags, first, next] = [definition.uint16(2), definition.uint32(12), definition.uint32(16)];
    // The first name is the version itself; the others are its predecessors.
    if ((flags & VER_FLG_BASE) === 0) found.push(bytes.record(at + first, 8).uint32(0));
    if (next === 0) break;
    at += next;
  }
  return found;
}

function spend(budget: { versions: number }): void {
  budget.versions -= 1;
  if (budget.versions < 0) throw new ElfFormatError(`has more than ${MAX_VERSIONS} version records`);
}
