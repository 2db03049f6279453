// Single keys for those who read a lot: j k walk, o opens, g then h n p goes, c writes, / searches, ? tells.
import { isTyping, words } from "./page.js";

const items = () => [...document.querySelectorAll("[data-item]")].filter((item) => item.offsetParent);
let leader = 0;

function walk(step) {
  const all = items();
  if (!all.length) return;
  const here = all.indexOf(document.activeElement?.closest("[data-item]"));
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1)];
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  next.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}

function go(name) {
  document.querySelector(`[data-go="${name}"]`)?.click();
}

/** Lead into the search box that is to be seen, or to the page that has one. */
function search() {
  const box = [...document.querySelectorAll("[data-search]")].find((one) => one.checkVisibility());
  if (!box) return go("search");
  box.focus();
  box.select();
}

function help() {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", words.keys);
  const list = document.createElement("dl");
  list.className = "keys";
  const lines = [["j", words.keyNext], ["k", words.keyPrevious], ["o", words.keyOpen], ["g h", words.keyHome],
    ["g n", words.keyNotices], ["g p", words.keyPlanet], ["/", words.keySearch], ["c", words.keyWrite], ["?", words.keyHelp]];
  for (const [keys, text] of lines) {
    const term = document.createElement("dt");
    for (const key of keys.split(" ")) term.append(Object.assign(document.createElement("kbd"), { textContent: key }), " ");
    list.append(term, Object.assign(document.createElement("dd"), { textContent: text }));
  }
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "form-actions";
  form.append(Object.assign(document.createElement("button"), { className: "btn btn--secondary", textContent: words.close }));
  dialog.append(Object.assign(document.createElement("h2"), { textContent: words.keys }), list, form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (leader && Date.now() - leader < 1500) {
    leader = 0;
    go({ h: "home", n: "notices", p: "planet" }[event.key]);
    return;
  }
  const act = {
    j: () => walk(1),
    k: () => walk(-1),
    o: () => document.activeElement?.closest("[data-item]")?.querySelector("[data-open], h2 a, time")?.closest("a")?.click(),
    g: () => { leader = Date.now(); },
    c: () => go("write"),
    "/": search,
    "?": help,
  }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
