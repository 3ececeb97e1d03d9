import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { kibFields } from "./kib-fields.js";

/** Most bytes of a file. They have 1 to 3 KB; long group lists make `status` larger. */
const MAX_PROCESS_FILE_BYTES = 16_384;

/** Physical memory of one process. The first three parts add up to the resident memory. */
export interface ProcessMemory {
  /** Private memory: heap, stack, written pages. It leaves RAM only by swapping. */
  anonymous_bytes: number;
  /** Mapped files: code, mapped weights. The kernel can drop these pages and read them again. */
  file_bytes: number;
  /** Shared memory (tmpfs, shared anonymous mappings); 0 before Linux 4.5, where it counts as `file_bytes`. */
  shared_bytes: number;
  /** Resident memory with shared pages counted proportionally (PSS); null if unknown. */
  proportional_bytes: number | null;
}

export interface ReadProcessMemoryOptions {
  /**
   * Whether to read `proportional_bytes`. The kernel walks every page for it, which takes 3 to 5 ms per 100 MB, so it
   * is not suitable for timers. Default: true.
   */
  proportional?: boolean | undefined;
}

/**
 * Reads the memory of a process from `/proc/<pid>/status`, on kernels before 4.5 from `statm`, and from `smaps_rollup`
 * (4.14) for the proportional share. Null if the process does not exist, has ended, or the system does not report it.
 * Never rejects.
 */
export async function readProcessMemory(
  machine: Machine,
  pid: number,
  { proportional = true }: ReadProcessMemoryOptions = {},
): Promise<ProcessMemory | null> {
  if (!isLinux(machine) || !Number.isSafeInteger(pid) || pid <= 0) return null;
  const read = async (name: string) =>
    (await readOrNull(machine, `/proc/${pid}/${name}`, MAX_PROCESS_FILE_BYTES)) ?? "";
  const [statusText, rollupText] = await Promise.all([read("status"), proportional ? read("smaps_rollup") : ""]);
  const status = kibFields(statusText);
  // A zombie process keeps its files, without these lines.
  const resident = status.get("VmRSS");
  if (!isCount(resident)) return null;
  const pss = kibFields(rollupText).get("Pss");
  const proportional_bytes = isCount(pss) ? pss : null;

  const anonymous = status.get("RssAnon");
  const file = status.get("RssFile");
  const shared = status.get("RssShmem");
  if (isCount(anonymous) && isCount(file) && isCount(shared)) {
    return { anonymous_bytes: anonymous, file_bytes: file, shared_bytes: shared, proportional_bytes };
  }
  const file_bytes = Math.round(resident * fileShare(await read("statm")));
  return { anonymous_bytes: resident - file_bytes, file_bytes, shared_bytes: 0, proportional_bytes };
}

/**
 * Returns the share of resident memory that is not anonymous, from the second and third number of `statm`, in pages.
 */
function fileShare(statm: string): number {
  const [, residentPages, sharedPages] = statm.split(" ").map(Number);
  if (!isCount(residentPages) || !isCount(sharedPages) || residentPages === 0) return 0;
  return Math.min(1, sharedPages / residentPages);
}

function isCount(figure: number | undefined): figure is number {
  return figure !== undefined && Number.isSafeInteger(figure) && figure >= 0;
}
