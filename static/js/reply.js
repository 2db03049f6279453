import { restore } from "./keep.js";

// "Reply" opens the form below its comment; without this file it leads to a page of its own.
let busy = false;

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-reply]");
  if (!link || busy || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const acts = link.closest(".acts");
  if (!acts) return;
  event.preventDefault();
  const open = acts.nextElementSibling;
  if (open?.matches("[data-reply-form]")) {
    if (!open.querySelector("textarea")?.value.trim()) open.remove();
    else open.querySelector("textarea").focus();
    link.setAttribute("aria-expanded", String(open.isConnected));
    return;
  }
  busy = true;
  try {
    const answer = await fetch(link.href, { credentials: "same-origin", headers: { "X-Fragment": "1" } });
    if (!answer.ok || answer.redirected) throw new Error();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.querySelector("form");
    if (!form) throw new Error();
    rename(form, link.dataset.reply);
    const place = document.createElement("div");
    place.dataset.replyForm = "";
    place.className = "comment__form";
    place.append(form);
    acts.after(place);
    link.setAttribute("aria-expanded", "true");
    import("./upload-zone.js");
    import("./composer.js").then(({ start }) => start(place));
    restore(place);
    import("../vendor/markdown-toolbar-element/2.2.3/index.js");
    place.querySelector("textarea")?.focus();
  } catch {
    location.href = link.href;
  }
  busy = false;
});

// Several forms may stand in the page: ids and what points to them get the comment's id.
function rename(form, suffix) {
  for (const name of ["id", "for", "aria-describedby", "data-for", "data-count-for"]) {
    for (const element of form.querySelectorAll(`[${name}]`)) {
      const value = element.getAttribute(name);
      element.setAttribute(name, value.split(" ").map((one) => `${one}-${suffix}`).join(" "));
    }
  }
}
