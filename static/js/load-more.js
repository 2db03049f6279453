// A "more" link fetches its page and takes over the list in it, instead of leaving this one.
import { refresh } from "./relative-time.js";
import { toast, words } from "./page.js";

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-load-into]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const list = document.getElementById(link.dataset.loadInto);
  if (!list) return;
  event.preventDefault();
  const line = link.closest(".load-more") ?? link;
  if (line.getAttribute("aria-busy") === "true") return;
  line.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { credentials: "same-origin", headers: { "X-Fragment": "1" } });
    if (!answer.ok) throw new Error();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const more = page.getElementById(link.dataset.loadInto);
    const following = page.querySelector(`a[data-load-into="${CSS.escape(link.dataset.loadInto)}"]`);
    const items = [...(more?.children ?? [])].filter((item) => !item.id || !document.getElementById(item.id));
    refresh(page);
    list.append(...items);
    const next = following?.closest(".load-more") ?? following;
    if (next && items.length) line.replaceWith(next);
    else line.remove();
    items[0]?.querySelector("a, button")?.focus({ preventScroll: true });
  } catch {
    line.removeAttribute("aria-busy");
    toast(words.failed);
  }
});
