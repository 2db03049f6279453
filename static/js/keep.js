// Longer texts that no draft on the server keeps (comments, replies, notes, settings) are kept in this browser
// while they are typed, for the person who types, and stand there again when the page is opened anew.
// They go once they are sent: the page that follows a form that was taken is opened by navigating on;
// after a failure one comes back or loads again, and a refusing page shows the words itself.
import { words } from "./page.js";

const WHO = document.body.dataset.viewer;
const PREFIX = `kept:${WHO}:`;
const DAYS = 14 * 24 * 3600 * 1000;
const FILES = 36 * 3600 * 1000; // uploads that wait in no draft are kept by the server for two days
const mine = (area) => WHO && area.matches("textarea[name]") && area.form?.method === "post" && !area.closest("draft-form");
const SENT = "sent:" + WHO;

function nameOf(area) {
  const parent = area.form.elements.namedItem("parent")?.value ?? "";
  return `${PREFIX}${new URL(area.form.action, location.href).pathname}:${parent}:${area.name}`;
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function write(name, value) {
  try {
    if (value) localStorage.setItem(name, JSON.stringify(value));
    else localStorage.removeItem(name);
  } catch {
    // The browser keeps nothing (full, or told not to): leaving the page asks first, as before.
  }
}

function keep(area) {
  const files = [...area.form.querySelectorAll("[data-found]")].map((row) => JSON.parse(row.dataset.found));
  const same = area.value === area.defaultValue && !files.length;
  write(nameOf(area), same ? null : { text: area.value, base: area.defaultValue, files, at: Date.now() });
  if (!same) document.dispatchEvent(new CustomEvent("text:kept", { detail: area.form }));
}

/** Put back what was typed into the fields below `root`; a field whose text changed since offers it. */
export function restore(root) {
  for (const area of root.querySelectorAll("textarea")) {
    const found = mine(area) && read(nameOf(area));
    if (!found || area.value === found.text) continue;
    const note = Object.assign(document.createElement("p"), { className: "field__help kept" });
    note.setAttribute("role", "status");
    const act = Object.assign(document.createElement("button"), { type: "button", className: "btn btn--quiet btn--sm" });
    (area.closest(".field") ?? area.parentElement).append(note);
    const put = () => {
      fill(area, found);
      note.replaceChildren(words.keptHere + " ", act);
      act.textContent = words.dropKept;
      act.onclick = () => {
        area.value = area.defaultValue;
        write(nameOf(area), null);
        note.remove();
        area.focus();
      };
    };
    if (area.value === area.defaultValue && area.value === found.base) put();
    else {
      note.replaceChildren(words.keptElse + " ", act);
      act.textContent = words.takeKept;
      act.onclick = put;
    }
  }
}

function fill(area, found) {
  area.value = found.text;
  const zone = area.closest("upload-zone");
  if (Date.now() - found.at < FILES) for (const file of found.files ?? []) zone?.again?.(file);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", (event) => {
  const area = event.target.matches?.("textarea") ? event.target : event.target.querySelector?.("textarea");
  if (area && mine(area)) keep(area);
});

addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  // What was refused for haste goes off again from the page that says so.
  if (event.target.matches("[data-again]")) sessionStorage.setItem(SENT, JSON.stringify(refused));
  const names = [...event.target.querySelectorAll("textarea")].filter(mine).map(nameOf);
  if (names.length) sessionStorage.setItem(SENT, JSON.stringify(names));
});

let refused = [];

function forget() {
  const sent = JSON.parse(sessionStorage.getItem(SENT) ?? "[]");
  sessionStorage.removeItem(SENT);
  refused = sent;
  const way = performance.getEntriesByType("navigation")[0]?.type;
  if (way !== "navigate" || document.querySelector("[data-refused], [aria-invalid=true], .notice--error")) return;
  for (const name of sent) write(name, null);
}

function sweep() {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith("kept:") && Date.now() - (read(name)?.at ?? 0) > DAYS) localStorage.removeItem(name);
  }
}

if (WHO) {
  try {
    forget();
    sweep();
  } catch {
    // No storage here: nothing to forget.
  }
  if (document.querySelector("upload-zone")) customElements.whenDefined("upload-zone").then(() => restore(document));
  else restore(document);
}
