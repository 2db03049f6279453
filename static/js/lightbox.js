// Pictures of a grid open in place; arrows walk, Escape closes, the link still works in a new tab.
import { icon, words } from "./page.js";

let dialog;
let links = [];
let at = 0;

function control(name, label, glyph, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `btn btn--icon lightbox__${name}`;
  button.setAttribute("aria-label", label);
  button.append(icon(glyph));
  button.addEventListener("click", act);
  return button;
}

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "lightbox";
  const picture = document.createElement("img");
  const count = document.createElement("p");
  count.className = "lightbox__count";
  dialog.append(
    picture, count,
    control("prev", words.previous, "chevron-left", () => show(at - 1)),
    control("next", words.next, "chevron-right", () => show(at + 1)),
    control("close", words.close, "x", () => dialog.close()),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target === picture) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    if (event.key === "ArrowRight") show(at + 1);
  });
  document.body.append(dialog);
}

function show(index) {
  at = (index + links.length) % links.length;
  const small = links[at].querySelector("img");
  const picture = dialog.querySelector("img");
  picture.src = links[at].href;
  // A long picture is read from its top, as wide as the screen.
  picture.onload = () => {
    dialog.classList.toggle("lightbox--tall", picture.naturalHeight > 2.5 * picture.naturalWidth);
    dialog.scrollTop = 0;
  };
  picture.alt = small?.alt ?? "";
  dialog.setAttribute("aria-label", picture.alt);
  dialog.querySelector(".lightbox__count").textContent = links.length > 1 ? `${at + 1} / ${links.length}` : "";
  for (const name of ["prev", "next"]) dialog.querySelector(`.lightbox__${name}`).hidden = links.length < 2;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-lightbox] a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  if (!dialog) build();
  links = [...link.closest("[data-lightbox]").querySelectorAll("a")];
  dialog.addEventListener("close", () => link.focus(), { once: true });
  dialog.showModal();
  show(links.indexOf(link));
});
