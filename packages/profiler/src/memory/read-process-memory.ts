import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { kibFields } from "./kib-fields.js";

/** Each of the files read here is 1 to 3 KB; group lists in `status` are what grows. */
const MAX_PROCESS_FILE_BYTES = 16_384;

/** The physical memory that one process has. The first three parts add up to what is resident. */
export interface ProcessMemory {
  /** Its own: heap, stack, what it wrote to. Leaves RAM by swapping alone. */
  anonymous_bytes: number;
  /** Mapped files: code, mapped weights. The kernel can drop and re-read it. */
  file_bytes: number;
  /** Memory shared by name (tmpfs, shared anonymous maps); 0 before Linux 4.5, where it counts as `file_bytes`. */
  shared_bytes: number;
  /** What is resident, pages shared with other processes counted by their share (PSS); null where not told. */
  proportional_bytes: number | null;
}

export interface ReadProcessMemoryOptions {
  /**
   * Read `proportional_bytes` too: true or false. The kernel walks every page for it: 3 to 5 ms for 100 MB measured,
   * so not for a timer. Default: true.
   */
  proportional?: boolean | undefined;
}

/**
 * The memory of the process `pid`: from `/proc/<pid>/status`, on kernels before 4.5 `statm`, and `smaps_rollup` (4.14)
 * for the proportional share. Null where there is no such process, it has ended, or the system does not tell. Never
 * rejects.
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
  // One that has ended but was not waited for keeps its files, without these lines.
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

/** The part of what is resident that is not anonymous, by `statm`: its second and third numbers, both in pages. */
function fileShare(statm: string): number {
  const [, residentPages, sharedPages] = statm.split(" ").map(Number);
  if (!isCount(residentPages) || !isCount(sharedPages) || residentPages === 0) return 0;
  return Math.min(1, sharedPages / residentPages);
}

function isCount(figure: number | undefined): figure is number {
  return figure !== undefined && Number.isSafeInteger(figure) && figure >= 0;
}
