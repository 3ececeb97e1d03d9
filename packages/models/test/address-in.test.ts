import path from "node:path";
import { addressIn, adviseOnAddress } from "@nanoagent/models";
import fc from "fast-check";
import { expect, test } from "vitest";

const part = fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,12}$/);
const scheme = fc.constantFrom("http", "https", "hf", "ollama", "s3", "file", "HTTPS", "git+ssh", "docker");

const isPulled = (name: string) => ["http", "https", "hf", "ollama"].includes(name.toLowerCase());

test("an address is recognized by its scheme, even after a folder", () => {
  fc.assert(
    fc.property(scheme, part, part, fc.boolean(), (name, host, file, isJoined) => {
      const address = `${name}://${host}/${file}`;
      expect(addressIn(isJoined ? path.posix.join("/home/me", address) : address)).toBe(address);
      expect(adviseOnAddress(address)).toMatch(
        name === "file" ? /^Write the path/ : isPulled(name) ? `nanoagent models pull ${address}` : /another program/,
      );
    }),
  );
  for (const short of ["hf:x/y", "ollama:llama3", "huggingface.co/x/y", "https:x"])
    for (const text of [short, `/home/me/${short}`]) expect(addressIn(text)).toBe(short);
});

test("a path is not an address", () => {
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.constantFrom("/", "./", "C:\\", ""),
      (parts, root) => {
        fc.pre(!/^(?:www\.)?(?:hf|huggingface|ollama|modelscope)\./i.test(parts.join("/")));
        expect(addressIn(root + parts.join("/"))).toBe(null);
      },
    ),
  );
  for (const name of ["C:/models/m.gguf", "llama3:8b.gguf", "/m/llama3:8b", "\\\\server\\share\\m.gguf"]) {
    expect(addressIn(name)).toBe(null);
  }
});
