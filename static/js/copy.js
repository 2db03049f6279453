// [data-copy="text"] copies a text; [data-copy-from="url"] copies what the address answers.
import { toast, words } from "./page.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  event.preventDefault();
  try {
    const { copy, copyFrom } = button.dataset;
    const text = copy ?? (await (await fetch(copyFrom, { credentials: "same-origin" })).text());
    await navigator.clipboard.writeText(text);
    toast(words.copied);
  } catch {
    toast(words.copyFailed);
  }
  button.closest("details[data-menu]")?.removeAttribute("open");
});
document.addEventListener("click", (event) => {
  const demo = event.target.closest("[data-toast-demo]");
  if (demo) toast(demo.dataset.toastDemo);
});
