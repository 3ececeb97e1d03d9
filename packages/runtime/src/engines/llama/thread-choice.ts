/** What it took to evaluate a batch. */
export interface BatchCost {
  tokens: number;
  milliseconds: number;
  /** Processor time of all threads of the process. */
  processorMilliseconds: number;
  /** Whether weights came from the disk meanwhile: then the time says nothing of the threads. */
  readsDisk: boolean;
}

export interface ThreadChoiceOptions {
  /** Number of threads that is the best by experience, where no other process is busy. */
  goal: number;
  /** Most threads that it may use: the cores of this process. */
  most: number;
  /** Batches of fewer tokens, or of more, are not compared with others: a token of theirs costs another time. */
  comparedTokens: { least: number; most: number };
  /** Whether fewer threads may be faster although each has a core: those that wait for memory stand in each other's way. Default: true. */
  triesFewer?: boolean;
  /** Cores that nothing else on the machine uses at the moment; null where they are still being counted. */
  freeCores: () => number | null;
}

/** Times that are kept of one number of threads; their median counts, so that one lucky or unlucky batch does not. */
const KEPT_TIMES = 5;
/** A number of threads is tried for so many batches, or for so long. */
const TRIED_BATCHES = 3;
const TRIED_MILLISECONDS = 150;
/** More threads are worth it from this gain on: other processes need the cores as well. */
const MIN_GAIN = 1.03;
/** A batch that takes so many times as long as with fewer threads is enough to go back to them. */
const COLLAPSE = 2;
/** Share of the threads' time below which they wait for a core. Threads of llama.cpp never sleep while they compute. */
const MIN_PROCESSOR_SHARE = 0.85;
/** A core that is free for so much of its time can take another thread. */
const FREE_ENOUGH = 0.8;
/** Time between two trials: it grows with each one that brought nothing. */
const FIRST_PAUSE_MILLISECONDS = 500;
const LONGEST_PAUSE_MILLISECONDS = 60_000;
/** Trials that bring nothing may take so much time, and then no more than this part of it. */
const FREE_TRIAL_MILLISECONDS = 250;
const TRIAL_SHARE = 0.05;

/** A trial of another number of threads. */
interface Trial {
  /** Where it goes back to when it brings nothing. */
  from: number;
  batches: number;
  milliseconds: number;
}

/**
 * Number of threads for one kind of work, chosen as the work goes on. llama.cpp's threads wait for each other by spinning: one
 * thread more than there are free cores makes it up to three hundred times slower, and one fewer costs little. So work begins
 * with one thread until it is known how many cores are free, takes more where medians say that it pays, and gives threads
 * back within two batches once they wait for cores.
 */
export class ThreadChoice {
  readonly #options: ThreadChoiceOptions;
  readonly #times = new Map<number, number[]>();
  #threads: number;
  /** Whether it is not known yet how many cores are free: one thread is always right. */
  #isUnsure = true;
  #trial: Trial | null = null;
  #waitingBatches = 0;
  #triesFewer = false;
  /** Trials since the last one that brought something. */
  #failedTrials = 0;
  /** Milliseconds of work so far, those of trials that brought nothing, and where the next trial may begin. */
  #worked = 0;
  #spent = 0;
  #pausedUntil = 0;
  #pause = FIRST_PAUSE_MILLISECONDS;

  constructor(options: ThreadChoiceOptions) {
    this.#options = options;
    this.#threads = options.goal;
  }

  /** Number of threads for the next batch. */
  get threads(): number {
    return this.#isUnsure ? 1 : this.#threads;
  }

  /** Whether it is still being found out how many cores are free: until then it is one thread. */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  /** Looks at the machine before the first batch of a task: others may have taken cores since the last one, or left some. */
  begin(): void {
    this.#isUnsure = true;
    this.#look();
    if (this.#threads < this.#options.goal) this.#pausedUntil = Math.min(this.#pausedUntil, this.#worked);
  }

  /** Takes note of a batch that was evaluated with these threads, and chooses those of the next one. */
  add(cost: BatchCost): void {
    this.#worked += cost.milliseconds;
    if (cost.readsDisk) return;
    const { least, most } = this.#options.comparedTokens;
    const isCompared = cost.tokens >= least && cost.tokens <= most;
    const time = isCompared ? cost.milliseconds / cost.tokens : null;
    if (!this.#givesBack(cost, time) && time !== null) {
      this.#keep(time);
      if (this.#trial !== null) this.#judge(this.#trial, time, cost.milliseconds);
      else if (this.#mayTry) this.#tryOther();
    }
    if (this.#isUnsure) this.#look();
  }

  get #mayTry(): boolean {
    const isKnown = (this.#times.get(this.#threads)?.length ?? 0) >= TRIED_BATCHES;
    const canAfford = this.#spent <= FREE_TRIAL_MILLISECONDS + this.#worked * TRIAL_SHARE;
    return isKnown && canAfford && !this.#isUnsure && this.#worked >= this.#pausedUntil;
  }

  #look(): void {
    const cores = this.#coresForThreads();
    if (cores === null) return;
    this.#isUnsure = false;
    if (cores >= this.#threads) return;
    this.#threads = cores;
    this.#trial = null;
  }

  /** Gives threads back where they waited for cores, and fewer were faster or nothing is known of fewer. */
  #givesBack({ milliseconds, processorMilliseconds }: BatchCost, time: number | null): boolean {
    const cores = processorMilliseconds / milliseconds;
    const fewer = this.#bestOfFewer();
    const waits = this.threads > 1 && cores < this.threads * MIN_PROCESSOR_SHARE;
    if (!waits || (time !== null && fewer !== null && time < fewer)) {
      this.#waitingBatches = 0;
      return false;
    }
    this.#waitingBatches += 1;
    const isCollapse = time !== null && fewer !== null && time > fewer * COLLAPSE;
    if (!isCollapse && this.#waitingBatches < 2) return true;
    this.#waitingBatches = 0;
    // What it was with so many threads is not true any more.
    this.#times.delete(this.#threads);
    this.#threads = Math.max(1, Math.min(this.#threads - 1, Math.floor(cores + 1 - MIN_PROCESSOR_SHARE)));
    if (this.#trial === null) this.#pausedUntil = this.#worked + FIRST_PAUSE_MILLISECONDS;
    else this.#rest(this.#trial.milliseconds + milliseconds);
    return true;
  }

  /** Begins a trial: of one thread more where there is a core for it, or of one fewer, in turn. */
  #tryOther(): void {
    const cores = this.#coresForThreads();
    if (cores === null) return;
    const canTakeMore = this.#threads < cores;
    const mayTryFewer = this.#threads > 1 && this.#options.triesFewer !== false;
    const tried = canTakeMore && !(this.#triesFewer && mayTryFewer) ? this.#threads + 1 : this.#threads - 1;
    if (tried < this.#threads && !mayTryFewer) {
      this.#pausedUntil = this.#worked + FIRST_PAUSE_MILLISECONDS;
      return;
    }
    this.#triesFewer = tried > this.#threads;
    this.#trial = { from: this.#threads, batches: 0, milliseconds: 0 };
    this.#times.delete(tried);
    this.#threads = tried;
  }

  #judge(trial: Trial, time: number, milliseconds: number): void {
    trial.batches += 1;
    trial.milliseconds += milliseconds;
    const before = this.#median(trial.from) ?? Number.POSITIVE_INFINITY;
    const isHopeless = time > before * COLLAPSE;
    if (!isHopeless && trial.batches < TRIED_BATCHES && trial.milliseconds < TRIED_MILLISECONDS) return;
    const now = this.#median(this.#threads) ?? Number.POSITIVE_INFINITY;
    const pays = this.#threads > trial.from ? now * MIN_GAIN < before : now < before * MIN_GAIN;
    if (pays) {
      this.#trial = null;
      this.#failedTrials = 0;
      this.#pause = FIRST_PAUSE_MILLISECONDS;
      // What paid may pay again.
      this.#triesFewer = !this.#triesFewer;
    } else {
      this.#threads = trial.from;
      this.#rest(trial.milliseconds);
    }
  }

  /** Ends a trial that brought nothing. Once both directions brought nothing the next one is put off, longer each time. */
  #rest(spentMilliseconds: number): void {
    this.#trial = null;
    this.#spent += spentMilliseconds;
    this.#failedTrials += 1;
    if (this.#failedTrials % 2 === 1) return;
    this.#pausedUntil = this.#worked + this.#pause;
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MILLISECONDS);
  }

  #keep(time: number): void {
    const times = this.#times.get(this.threads) ?? [];
    times.push(time);
    if (times.length > KEPT_TIMES) times.shift();
    this.#times.set(this.threads, times);
  }

  /** Cores that can each take a thread of their own, at least one; null where they are still being counted. */
  #coresForThreads(): number | null {
    const free = this.#options.freeCores();
    return free === null ? null : Math.max(1, Math.min(this.#options.most, Math.floor(free + 1 - FREE_ENOUGH)));
  }

  #median(threads: number): number | null {
    const times = [...(this.#times.get(threads) ?? [])].sort((one, other) => one - other);
    return times[Math.floor((times.length - 1) / 2)] ?? null;
  }

  /** The shortest median of fewer threads than now. */
  #bestOfFewer(): number | null {
    const medians = [...this.#times.keys()].flatMap((threads) =>
      threads < this.threads ? (this.#median(threads) ?? []) : [],
    );
    return medians.length === 0 ? null : Math.min(...medians);
  }
}
