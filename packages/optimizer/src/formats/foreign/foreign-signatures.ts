import {
  CONVERT_HINT,
  type FileStart,
  type ForeignFile,
  notModel,
  OTHER_FILE_HINT,
  otherFormat,
  shellWord,
} from "./foreign-file.js";

/** A file kind that is identified by bytes at a fixed offset, with its description. */
interface Signature {
  bytes: string;
  /** Default: 0. */
  at?: number;
  file: ForeignFile | ((start: FileStart) => ForeignFile);
}

/** Whether a file begins like safetensors: eight bytes of length, then JSON. */
export function startsAsSafetensors(start: Uint8Array): boolean {
  return start.length >= 10 && start[8] === 0x7b && /[\s"}]/.test(String.fromCharCode(start[9] ?? 0));
}

/** Whether a file begins like ONNX: a one-byte version, followed by the producer name or the graph. */
export function startsAsOnnx(start: Uint8Array): boolean {
  return start[0] === 0x08 && (start[1] ?? 0) < 0x20 && (start[2] === 0x12 || start[2] === 0x3a || start[2] === 0x42);
}

/** Returns the kind of a file by its first bytes; null if they are not recognized. */
export function fileBySignature(start: FileStart): ForeignFile | null {
  const { bytes, text, path } = start;
  if (startsAsSafetensors(bytes)) return describeSafetensors(start);
  if (startsAsOnnx(bytes)) {
    return /\.mlmodel$/i.test(path)
      ? otherFormat("is a Core ML model", OTHER_FILE_HINT)
      : otherFormat("is an ONNX file", "Use the GGUF file of this model. No tool converts ONNX to GGUF.");
  }
  const found = SIGNATURES.find(({ bytes, at = 0 }) => text.startsWith(bytes, at));
  if (found !== undefined) return typeof found.file === "function" ? found.file(start) : found.file;
  // Files of llama-imatrix begin with the number of tensors, then the length and name of each.
  if (/^(blk\.\d|output\.)/.test(text.slice(8, 16)) && (bytes[4] ?? 0) < 64) return IMPORTANCE_MATRIX;
  // A torrent is a dictionary that begins with one of these keys.
  if (/^d\d{1,2}:(announce|comment|created by|creation date|encoding|info|url-list)/.test(text)) {
    return notModel("is a torrent, which is only a link to a download", "Open it with a torrent program.");
  }
  return null;
}

const IMPORTANCE_MATRIX = notModel(
  "is an importance matrix, which only helps to quantize a model",
  "Use the model that was quantized with it.",
);
const OLD_LLAMA_HINT =
  "Use the GGUF file of this model. For Llama models, convert_llama_ggml_to_gguf.py of llama.cpp can create one.";

function describeSafetensors({ text, path }: FileStart): ForeignFile {
  const name = path.replace(/^.*[/\\]/, "");
  if (/adapter/i.test(name) || /\.lora_[AB]\./.test(text)) {
    return notModel(
      "is a LoRA adapter in the safetensors format, not a complete model",
      "Merge the adapter into its base model and convert the result to GGUF, or use a GGUF file of the merged model.",
    );
  }
  const quantized =
    /"(?:[^"]*\.)?(qweight|qzeros)"/.test(text) || /[-_.](awq|gptq)\b/i.test(path)
      ? "AWQ or GPTQ"
      : /"(?:[^"]*\.)?(q_weight|q_scale|trellis)"/.test(text) || /exl[23]/i.test(path)
        ? "EXL2 or EXL3"
        : /"format"\s*:\s*"mlx"/.test(text)
          ? "MLX"
          : null;
  if (quantized === null) return otherFormat("is a safetensors file");
  return otherFormat(
    `is a safetensors file with weights of ${quantized}`,
    "Use the GGUF file of this model, or convert the unquantized model: " +
      "run convert_hf_to_gguf.py of llama.cpp on the folder with its .safetensors files.",
  );
}

function describeZip({ text, path }: FileStart): ForeignFile {
  if (/data\.pkl|\/data\/\d/.test(text)) return otherFormat("is a PyTorch checkpoint");
  if (/\.npy/.test(text.slice(30, 300))) return otherFormat("is a NumPy archive of arrays");
  if (/\.ml(model|package)/.test(text)) return otherFormat("is a packed Core ML model", OTHER_FILE_HINT);
  if (/\.(pth?|bin|ckpt)$/i.test(path)) return otherFormat("is a PyTorch checkpoint or another ZIP archive");
  return notModel("is a ZIP archive", unpackArchive(`unzip ${shellWord(path)}`));
}

/** Describes a packed file, with the command that unpacks it into a file without the packer's extension. */
function packed(kind: string, unpack: string, ending: RegExp) {
  return ({ path }: FileStart): ForeignFile => {
    if (/\.(tgz|tbz2?|txz|tar\.\w+)$/i.test(path)) {
      return notModel(`is an archive packed with ${kind}`, unpackArchive(`tar -xf ${shellWord(path)}`));
    }
    const target = ending.test(path) ? path.replace(ending, "") : `${path.replace(/\.gguf$/i, "")}-unpacked.gguf`;
    const command = `${unpack} ${shellWord(path)} > ${shellWord(target)}`;
    return notModel(`is packed with ${kind}`, `Unpack it and use the resulting file: ${command}`);
  };
}

function unpackArchive(command: string): string {
  return `Unpack it and use the .gguf file in it: ${command}`;
}

const GGML_FILE = ({ path }: FileStart) =>
  /whisper|ggml-(tiny|base|small|medium|large)/i.test(path)
    ? notModel("is a speech recognition model of whisper.cpp", "Use a language model in the GGUF format.")
    : otherFormat("is a GGML file, the format that llama.cpp used before GGUF", OLD_LLAMA_HINT);
const OTHER_RUNTIME = (name: string) => otherFormat(`is ${name}`, OTHER_FILE_HINT);
const PROGRAM = notModel("is a program, not a model");
const MEDIA = notModel("is a picture, audio or video file");

const SIGNATURES: readonly Signature[] = [
  { bytes: "lmgg", file: GGML_FILE },
  ...["fmgg", "tjgg"].map((bytes) => ({
    bytes,
    file: otherFormat("is in a format that llama.cpp used before GGUF", OLD_LLAMA_HINT),
  })),
  {
    bytes: "algg",
    file: notModel("is a LoRA adapter in a format used before GGUF", "Use the complete model in the GGUF format."),
  },
  ...["nsgg", "qsgg"].map((bytes) => ({ bytes, file: notModel("is a saved conversation of llama.cpp") })),
  {
    bytes: "FUGG",
    file: notModel(
      "is a GGUF file whose bytes were swapped in pairs or fours",
      "Copy or download it again as binary data.",
    ),
  },
  { bytes: "PK\x03\x04", file: describeZip },
  { bytes: "PK\x05\x06", file: notModel("is an empty ZIP archive") },
  ...["\x02", "\x03", "\x04", "\x05"].map((protocol) => ({
    bytes: `\x80${protocol}`,
    file: otherFormat("is a PyTorch checkpoint or another Python pickle"),
  })),
  { bytes: "\x93NUMPY", file: otherFormat("is a NumPy array", CONVERT_HINT) },
  { bytes: "\x89HDF\r\n\x1a\n", file: OTHER_RUNTIME("an HDF5 file, as used by Keras") },
  { bytes: "TFL3", at: 4, file: OTHER_RUNTIME("a TensorFlow Lite model") },
  { bytes: "ORTM", at: 4, file: OTHER_RUNTIME("a model of ONNX Runtime") },
  { bytes: "ET12", at: 4, file: OTHER_RUNTIME("an ExecuTorch model") },
  { bytes: "LITERTLM", file: OTHER_RUNTIME("a LiteRT-LM model") },
  { bytes: "RKNN", file: OTHER_RUNTIME("a model for Rockchip's NPU") },
  { bytes: "7767517\n", file: OTHER_RUNTIME("a model description of ncnn") },
  { bytes: "\x1f\x8b", file: packed("gzip", "gzip -dc", /\.gz$/i) },
  { bytes: "(\xb5/\xfd", file: packed("Zstandard", "zstd -dc", /\.zst$/i) },
  { bytes: "BZh", file: packed("bzip2", "bzip2 -dc", /\.bz2$/i) },
  { bytes: "\xfd7zXZ\0", file: packed("xz", "xz -dc", /\.xz$/i) },
  { bytes: "\x04\x22\x4d\x18", file: packed("LZ4", "lz4 -dc", /\.lz4$/i) },
  {
    bytes: "7z\xbc\xaf\x27\x1c",
    file: ({ path }) => notModel("is a 7-Zip archive", unpackArchive(`7z x ${shellWord(path)}`)),
  },
  {
    bytes: "Rar!\x1a\x07",
    file: ({ path }) => notModel("is a RAR archive", unpackArchive(`unrar x ${shellWord(path)}`)),
  },
  {
    bytes: "ustar",
    at: 257,
    file: ({ path }) => notModel("is a tar archive", unpackArchive(`tar -xf ${shellWord(path)}`)),
  },
  {
    bytes: "MZqFpD",
    file: ({ path }) =>
      notModel(
        "is a program: a llamafile, which contains a GGUF file",
        `Use the GGUF file of this model, or extract it: unzip ${shellWord(path)} '*.gguf'`,
      ),
  },
  ...["MZ", "\x7fELF", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe", "\0asm"].map((bytes) => ({
    bytes,
    file: PROGRAM,
  })),
  { bytes: "%PDF-", file: notModel("is a PDF document") },
  { bytes: "SQLite format 3\0", file: notModel("is a SQLite database") },
  ...["\x89PNG", "\xff\xd8\xff", "GIF8", "RIFF", "ID3", "OggS", "fLaC"].map((bytes) => ({ bytes, file: MEDIA })),
  { bytes: "ftyp", at: 4, file: MEDIA },
  {
    bytes: "\x05<unk>",
    at: 3,
    file: notModel("is a SentencePiece tokenizer, which only splits text into tokens"),
  },
  ...["-----BEGIN PGP", "age-encryption.org/", "Salted__"].map((bytes) => ({
    bytes,
    file: notModel("is encrypted", "Decrypt it and use the resulting file."),
  })),
];
