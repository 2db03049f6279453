// While a question is typed: up to five that were answered already. What is typed stays as it is; a link opens
// beside this page.
import { post } from "./page.js";

const WAIT = 500;
const SHORTEST = 4;

class LookAlikes extends HTMLElement {
  connectedCallback() {
    this.field = this.closest("form")?.elements.namedItem("text");
    if (!this.field) return;
    this.field.addEventListener("input", (event) => { if (!event.isComposing) this.soon(); });
    this.field.addEventListener("compositionend", () => this.soon());
    if (this.field.value.trim() && !this.childElementCount) this.soon();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT);
  }

  async ask() {
    const text = this.field.value.trim();
    if (text === this.asked) return;
    this.asked = text;
    if (text.length < SHORTEST) return this.replaceChildren();
    try {
      const answer = await post(this.dataset.url, new URLSearchParams({ text: text.slice(0, 2000) }), { Accept: "text/html", "X-Fragment": "1" });
      if (!answer.ok || this.asked !== text) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.replaceChildren(...page.body.children);
    } catch {
      // No connection: the question can be asked all the same.
      this.asked = "";
    }
  }
}

customElements.define("look-alikes", LookAlikes);
