import { mkdir, open, readdir, realpath, rename, rm, unlink } from "node:fs/promises";
import path from "node:path";
import { type BundleHead, MAX_MANIFEST_BYTES } from "../bundle/bundle-manifest.js";
import { syncFolder } from "../bundle/sync-folder.js";
import { unpackFiles } from "../bundle/unpack-files.js";
import { parseReleaseState } from "./parse-release-state.js";
import { makeRecord, parseRecord, type ReleaseRecord } from "./release-record.js";
import { NEW_STATE, type ReleaseState, releaseBelow } from "./release-state.js";
import { isDiskFull, unusable } from "./releases-errors.js";
import { DOWNLOADS, removePartialBundles } from "./remove-partial-bundles.js";
import { isUnfinishedName, kindOf, readSmallFile, replaceLink, unfinishedName, writeSynced } from "./synced-files.js";

/** Name of the link to the release in use. */
export const CURRENT = "current";
/** Name of the link to the release that is checked and proven. */
export const NEXT = "next";
const RELEASES = "releases";
const RECORDS = "records";
const STATE = "state.json";
/** Largest state: ten reasons of failure, each of several thousand bytes. */
const MAX_STATE_BYTES = 256 * 1024;
/** Largest record: JSON may need two characters for one of the manifest. */
const MAX_RECORD_BYTES = 2 * MAX_MANIFEST_BYTES + 64 * 1024;
const FOLDER_NAME = /^[1-9]\d{0,15}$/;
const RECORD_NAME = /^([1-9]\d{0,15})\.json$/;

/**
 * The files of a folder of releases: the only door to the disk. Everything is complete and synced before a name leads to it:
 *
 * - a release is unpacked under a hidden name, and gets the name `releases/SEQUENCE` after its files and its record
 *   `records/SEQUENCE.json` are synced;
 * - a release is removed by giving it a hidden name first. So there is never a part of a release in `releases`;
 * - `current` and `next` are relative links that are replaced in one step.
 *
 * Entries with other names belong to somebody else and are never touched.
 */
export class ReleaseFolder {
  readonly root: string;
  readonly #releases: string;
  readonly #records: string;

  private constructor(root: string) {
    this.root = root;
    this.#releases = path.join(root, RELEASES);
    this.#records = path.join(root, RECORDS);
  }

  /** Throws `FleetError` (`releases-unusable`) if the folder is missing, a link, or something else. */
  static async open(root: string): Promise<ReleaseFolder> {
    const kind = await kindOf(root).catch((error: Error) => {
      throw unusable(`The folder ${root} cannot be read.`, `${error.message}.`, "Check the path.", error);
    });
    if (kind === "missing")
      throw unusable(`The folder ${root} does not exist.`, undefined, "Check the path, or apply a first bundle there.");
    if (typeof kind === "object")
      throw unusable(`${root} is a link.`, "Releases need a folder that nobody can exchange.", `Pass ${kind.link}.`);
    if (kind !== "folder") throw unusable(`${root} is not a folder.`, undefined, "Pass the folder of the releases.");
    return new ReleaseFolder(await realpath(root));
  }

  folderOf(sequence: number): string {
    return path.join(this.#releases, String(sequence));
  }

  /** Creates the folders of releases and records if they are missing, and refuses what is not a folder. */
  async prepare(): Promise<void> {
    for (const folder of [this.#releases, this.#records]) {
      if (await isThere(folder)) continue;
      await mkdir(folder);
      await syncFolder(this.root);
    }
  }

  /** Throws `FleetError` (`releases-unusable`) if no bundle was applied here. */
  async requireReleases(): Promise<void> {
    if (await isThere(this.#releases)) return;
    throw unusable(`${this.root} has no releases.`, undefined, "Check the path, or apply a first bundle there.");
  }

  /** Returns the sequence that `current` leads to. Null without it, or if somebody removed the release. */
  async readCurrent(): Promise<number | null> {
    await isThere(this.#releases);
    const file = path.join(this.root, CURRENT);
    const kind = await kindOf(file);
    if (kind === "missing") return null;
    if (typeof kind !== "object") {
      const found = kind === "folder" ? "a folder" : "a file";
      throw unusable(
        `${file} is ${found}, not a link to a release.`,
        "nanoagent makes this link, and replaces nothing else.",
        `Move ${found === "a folder" ? "the folder" : "the file"} away, then try again.`,
      );
    }
    const sequence = this.#sequenceOf(kind.link);
    const target = sequence === null ? "other" : await kindOf(this.folderOf(sequence));
    if (target === "missing") return null;
    if (target === "folder") return sequence;
    throw unusable(
      `${file} leads to ${kind.link}, which is not a release.`,
      `It has to lead to a folder ${RELEASES}/SEQUENCE.`,
      "Remove the link, then apply a bundle.",
    );
  }

  /** Returns the state, or what the releases tell where it is missing or damaged. */
  async readState(releases: readonly ReleaseRecord[], current: number | null): Promise<ReleaseState> {
    const text = await readSmallFile(path.join(this.root, STATE), MAX_STATE_BYTES);
    const parsed = text === null || text === "unusable" ? null : parseReleaseState(text);
    if (parsed !== null && "state" in parsed) return parsed.state;
    if (parsed?.problem === "newer") {
      throw unusable(
        `A newer version of nanoagent wrote ${path.join(this.root, STATE)}.`,
        undefined,
        "Update nanoagent.",
      );
    }
    const [newest] = releases;
    if (newest === undefined) return { ...NEW_STATE, sequence: current ?? 0 };
    const { sequence, manifest_sha256 } = newest;
    const isHighest = current === null || current <= sequence;
    return {
      ...NEW_STATE,
      sequence: isHighest ? sequence : current,
      manifest_sha256: isHighest ? manifest_sha256 : null,
      previous: current === null ? null : releaseBelow(releases, current, NEW_STATE),
    };
  }

  /** Whether the disk has exactly this state. A damaged one is kept under another name, for people to look at. */
  async hasState(state: ReleaseState): Promise<boolean> {
    const file = path.join(this.root, STATE);
    const text = await readSmallFile(file, MAX_STATE_BYTES);
    if (text === textOf(state)) return true;
    const isDamaged = text !== null && (text === "unusable" || !("state" in parseReleaseState(text)));
    if (isDamaged) await rename(file, `${file}.damaged`);
    return false;
  }

  /** Writes the state. Downloads make room for it on a full disk. */
  async writeState(state: ReleaseState): Promise<void> {
    try {
      await writeSynced(this.root, STATE, textOf(state));
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await removePartialBundles(path.join(this.root, DOWNLOADS)).catch(() => {});
      await writeSynced(this.root, STATE, textOf(state));
    }
  }

  /** Returns the records of the releases whose folder is there, the highest sequence first. */
  async readRecords(): Promise<ReleaseRecord[]> {
    if (!(await isThere(this.#releases)) || !(await isThere(this.#records))) return [];
    const records: ReleaseRecord[] = [];
    for (const name of await readdir(this.#releases)) {
      if (!FOLDER_NAME.test(name)) continue;
      const record = (await kindOf(path.join(this.#releases, name))) === "folder" ? await this.readRecord(name) : null;
      if (record !== null) records.push(record);
    }
    return records.sort((one, other) => other.sequence - one.sequence);
  }

  /** Returns the record of a release by the name of its folder. Null for other folders. */
  async readRecord(name: string): Promise<ReleaseRecord | null> {
    if (!FOLDER_NAME.test(name)) return null;
    const text = await readSmallFile(path.join(this.#records, `${name}.json`), MAX_RECORD_BYTES);
    return text === null || text === "unusable" ? null : parseRecord(text, Number(name));
  }

  /** Makes `current` lead to a release in one step, or removes it. */
  async setCurrent(sequence: number | null): Promise<void> {
    await this.#setLink(CURRENT, sequence);
  }

  async setNext(sequence: number | null): Promise<void> {
    const kind = await kindOf(path.join(this.root, NEXT));
    if (typeof kind !== "object" && kind !== "missing") {
      throw unusable(
        `${path.join(this.root, NEXT)} is not a link.`,
        "This name is for the release that is checked next.",
        "Move it away, then try again.",
      );
    }
    await this.#setLink(NEXT, sequence);
  }

  /** Unpacks a bundle as `releases/SEQUENCE`. Replaces an unused release of this sequence. */
  async place(file: string, head: BundleHead, key: string, signal: AbortSignal): Promise<ReleaseRecord> {
    const { sequence } = head.manifest;
    const folder = this.folderOf(sequence);
    await this.#refuseOther(sequence);
    const record = makeRecord(head, key, new Date().toISOString());
    const unfinished = path.join(this.root, unfinishedName(String(sequence)));
    try {
      const handle = await open(file, "r");
      try {
        await unpackFiles(handle, head, unfinished, signal);
      } finally {
        await handle.close();
      }
      await this.remove(sequence);
      // A record without a folder is a leftover; a folder without a record would not say what it is.
      await writeSynced(this.#records, `${sequence}.json`, `${JSON.stringify(record)}\n`);
      await rename(unfinished, folder);
      await syncFolder(this.#releases);
      await syncFolder(this.root);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
    return record;
  }

  /** Removes a release that is not in use. */
  async remove(sequence: number): Promise<void> {
    const folder = this.folderOf(sequence);
    if ((await kindOf(folder)) === "folder") {
      const unfinished = path.join(this.root, unfinishedName(String(sequence)));
      await rename(folder, unfinished);
      // Its remains are removed with the other unfinished entries.
      await rm(unfinished, { recursive: true, force: true }).catch(() => {});
    }
    const record = path.join(this.#records, `${sequence}.json`);
    if ((await kindOf(record)) === "file") await unlink(record);
  }

  /**
   * Removes what interrupted updates left behind, and releases other than those in `kept`. What cannot be removed stays, since
   * it does no harm.
   */
  async clean(kept: ReadonlySet<number>): Promise<void> {
    const discard = (file: string) => rm(file, { recursive: true, force: true }).catch(() => {});
    if (typeof (await kindOf(path.join(this.root, NEXT))) === "object") await discard(path.join(this.root, NEXT));
    for (const folder of [this.root, this.#records]) {
      for (const name of await readdir(folder)) if (isUnfinishedName(name)) await discard(path.join(folder, name));
    }
    for (const name of [...(await readdir(this.#releases)), ...(await readdir(this.#records))]) {
      const sequence = Number(FOLDER_NAME.test(name) ? name : RECORD_NAME.exec(name)?.[1]);
      if (Number.isSafeInteger(sequence) && !kept.has(sequence)) await this.remove(sequence).catch(() => {});
    }
  }

  async #setLink(name: string, sequence: number | null): Promise<void> {
    if (sequence !== null) return replaceLink(this.root, name, path.join(RELEASES, String(sequence)));
    await rm(path.join(this.root, name), { force: true });
    await syncFolder(this.root);
  }

  /** A link, or something else that nanoagent has not made, may have been planted under the name of a release. */
  async #refuseOther(sequence: number): Promise<void> {
    for (const [file, expected] of [
      [this.folderOf(sequence), "folder"],
      [path.join(this.#records, `${sequence}.json`), "file"],
    ] as const) {
      const kind = await kindOf(file);
      if (kind === "missing" || kind === expected) continue;
      throw unusable(
        `${file} is ${typeof kind === "object" ? `a link to ${kind.link}` : `not a ${expected}`}.`,
        "nanoagent has not made it.",
        "Remove it, then apply the bundle again.",
      );
    }
  }

  #sequenceOf(link: string): number | null {
    const [, name = ""] =
      /^releases[\\/]([1-9]\d{0,15})[\\/]?$/.exec(path.isAbsolute(link) ? path.relative(this.root, link) : link) ?? [];
    const sequence = Number(name);
    return name !== "" && Number.isSafeInteger(sequence) ? sequence : null;
  }
}

/** Whether a folder is there. Throws `FleetError` (`releases-unusable`) if something else has its name. */
async function isThere(folder: string): Promise<boolean> {
  const kind = await kindOf(folder);
  if (kind === "folder" || kind === "missing") return kind === "folder";
  throw unusable(
    `${folder} is not a folder.`,
    typeof kind === "object" ? `It is a link to ${kind.link}.` : undefined,
    "Move it away, then try again.",
  );
}

function textOf(state: ReleaseState): string {
  return `${JSON.stringify(state)}\n`;
}
