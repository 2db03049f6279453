// Nothing that is typed or pasted is cut. What is beyond a field's limit is counted in red, and sending waits
// until it fits; drafts and previews do not. Without this file the server says the same and keeps every word.
import { words } from "./page.js";

const SEND_ANYWAY = new Set(["keep", "preview"]);
const lengthOf = (field) => [...field.value].length;
const over = (field) => lengthOf(field) - Number(field.dataset.limit);

/** Show how many characters there are, where a place is for it or when the limit comes near. */
export function count(field) {
  const place = placeOf(field);
  if (!place) return;
  const beyond = over(field);
  place.textContent = `${lengthOf(field)} / ${field.dataset.limit}`;
  place.classList.toggle("composer__count--over", beyond > 0);
  if (!place.dataset.countFor) place.hidden = beyond < -Number(field.dataset.limit) / 10;
  if (beyond <= 0) refuse(field, "");
}

function placeOf(field) {
  const root = field.closest("form") ?? document;
  const made = root.querySelector(`[data-count-for="${CSS.escape(field.id)}"], [data-counts="${CSS.escape(field.id)}"]`);
  if (made || over(field) <= 0 || !field.id) return made;
  const place = document.createElement("p");
  place.className = "field__count";
  place.dataset.counts = field.id;
  field.after(place);
  return place;
}

/** Say below the field why it is not sent, and what helps; "" takes it back. */
function refuse(field, text) {
  const box = field.closest(".field") ?? field.parentElement;
  let line = box.querySelector("[data-over]");
  if (!text) {
    if (line) field.removeAttribute("aria-invalid");
    line?.remove();
    return;
  }
  if (!line) {
    line = document.createElement("p");
    line.className = "field__error";
    line.dataset.over = "";
    line.setAttribute("role", "alert");
    box.append(line);
  }
  line.textContent = text;
  field.setAttribute("aria-invalid", "true");
}

document.addEventListener("input", (event) => {
  if (event.target.dataset?.limit) count(event.target);
});

// Before anybody else hears of it: the form stays unsent, and its draft goes on being kept.
addEventListener(
  "submit",
  (event) => {
    if (SEND_ANYWAY.has(event.submitter?.value)) return;
    const long = [...event.target.querySelectorAll("[data-limit]")].filter((field) => over(field) > 0);
    if (!long.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    for (const field of long) {
      count(field);
      // A line, as a name or a code, is not sent in parts.
      const said = field.tagName === "TEXTAREA" ? words.over : words.overLine;
      refuse(field, said.replace("%n", over(field)).replace("%m", field.dataset.limit));
    }
    long[0].focus();
  },
  true,
);

for (const field of document.querySelectorAll("[data-limit]")) if (field.value) count(field);
