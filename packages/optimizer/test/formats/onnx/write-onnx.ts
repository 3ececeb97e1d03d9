/** A field of a protocol buffer: its number and value. */
export type Field = readonly [number: number, value: number | string | Uint8Array | readonly Field[]];

/** Encodes a message: numbers as varints, everything else with a length prefix. */
export function message(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "number") {
      parts.push(varint(number * 8), varint(value));
      continue;
    }
    const bytes =
      typeof value === "string" ? Buffer.from(value) : value instanceof Uint8Array ? value : message(value as Field[]);
    parts.push(varint(number * 8 + 2), varint(bytes.length), bytes);
  }
  return new Uint8Array(Buffer.concat(parts));
}

export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.from([...bytes, rest]);
}

export const tensorFields = (name: string, shape: readonly number[], typeId: number, data?: Uint8Array): Field[] => [
  ...shape.map((length) => [1, length] as const),
  [2, typeId],
  [8, name],
  ...(data === undefined ? [] : [[9, data] as const]),
];

export const externalFields = (entries: Readonly<Record<string, string>>): Field[] => [
  ...Object.entries(entries).map(([key, value]) => [13, [[1, key] as const, [2, value] as const]] as const),
  [14, 1],
];

export const onnx = (graph: readonly Field[]): Uint8Array =>
  message([
    [1, 8],
    [2, "pytorch"],
    [7, graph],
  ]);
