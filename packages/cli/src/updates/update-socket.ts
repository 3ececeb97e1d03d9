import type { Socket } from "node:net";
import type { Updater } from "@nanoagent/fleet";
import { readLine, socketFailure, UserSocket } from "@nanoagent/server/program";
import { readUpdateRequest, type UpdateReply } from "./update-request.js";

/**
 * Takes the work of `nanoagent bundle` for the updater of this service, through a socket of this user. Resolves with null if
 * there can be none: the service works without it.
 */
export function openUpdateSocket(findUpdater: () => Promise<Updater>): Promise<UserSocket | null> {
  return UserSocket.open("updates", (socket) => void answer(socket, findUpdater));
}

/** A program that leaves before the end abandons its update, unless its release may be in use. */
async function answer(socket: Socket, findUpdater: () => Promise<Updater>): Promise<void> {
  const left = new AbortController();
  socket.once("close", () => left.abort(new Error("The program that asked for the update has ended.")));
  const write = (reply: UpdateReply) => socket.writable && socket.write(`${JSON.stringify(reply)}\n`);
  try {
    const request = readUpdateRequest(await readLine(socket, left.signal));
    // Anything more means that the program is interrupted. Its end is noticed only while it is read.
    socket.on("data", () => left.abort(new Error("The program that asked for the update was interrupted.")));
    const updater = await findUpdater();
    const options = {
      signal: left.signal,
      onStep: (step: Extract<UpdateReply, { step: unknown }>["step"], share: number | null) => write({ step, share }),
    };
    const result = await (request.action === "apply"
      ? updater.applyFile(request.file, request.keys, options)
      : updater.rollBack(options));
    write({ result });
  } catch (error) {
    write({ error: socketFailure(error) });
  }
  socket.end();
}
