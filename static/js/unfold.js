// "Read on" under a folded text opens it in place. A fold that hides nothing goes away; where the reader
// can see it, it leaves its place behind, so that nothing moves under his finger.
import { icon, words } from "./page.js";

const foldedFor = (link) => {
  const text = link.previousElementSibling;
  return text?.classList.contains("prose") ? text : null;
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-unfold]");
  const text = link && foldedFor(link);
  if (!text || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const folded = text.classList.toggle("prose--folded");
  link.dataset.more ??= link.textContent;
  link.replaceChildren(folded ? link.dataset.more : words.fold, icon(folded ? "chevron-down" : "chevron-up"));
  link.querySelector(".icon").classList.add("icon--sm");
  if (folded) text.closest("article")?.scrollIntoView({ block: "nearest" });
});

for (const link of document.querySelectorAll("a[data-unfold]")) {
  const text = foldedFor(link);
  if (text && text.scrollHeight <= text.clientHeight + 4) {
    text.classList.remove("prose--folded");
    if (link.getBoundingClientRect().top > innerHeight) link.hidden = true;
    else link.classList.add("topic__more--idle");
  }
}
