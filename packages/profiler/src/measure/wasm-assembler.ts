/**
 * The part of the WebAssembly binary format that the kernels in this folder need. An instruction is a function of the
 * code of its operands, so nested calls read like an expression. Source: the WebAssembly 2.0 specification, section 5.
 */

export type Code = readonly number[];
type ValueType = "i32" | "i64" | "f32" | "v128";

export interface WasmFunction {
  name: string;
  parameters: readonly ValueType[];
  result: ValueType;
  /** Types of local variables, whose indexes continue after the parameters. */
  locals: readonly ValueType[];
  body: Code;
}

const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, v128: 0x7b } as const;
const FUNCTION_TYPE = 0x60;
const FUNCTION_EXPORT = 0x00;
const NO_RESULT = 0x40;
const SIMD = 0xfd;
const END = 0x0b;

/** Returns the bytes of a module that imports its memory as `environment.memory` and exports these functions. */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d], // "\0asm"
    ...[1, 0, 0, 0],
    ...section(
      1,
      functions.map(({ parameters, result }) => [FUNCTION_TYPE, ...types(parameters), ...types([result])]),
    ),
    ...section(2, [[...text("environment"), ...text("memory"), 0x02, 0x00, ...unsigned(1)]]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(
      7,
      functions.map(({ name }, index) => [...text(name), FUNCTION_EXPORT, ...unsigned(index)]),
    ),
    ...section(
      10,
      functions.map(({ locals, body }) => {
        const code = [...vector(locals.map((type) => [...unsigned(1), valueTypes[type]])), ...body, END];
        return [...unsigned(code.length), ...code];
      }),
    ),
  ]);
}

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)],
};

/** Repeats `body` until `condition` is 0, like a do-while loop. */
export function repeatWhile(condition: Code, body: readonly Code[]): Code {
  return [0x03, NO_RESULT, ...body.flat(), ...condition, 0x0d, ...unsigned(0), END];
}

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: load(0x28),
  loadUnsigned16: load(0x2f),
  isLessUnsigned: binary(0x49),
  add: binary(0x6a),
  and: binary(0x71),
  or: binary(0x72),
  shiftLeft: binary(0x74),
  shiftRightUnsigned: binary(0x76),
};

export const i64 = { add: binary(0x7c) };

export const f32 = {
  constant: (value: number): Code => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)],
  load: load(0x2a),
  add: binary(0x92),
  multiply: binary(0x94),
  fromBits: unary(0xbe),
};

export const v128 = {
  load: load(SIMD, 0x00),
  and: binary(SIMD, 0x4e),
};

export const i8x16 = {
  splat: unary(SIMD, 0x0f),
  shiftRightUnsigned: binary(SIMD, 0x6d),
  subtract: binary(SIMD, 0x71),
};

export const i16x8 = {
  narrow: binary(SIMD, 0x85, 0x01),
  extendLowUnsigned: unary(SIMD, 0x89, 0x01),
  multiplyLow: binary(SIMD, 0x9c, 0x01),
  multiplyHigh: binary(SIMD, 0x9d, 0x01),
};

export const i32x4 = {
  splat: unary(SIMD, 0x11),
  replaceLane: (lane: number, vector: Code, value: Code): Code => [...vector, ...value, SIMD, 0x1c, lane],
  addPairs: unary(SIMD, 0x7e),
  add: binary(SIMD, 0xae, 0x01),
  multiply: binary(SIMD, 0xb5, 0x01),
  dot: binary(SIMD, 0xba, 0x01),
};

export const i64x2 = {
  extractLane: (lane: number, vector: Code): Code => [...vector, SIMD, 0x1d, lane],
  add: binary(SIMD, 0xce, 0x01),
};

export const f32x4 = {
  splat: unary(SIMD, 0x13),
  extractLane: (lane: number, vector: Code): Code => [...vector, SIMD, 0x1f, lane],
  add: binary(SIMD, 0xe4, 0x01),
  subtract: binary(SIMD, 0xe5, 0x01),
  multiply: binary(SIMD, 0xe6, 0x01),
  convert: unary(SIMD, 0xfa, 0x01),
};

function unary(...instruction: number[]) {
  return (operand: Code): Code => [...operand, ...instruction];
}

function binary(...instruction: number[]) {
  return (left: Code, right: Code): Code => [...left, ...right, ...instruction];
}

/** Loads from `offset` bytes after an address, without an alignment hint. */
function load(...instruction: number[]) {
  return (address: Code, offset = 0): Code => [...address, ...instruction, 0, ...unsigned(offset)];
}

function section(id: number, entries: readonly Code[]): Code {
  const content = vector(entries);
  return [id, ...unsigned(content.length), ...content];
}

function vector(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function types(names: readonly ValueType[]): Code {
  return vector(names.map((name) => [valueTypes[name]]));
}

function text(value: string): Code {
  return vector([...value].map((character) => [character.charCodeAt(0)]));
}

/** Encodes LEB128: seven bits per byte, lowest first. */
function unsigned(value: number): Code {
  const low = value & 0x7f;
  const rest = value >>> 7;
  return rest === 0 ? [low] : [low | 0x80, ...unsigned(rest)];
}

function signed(value: number): Code {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isWhole = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isWhole ? [low] : [low | 0x80, ...signed(rest)];
}
