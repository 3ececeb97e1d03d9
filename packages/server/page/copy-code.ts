import { setText } from "./find-element.js";

/** Copies the code beside a button, and says so. */
export async function copyCode(button: HTMLElement): Promise<void> {
  const code = button.closest(".code")?.querySelector("code");
  if (!code) return;
  const isDone = await copyText(code);
  setText(button, isDone ? "Copied" : "Select and copy");
  setTimeout(() => setText(button, "Copy"), 2000);
}

/** Browsers offer the clipboard to pages of HTTPS and of this machine. For others the text is selected and copied. */
async function copyText(element: Element): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(element.textContent ?? "");
    return true;
  } catch {
    const selection = getSelection();
    selection?.selectAllChildren(element);
    return document.execCommand("copy");
  }
}
