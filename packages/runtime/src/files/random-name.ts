/**
 * Returns a random file name of 16 hexadecimal digits. It is not a secret, so Math.random is enough: loading
 * node:crypto would add 3 to 4 ms to every start.
 */
export function randomName(): string {
  return eightDigits() + eightDigits();
}

function eightDigits(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}
