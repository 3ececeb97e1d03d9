/** What a file is that is no GGUF file: the end of a sentence that begins with its first bytes. */
interface ForeignFile {
  problem: string;
  hint: string;
  /** Whether the bytes say what the file is, and not only what it is not. */
  isKnown: boolean;
}

/** Enough of a file to say what it is. */
export const SNIFFED_BYTES = 512;

const CONVERT_HINT = "llama.cpp's convert_hf_to_gguf.py makes a GGUF file of it, or take one that somebody has made.";
const LFS_POINTER_START = "version https://git-lfs.github.com/spec/";
/** A PyTorch checkpoint is a ZIP archive, or before that a pickle. */
const ARCHIVE_STARTS = [[0x50, 0x4b, 3, 4], ...[2, 3, 4, 5].map((protocol) => [0x80, protocol])];
/** gzip, Zstandard, bzip2, xz. */
const COMPRESSED_STARTS = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58],
];
/** llama.cpp's files were named by these letters, which a little-endian machine wrote backwards. */
const FORMER_LLAMA_STARTS = ["lmgg", "fmgg", "tjgg", "algg"];

/** Eight bytes of length, then JSON. */
export function startsAsSafetensors(start: Uint8Array): boolean {
  return start.length >= 10 && start[8] === 0x7b && /[\s"}]/.test(String.fromCharCode(start[9] ?? 0));
}

/** Its first field is its version, one byte; its next one names its producer, or holds the graph. */
export function startsAsOnnx(start: Uint8Array): boolean {
  return start[0] === 0x08 && (start[1] ?? 0) < 0x20 && (start[2] === 0x12 || start[2] === 0x3a || start[2] === 0x42);
}

/** What a file is that does not begin as a GGUF file does, told by its first bytes. */
export function describeForeignFile(start: Uint8Array): ForeignFile {
  const known = knownFile(start);
  if (known !== null) return { ...known, isKnown: true };
  const bytes = [...start.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return {
    problem: `is ${bytes} where 47 47 55 46, "GGUF", belongs`,
    hint: "Name a model in the GGUF format: its file name mostly ends in .gguf.",
    isKnown: false,
  };
}

function knownFile(start: Uint8Array): Omit<ForeignFile, "isKnown"> | null {
  const text = Buffer.from(start).toString("latin1");
  const beginsWith = (bytes: readonly number[]) => bytes.every((byte, index) => start[index] === byte);

  if (/^\s*<(!doctype|html|head|\?xml)/i.test(text)) {
    return {
      problem: "says that this is a web page",
      hint: "Download the file itself: on Hugging Face its address has /resolve/ where that of its page has /blob/.",
    };
  }
  if (text.startsWith(LFS_POINTER_START)) {
    const bytes = /^size (\d{1,15})$/m.exec(text)?.[1];
    const target = bytes === undefined ? "" : ` to a file of ${bytes} bytes`;
    return { problem: `says that this is a Git LFS pointer${target}`, hint: "Fetch the file itself: git lfs pull." };
  }
  if (startsAsSafetensors(start)) return { problem: "says that this is a safetensors file", hint: CONVERT_HINT };
  if (startsAsOnnx(start)) return { problem: "says that this is an ONNX file", hint: CONVERT_HINT };
  if (ARCHIVE_STARTS.some(beginsWith)) {
    return { problem: "says that this is a PyTorch checkpoint or an archive", hint: CONVERT_HINT };
  }
  if (COMPRESSED_STARTS.some(beginsWith)) {
    return { problem: "says that this is a compressed file", hint: "Unpack it first." };
  }
  if (FORMER_LLAMA_STARTS.includes(text.slice(0, 4))) {
    return {
      problem: "says that this is a file of llama.cpp's before GGUF",
      hint: "Take a newer file of this model.",
    };
  }
  if (/^\s*[[{]/.test(text)) {
    return {
      problem: "says that this is JSON",
      hint: "Name the model file; a JSON file beside it describes it.",
    };
  }
  if (start.every((byte) => byte === 0)) {
    return {
      problem: "is all zeros",
      hint: "The download has made room for the file and not filled it: download it again.",
    };
  }
  return null;
}
