/** Most numbers of a list, beyond the processors of any supported machine. */
const MAX_NUMBERS = 4096;

/** Parses a list of the kernel: `0-3,5` is 0, 1, 2, 3 and 5. Null for an invalid list. */
export function numberList(text: string): number[] | null {
  const numbers: number[] = [];
  for (const part of text.trim().split(",")) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (first === undefined) return null;
    for (let number = Number(first); number <= Number(last); number++) {
      if (numbers.length === MAX_NUMBERS) return null;
      numbers.push(number);
    }
  }
  return numbers;
}
