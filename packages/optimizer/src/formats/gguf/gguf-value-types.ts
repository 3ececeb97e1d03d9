/** Numbers of the metadata value types in a GGUF file. */
export const VALUE_TYPES = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  text: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

export type ValueTypeName = keyof typeof VALUE_TYPES;

/** Bytes of a value of each type; null for types with a stored length. */
const BYTES: Readonly<Record<ValueTypeName, number | null>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  text: null,
  array: null,
  uint64: 8,
  int64: 8,
  float64: 8,
};

const NAMES: ReadonlyMap<number, ValueTypeName> = new Map(
  Object.entries(VALUE_TYPES).map(([name, id]) => [id, name as ValueTypeName]),
);

export function valueTypeWithId(id: number): ValueTypeName | undefined {
  return NAMES.get(id);
}

export function bytesOfValueType(type: ValueTypeName): number | null {
  return BYTES[type];
}
