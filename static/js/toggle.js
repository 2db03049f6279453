// Like, bookmark, pin: pressed at once, put back when the server refuses.
import { post, toast, words } from "./page.js";

document.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button?.matches("[data-toggle]")) return;
  event.preventDefault();
  if (button.getAttribute("aria-busy") === "true") return;
  const before = button.getAttribute("aria-pressed");
  button.setAttribute("aria-busy", "true");
  button.setAttribute("aria-pressed", before === "true" ? "false" : "true");
  try {
    const wish = new URLSearchParams(new FormData(event.target));
    wish.set("on", before === "true" ? "0" : "1");
    const answer = await post(button.formAction, wish);
    const isJson = answer.headers.get("Content-Type")?.includes("application/json");
    const body = isJson ? await answer.json() : {};
    if (!answer.ok) throw new Error(body.error ?? words.failed);
    if ("pressed" in body) button.value = body.pressed ? "0" : "1";
    if ("pressed" in body) button.setAttribute("aria-pressed", String(body.pressed));
    const count = button.querySelector("[data-count]");
    if (count && "count" in body) count.textContent = body.count || "";
  } catch (error) {
    button.setAttribute("aria-pressed", before);
    toast(error instanceof TypeError ? words.failed : error.message);
  }
  button.removeAttribute("aria-busy");
});
