export interface ElfParts {
  bits?: 32 | 64;
  byteOrder?: "little" | "big";
  machine?: number;
  interpreter?: string;
  neededLibraries?: readonly string[];
  /** Versions by library. Weak ones end with a question mark. */
  neededVersions?: Readonly<Record<string, readonly string[]>>;
  definedVersions?: readonly string[];
}

const LOAD_ADDRESS = 0x10000;
const PAGE_OFFSET = 4096;

/** Builds an ELF file in memory with only the parts that `readElf` reads. */
export function buildElf(parts: ElfParts = {}): Uint8Array {
  const { bits = 64, byteOrder = "little", machine = 62, interpreter, definedVersions = [] } = parts;
  const { neededLibraries = [], neededVersions = {} } = parts;
  const isLittle = byteOrder === "little";
  const file = new Uint8Array(PAGE_OFFSET + 131_072);
  const view = new DataView(file.buffer);
  let end = PAGE_OFFSET;
  const uint16 = (at: number, value: number) => view.setUint16(at, value, isLittle);
  const uint32 = (at: number, value: number) => view.setUint32(at, value, isLittle);
  const word = (at: number, value: number) =>
    bits === 64 ? view.setBigUint64(at, BigInt(value), isLittle) : uint32(at, value);
  const reserve = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / 16) * 16;
    return at;
  };

  const encoded = [
    "",
    ...neededLibraries,
    ...Object.entries(neededVersions).flatMap(([library, versions]) => [library, ...versions.map(withoutMark)]),
    ...definedVersions,
  ];
  const names = new Map<string, number>();
  let text = "";
  for (const name of encoded) {
    if (names.has(name)) continue;
    names.set(name, text.length);
    text += `${name}\0`;
  }
  const nameOf = (name: string) => names.get(name) ?? 0;
  const stringsAt = reserve(text.length);
  file.set(Buffer.from(text, "latin1"), stringsAt);

  const needs = Object.entries(neededVersions);
  const needsAt = reserve(needs.reduce((bytes, [, versions]) => bytes + 16 + 16 * versions.length, 0));
  let at = needsAt;
  needs.forEach(([library, versions], index) => {
    uint16(at, 1);
    uint16(at + 2, versions.length);
    uint32(at + 4, nameOf(library));
    uint32(at + 8, 16);
    uint32(at + 12, index === needs.length - 1 ? 0 : 16 + 16 * versions.length);
    versions.forEach((version, place) => {
      const auxiliary = at + 16 + 16 * place;
      uint16(auxiliary + 4, version.endsWith("?") ? 2 : 0);
      uint32(auxiliary + 8, nameOf(withoutMark(version)));
      uint32(auxiliary + 12, place === versions.length - 1 ? 0 : 16);
    });
    at += 16 + 16 * versions.length;
  });

  // The first definition is the name of the library itself.
  const definitions = definedVersions.length === 0 ? [] : ["", ...definedVersions];
  const definitionsAt = reserve(28 * definitions.length);
  definitions.forEach((version, index) => {
    const definition = definitionsAt + 28 * index;
    uint16(definition + 2, index === 0 ? 1 : 0);
    uint16(definition + 6, 1);
    uint32(definition + 12, 20);
    uint32(definition + 16, index === definitions.length - 1 ? 0 : 28);
    uint32(definition + 20, nameOf(version));
  });

  const address = (offset: number) => LOAD_ADDRESS + offset - PAGE_OFFSET;
  const dynamic: [number, number][] = [
    ...neededLibraries.map((name): [number, number] => [1, nameOf(name)]),
    [5, address(stringsAt)],
    ...(needs.length === 0
      ? []
      : ([
          [0x6ffffffe, address(needsAt)],
          [0x6fffffff, needs.length],
        ] as [number, number][])),
    ...(definitions.length === 0
      ? []
      : ([
          [0x6ffffffc, address(definitionsAt)],
          [0x6ffffffd, definitions.length],
        ] as [number, number][])),
    [0, 0],
  ];
  const dynamicAt = reserve((dynamic.length * bits) / 4);
  dynamic.forEach(([tag, value], index) => {
    word(dynamicAt + (index * bits) / 4, tag);
    word(dynamicAt + (index * bits) / 4 + bits / 8, value);
  });
  const interpreterAt = reserve(interpreter === undefined ? 0 : interpreter.length + 1);
  if (interpreter !== undefined) file.set(Buffer.from(`${interpreter}\0`, "latin1"), interpreterAt);

  file.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, isLittle ? 1 : 2, 1]);
  uint16(16, 3);
  uint16(18, machine);
  const segments: [type: number, offset: number, bytes: number][] = [
    ...(interpreter === undefined ? [] : ([[3, interpreterAt, interpreter.length + 1]] as [number, number, number][])),
    [1, PAGE_OFFSET, end - PAGE_OFFSET],
    [2, dynamicAt, (dynamic.length * bits) / 4],
  ];
  const headerBytes = bits === 64 ? 64 : 52;
  const entryBytes = bits === 64 ? 56 : 32;
  word(bits === 64 ? 32 : 28, headerBytes);
  uint16(bits === 64 ? 54 : 42, entryBytes);
  uint16(bits === 64 ? 56 : 44, segments.length);
  segments.forEach(([type, offset, bytes], index) => {
    const header = headerBytes + index * entryBytes;
    uint32(header, type);
    if (bits === 64) {
      word(header + 8, offset);
      word(header + 16, address(offset));
      word(header + 32, bytes);
    } else {
      uint32(header + 4, offset);
      uint32(header + 8, address(offset));
      uint32(header + 16, bytes);
    }
  });
  return file.slice(0, end);
}

function withoutMark(version: string): string {
  return version.replace(/\?$/, "");
}
