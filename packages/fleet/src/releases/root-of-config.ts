/**
 * Returns the folder of the releases that a config belongs to: ROOT for the path `ROOT/current/NAME` if `ROOT/current` is a
 * link to one of the releases of ROOT. Otherwise null. The result is a full path without links. Never rejects.
 */
export async function rootOfConfig(_configPath: string): Promise<string | null> {
  throw new Error("not written yet");
}
