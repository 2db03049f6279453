// The writing field: characters left, and a preview that the server renders.
import { post, toast, words } from "./page.js";

function count(area, place) {
  const limit = area.maxLength;
  const used = [...area.value].length;
  place.textContent = `${used} / ${limit}`;
  place.classList.toggle("composer__count--over", used >= limit);
}

/** Count the characters of the fields below `root`; forms that come later are started by who brings them. */
export function start(root) {
  for (const place of root.querySelectorAll("[data-count-for]")) {
    const area = document.getElementById(place.dataset.countFor);
    area?.addEventListener("input", () => count(area, place));
    if (area) count(area, place);
  }
}
start(document);

for (const box of document.querySelectorAll("[data-preview-url]")) {
  const button = box.querySelector("[data-preview-toggle]");
  const area = box.querySelector("textarea");
  const place = box.querySelector("[data-preview]");
  button.addEventListener("click", async () => {
    const showing = button.getAttribute("aria-pressed") === "true";
    if (!showing) {
      try {
        const answer = await post(box.dataset.previewUrl, new URLSearchParams({ text: area.value }));
        if (!answer.ok) throw new Error();
        place.innerHTML = (await answer.json()).html; // made safe by the server, as in the page itself
      } catch {
        toast(words.failed);
        return;
      }
    }
    button.setAttribute("aria-pressed", String(!showing));
    place.hidden = showing;
    area.hidden = !showing;
    if (showing) area.focus();
  });
}

// Ctrl/Cmd + Enter sends.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("[data-composer] textarea")) {
    event.preventDefault();
    event.target.form?.requestSubmit();
  }
});
