// What a host opens in the tests: an engine that says what it is told, and misbehaves when a message asks for it.
import { ScriptedEngine } from "@nanoagent/runtime/testing";

export function openEngine({ replies, failToOpen, hangToOpen }) {
  if (failToOpen) throw new Error("it will not open");
  if (hangToOpen) for (;;) {}
  const engine = new ScriptedEngine(replies);
  return {
    name: "scripted",
    contextTokens: null,
    countTokens: (text) => engine.countTokens(text),
    close: () => engine.close(),
    async *generate(request, options) {
      const content = request.messages.at(-1)?.content;
      if (content === "crash") process.abort();
      if (content === "exit") process.exit(7);
      if (content === "hang") for (;;) {}
      if (content === "take memory") for (const held = []; ; ) held.push(Buffer.alloc(2 ** 20, 1));
      if (content === "print") process.stdout.write("printed by native code\n");
      if (content === "which process") {
        yield { type: "text-delta", text: String(process.pid) };
        yield { type: "end", reason: "stop" };
        return;
      }
      yield* engine.generate(request, options);
    },
  };
}
