import { expect, it } from "vitest";
import { DEFAULT_MAX_READ_BYTES, type Machine, MachineReadError } from "../src/index.js";

/** Files below the root of a machine under test. */
export const contractFiles = {
  "notes.txt": "first line\nsecond line\n",
  "long.txt": "0123456789".repeat(DEFAULT_MAX_READ_BYTES),
  "folder/b": "",
  "folder/a": "größe",
  "folder/inner/c": "c",
};

/** Tests the contract of `Machine` for any implementation. */
export function testMachineContract(open: () => { machine: Machine; root: string }): void {
  it("reads a file as UTF-8", async () => {
    const { machine, root } = open();
    expect(await machine.readText(`${root}/notes.txt`)).toBe("first line\nsecond line\n");
    expect(await machine.readText(`${root}/folder/a`)).toBe("größe");
    expect(await machine.readText(`${root}/folder/b`)).toBe("");
  });

  it("reads at most the limit, 64 KiB by default", async () => {
    const { machine, root } = open();
    expect(await machine.readText(`${root}/long.txt`)).toHaveLength(65_536);
    expect(await machine.readText(`${root}/long.txt`, 12)).toBe("012345678901");
    expect(await machine.readText(`${root}/long.txt`, 0)).toBe("");
    expect(await machine.readText(`${root}/notes.txt`, 1_000_000)).toHaveLength(23);
    // The limit cuts the ö.
    expect(await machine.readText(`${root}/folder/a`, 3)).toBe("gr�");
  });

  it("lists a folder by name, sorted", async () => {
    const { machine, root } = open();
    expect(await machine.listDirectory(`${root}/folder`)).toEqual(["a", "b", "inner"]);
    expect(await machine.listDirectory(`${root}/folder/`)).toEqual(["a", "b", "inner"]);
  });

  it("reports whether a path exists", async () => {
    const { machine, root } = open();
    expect(await machine.exists(`${root}/notes.txt`)).toBe(true);
    expect(await machine.exists(`${root}/folder`)).toBe(true);
    expect(await machine.exists(`${root}/nothing`)).toBe(false);
    expect(await machine.exists(`${root}/notes.txt/below`)).toBe(false);
  });

  it("reports whether a path may be opened", async () => {
    const { machine, root } = open();
    expect(await machine.mayOpen(`${root}/notes.txt`)).toBe(true);
    expect(await machine.mayOpen(`${root}/nothing`)).toBeNull();
    expect(await machine.mayOpen(`${root}/notes.txt/below`)).toBeNull();
  });

  it("rejects with MachineReadError, which has the path and the error code", async () => {
    const { machine, root } = open();
    await expectFault(machine.readText(`${root}/nothing`), `${root}/nothing`, "ENOENT");
    await expectFault(machine.readText(`${root}/folder`), `${root}/folder`, "EISDIR");
    await expectFault(machine.listDirectory(`${root}/nothing`), `${root}/nothing`, "ENOENT");
    await expectFault(machine.listDirectory(`${root}/notes.txt`), `${root}/notes.txt`, "ENOTDIR");
  });
}

export async function expectFault(read: Promise<unknown>, path: string, errno: string): Promise<void> {
  const error = await read.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MachineReadError);
  expect(error).toMatchObject({ name: "MachineReadError", code: "machine-read", path, errno });
}
