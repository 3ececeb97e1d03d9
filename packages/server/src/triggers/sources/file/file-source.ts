import { stat } from "node:fs/promises";
import path from "node:path";
import { type FileSource as FileSettings, parseDuration } from "@nanoagent/models";
import type { AcceptEvent } from "../../trigger-event.js";
import { EventFeed, refusalOf } from "../event-feed.js";
import type { EventSource, SourceState } from "../event-source.js";
import type { SourceContext } from "../source-context.js";
import { type FilePattern, matchesName, readFilePattern } from "./file-pattern.js";
import { FolderWatch } from "./folder-watch.js";
import { type FileFacts, listNames, MAX_FILES, readFacts, readSmallText } from "./list-files.js";

const DEFAULT_SETTLE_MILLISECONDS = 1000;
/** Time between two looks at the whole folder, because the system does not report changes of network shares. A look takes 2 ms. */
const LOOK_MILLISECONDS = 30_000;
/** A look may take this part of the time, so that folders with many files are looked at less often. */
const LOOK_SHARE = 0.001;
/** Time for which changes are collected. */
const COLLECT_MILLISECONDS = 50;
/** The times of files are those of the last tick of the kernel's clock. */
const CLOCK_SLACK_MILLISECONDS = 50;

interface KnownFile {
  readonly stamp: string;
  /** State of a file that was not handed over yet, and since when it has been so, in monotonic milliseconds. */
  readonly changing: { readonly facts: FileFacts; readonly since: number } | null;
}

export interface FileSourceOptions {
  /** Default: 30 seconds. */
  readonly lookMilliseconds?: number | undefined;
}

/** Files that appear or change. A file counts once it has not changed for the time of `settle`. */
export class FileSource implements EventSource {
  readonly #context: SourceContext;
  readonly #pattern: FilePattern | { readonly problem: string };
  readonly #settleMilliseconds: number;
  readonly #lookMilliseconds: number;
  /** Files that were seen, also those that are gone: a share that is mounted again has no new files. */
  readonly #files = new Map<string, KnownFile>();
  /** Names that the system reported since the last look. */
  readonly #reported = new Set<string>();
  #watch: FolderWatch | null = null;
  #feed: EventFeed | null = null;
  /** Events that are not accepted yet. */
  #open = 0;
  #isProgressDue = false;
  /** At the first look, files that changed after this time are new; if null, none is. */
  #since: number | null = null;
  #isFirstLook = true;
  #looking: Promise<void> | null = null;
  #cancelTimer = () => {};
  #nextLookAt = 0;
  #problem: string | null = null;
  #hasReportedWatch = false;
  #isClosed = false;

  constructor(settings: FileSettings, context: SourceContext, options: FileSourceOptions = {}) {
    this.#context = context;
    this.#pattern = readFilePattern(settings.path, context.configFolder);
    this.#settleMilliseconds = parseDuration(settings.settle ?? "") ?? DEFAULT_SETTLE_MILLISECONDS;
    this.#lookMilliseconds = options.lookMilliseconds ?? LOOK_MILLISECONDS;
    if ("problem" in this.#pattern) this.#problem = this.#pattern.problem;
  }

  get state(): SourceState {
    const problem = this.#problem ?? this.#feed?.problem ?? null;
    if (problem !== null) return { status: "failing", problem };
    return { status: this.#isFirstLook ? "waiting" : "listening", problem: null };
  }

  start(accept: AcceptEvent): void {
    const pattern = this.#pattern;
    const { clock } = this.#context;
    if ("problem" in pattern || this.#feed !== null) return;
    this.#feed = new EventFeed({
      clock,
      accept: async (event) => {
        const acceptance = await accept(event);
        if (refusalOf(acceptance) === null) {
          this.#open -= 1;
          this.#isProgressDue = true;
        }
        return acceptance;
      },
      onRoom: () => this.#plan(0, pattern),
    });
    this.#since = this.#context.progress?.read(ruleOf(pattern)) ?? null;
    this.#isProgressDue = this.#since === null;
    this.#watch = new FolderWatch(pattern.folder, (name) => {
      if (name === null) this.#nextLookAt = 0;
      else if (matchesName(pattern.name, name)) this.#reported.add(name);
      else return;
      this.#plan(COLLECT_MILLISECONDS, pattern);
    });
    this.#plan(0, pattern);
  }

  noteRoom(): void {
    this.#feed?.retry();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#watch?.close();
    await this.#looking;
    await this.#feed?.close();
  }

  /** Looks after this time. */
  #plan(milliseconds: number, pattern: FilePattern): void {
    // A look plans the next one at its end.
    if (this.#isClosed || this.#looking !== null) return;
    this.#cancelTimer();
    this.#cancelTimer = this.#context.clock.setTimer(() => {
      this.#looking = this.#look(pattern).finally(() => {
        this.#looking = null;
        this.#plan(this.#timeToNextLook(), pattern);
      });
    }, milliseconds);
  }

  #timeToNextLook(): number {
    if (this.#reported.size > 0) return COLLECT_MILLISECONDS;
    let next = this.#nextLookAt;
    if (this.#feed?.isFull !== true) {
      for (const { changing } of this.#files.values()) {
        if (changing !== null) next = Math.min(next, changing.since + this.#settleMilliseconds);
      }
    }
    return Math.max(COLLECT_MILLISECONDS, next - this.#context.clock.monotonic());
  }

  async #look(pattern: FilePattern): Promise<void> {
    const names = [...this.#reported];
    this.#reported.clear();
    if (this.#context.clock.monotonic() >= this.#nextLookAt) await this.#lookAtAll(pattern);
    else for (const name of names) await this.#lookAt(pattern, name);
    await this.#handOver(pattern);
  }

  async #lookAtAll(pattern: FilePattern): Promise<void> {
    const { clock } = this.#context;
    const [begin, beganAt] = [clock.monotonic(), clock.now()];
    try {
      const { dev, ino } = await stat(pattern.folder);
      // The watch comes first, so that no change is missed between it and the list.
      this.#reportWatch(pattern, this.#watch?.renew(`${dev}:${ino}`) ?? null);
      if (await isFolder(path.join(pattern.folder, pattern.name))) {
        throw new Error(`${pattern.name} is a folder, and the files in it are ${pattern.name}/*`);
      }
      const names = await listNames(pattern);
      for (const name of names) await this.#lookAt(pattern, name);
      if (this.#files.size > MAX_FILES) this.#forgetAllBut(new Set(names));
      this.#isFirstLook = false;
      this.#problem = null;
      await this.#writeProgress(pattern, beganAt);
    } catch (error) {
      // Files of a folder that is created later are new.
      if (this.#isFirstLook) this.#since ??= beganAt - CLOCK_SLACK_MILLISECONDS;
      this.#fail(describeFailure(pattern, error as NodeJS.ErrnoException));
    }
    const end = clock.monotonic();
    this.#nextLookAt = end + Math.max(this.#lookMilliseconds, (end - begin) / LOOK_SHARE);
  }

  async #lookAt(pattern: FilePattern, name: string): Promise<void> {
    const facts = await readFacts(pattern.folder, name);
    const known = this.#files.get(name);
    if (facts === null) {
      if (known !== undefined && known.changing !== null) this.#files.delete(name);
      return;
    }
    if (known?.stamp === facts.stamp) return;
    const isOld = this.#isFirstLook && (this.#since === null || facts.changedAt <= this.#since);
    const changing = isOld ? null : { facts, since: this.#context.clock.monotonic() };
    this.#files.set(name, { stamp: facts.stamp, changing });
  }

  /** Makes events of the files that have settled. */
  async #handOver(pattern: FilePattern): Promise<void> {
    const { trigger, clock } = this.#context;
    for (const [name, { stamp, changing }] of this.#files) {
      if (this.#isClosed || this.#feed?.isFull) return;
      if (changing === null || clock.monotonic() - changing.since < this.#settleMilliseconds) continue;
      // The system does not report every change.
      await this.#lookAt(pattern, name);
      if (this.#files.get(name)?.changing !== changing) continue;
      this.#files.set(name, { stamp, changing: null });
      const { facts } = changing;
      const file = path.join(pattern.folder, name);
      const content = await readSmallText(file, facts.sizeBytes);
      const payload = {
        path: file,
        name,
        size_bytes: facts.sizeBytes,
        modified_at: new Date(facts.modifiedAt).toISOString(),
        ...(content !== undefined && { content }),
      };
      this.#open += 1;
      void this.#feed?.add({ trigger, at: clock.now(), payload, identity: `${name}:${stamp}` });
    }
  }

  async #writeProgress(pattern: FilePattern, beganAt: number): Promise<void> {
    const isChanging = [...this.#files.values()].some(({ changing }) => changing !== null);
    if (!this.#isProgressDue || this.#open > 0 || isChanging) return;
    try {
      await this.#context.progress?.write(ruleOf(pattern), beganAt - CLOCK_SLACK_MILLISECONDS);
      this.#isProgressDue = false;
    } catch {
      // Written at a later look. Until then, a start hands over some files again, which the queue recognizes.
    }
  }

  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#files.keys()) if (!names.has(name)) this.#files.delete(name);
  }

  #reportWatch({ folder }: FilePattern, problem: string | null): void {
    if (problem === null || this.#hasReportedWatch) return;
    this.#hasReportedWatch = true;
    const seconds = this.#lookMilliseconds / 1000;
    this.#context.onNotice?.(
      `The system does not report changes in ${folder} (${problem}), so it is looked at every ${seconds} seconds.`,
    );
  }

  #fail(problem: string): void {
    if (problem !== this.#problem) this.#context.onNotice?.(problem);
    this.#problem = problem;
  }
}

async function isFolder(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null))?.isDirectory() === true;
}

/** Name under which the progress of these files is kept. */
function ruleOf({ folder, name }: FilePattern): string {
  return `file ${path.join(folder, name)}`;
}

function describeFailure({ folder }: FilePattern, { code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT")
    return `The folder ${folder} cannot be watched: it does not exist. Create it, or correct file.path.`;
  if (code === "ENOTDIR") return `${folder} cannot be watched: it is not a folder. Correct file.path.`;
  if (code === "EACCES") {
    return `The folder ${folder} cannot be watched: this user may not read it. Make it readable, or correct file.path.`;
  }
  return `The folder ${folder} cannot be watched: ${message}. Check the folder, or correct file.path.`;
}
