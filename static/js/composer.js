// The writing field: how many characters it has, and a preview that the server renders.
import { count } from "./limit.js";
import { post, toast, words } from "./page.js";

/** Count the characters of the fields below `root`; forms that come later are started by who brings them. */
export function start(root) {
  for (const place of root.querySelectorAll("[data-count-for]")) {
    const area = document.getElementById(place.dataset.countFor);
    if (area) count(area);
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
        if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error);
        place.innerHTML = (await answer.json()).html; // made safe by the server, as in the page itself
      } catch (error) {
        toast(error instanceof TypeError || !error.message ? words.failed : error.message);
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
