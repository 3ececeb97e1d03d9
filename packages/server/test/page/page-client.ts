import { onTestFinished } from "vitest";
import type { PageEvent, PageTurn } from "../../src/page/page-events.js";

export interface Sent {
  status: number;
  json: Record<string, unknown> & { conversation: string; turn: PageTurn; error?: { code: string; message: string } };
}

/** Reads the events of an open page, as a browser does. */
export class OpenPage {
  readonly events: PageEvent[] = [];
  readonly #abort = new AbortController();
  #wake: () => void = () => {};
  isEnded = false;

  static async open(url: string, conversation: string | null = null, headers = {}): Promise<OpenPage> {
    const page = new OpenPage();
    const query = conversation === null ? "" : `?conversation=${conversation}`;
    const response = await fetch(`${url}/page/events${query}`, { headers, signal: page.#abort.signal });
    if (response.status !== 200 || response.body === null) throw new Error(`Status ${response.status}`);
    void page.#read(response.body);
    onTestFinished(() => page.close());
    await page.find("hello");
    return page;
  }

  close(): void {
    this.#abort.abort();
  }

  get hello(): Extract<PageEvent, { type: "hello" }> {
    return this.events[0] as Extract<PageEvent, { type: "hello" }>;
  }

  /** Waits for an event of a type, the newest first, that a condition holds for. */
  async find<Type extends PageEvent["type"]>(
    type: Type,
    holds: (event: Extract<PageEvent, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<PageEvent, { type: Type }>> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const found = this.events.findLast(
        (event): event is Extract<PageEvent, { type: Type }> => event.type === type && holds(event as never),
      );
      if (found !== undefined) return found;
      if (this.isEnded || Date.now() > deadline) throw new Error(`No ${type} in ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 1000);
      });
    }
  }

  /** Waits until a turn has ended. */
  async turnEnd(id: string): Promise<PageTurn> {
    const ended = ({ turn }: { turn: PageTurn }) =>
      turn.id === id && turn.state !== "waiting" && turn.state !== "running";
    return (await this.find("turn", ended)).turn;
  }

  /** The turns of the shown conversation after all events so far, as a browser has them. */
  get turns(): PageTurn[] {
    let turns: PageTurn[] = [];
    for (const event of this.events) {
      if (event.type === "hello") turns = structuredClone([...(event.conversation?.turns ?? [])]);
      else if (event.type === "turn") {
        const index = turns.findIndex(({ id }) => id === event.turn.id);
        if (index < 0) turns.push(structuredClone(event.turn));
        else turns[index] = structuredClone(event.turn);
      } else if (event.type === "text") {
        const part = turns.find(({ id }) => id === event.turn)?.parts[event.part];
        if (part?.type !== "text") throw new Error(`No text part for ${JSON.stringify(event)}`);
        part.text += event.text;
      }
    }
    return turns;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const piece of body) {
        text += decoder.decode(piece, { stream: true });
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          if (block.startsWith("data: ")) this.events.push(JSON.parse(block.slice(6)));
          else if (!block.startsWith(":")) throw new Error(`Not an event: ${block}`);
        }
        this.#wake();
      }
    } catch (error) {
      // A service that is killed cuts its streams off.
      const isCutOff = error instanceof TypeError && error.message === "terminated";
      if (!this.#abort.signal.aborted && !isCutOff) throw error;
    } finally {
      this.isEnded = true;
      this.#wake();
    }
  }
}

/** The text that a turn shows. */
export function textOf(turn: PageTurn | undefined): string {
  return (turn?.parts ?? []).map((part) => (part.type === "text" ? part.text : `[${part.name}]`)).join("");
}

export async function post(url: string, path: string, body: unknown, headers = {}): Promise<Sent> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as Sent["json"] };
}

/** Sends a message. Null begins a conversation. */
export async function say(url: string, message: string, conversation: string | null = null): Promise<Sent["json"]> {
  const { status, json } = await post(url, "/page/messages", { conversation, message });
  if (status !== 202) throw new Error(`Status ${status}: ${JSON.stringify(json)}`);
  return json;
}
