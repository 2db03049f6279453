// Suggests while one types: titles, tags, words, names and one's own past searches. Arrows choose, Enter opens, Escape closes.
// Nothing is asked for in the middle of a composition (Chinese is typed as Latin letters first).
import { icon } from "./page.js";

const WAIT = 140;
const GLYPHS = { past: "history", saved: "star", tag: "hash", name: "user", post: "file-text", question: "circle-question-mark", word: "search", planet: "house" };
let made = 0;

class SearchBox extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=search]");
    this.form = this.querySelector("form");
    if (!this.dataset.suggest || !this.input) return;
    this.build();
    this.input.addEventListener("input", (event) => { if (!event.isComposing) this.soon(); else this.composing = true; });
    this.input.addEventListener("compositionstart", () => { this.composing = true; });
    this.input.addEventListener("compositionend", () => { this.composing = false; this.soon(); });
    this.input.addEventListener("focus", () => { if (!this.input.autofocus || this.touched) this.soon(0); });
    this.input.addEventListener("pointerdown", () => { this.touched = true; if (this.list.hidden) this.soon(0); });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("focusout", (event) => { if (!this.contains(event.relatedTarget)) this.close(); });
    this.form.addEventListener("submit", (event) => { if (this.composing) event.preventDefault(); else this.close(); });
    // Not click: the box must keep the focus, or the list would close before the click arrives.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.open(option);
    });
    // On a slow line somebody types before this file has come.
    if (document.activeElement === this.input && this.input.value !== this.input.defaultValue) this.soon();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.request?.abort();
  }

  build() {
    const id = `suggest-${++made}`;
    this.list = Object.assign(document.createElement("ul"), { id, className: "suggest", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", this.input.getAttribute("aria-label"));
    this.voice = Object.assign(document.createElement("div"), { className: "visually-hidden" });
    this.voice.setAttribute("role", "status");
    this.append(this.list, this.voice);
    this.input.autocomplete = "off";
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", id]]) {
      this.input.setAttribute(name, value);
    }
  }

  soon(wait = WAIT) {
    this.touched = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), wait);
  }

  async ask() {
    if (this.composing) return;
    const typed = this.input.value.trim();
    this.request?.abort();
    const request = this.request = new AbortController();
    const url = new URL(this.dataset.suggest, location.href);
    url.searchParams.set("q", typed);
    try {
      const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" }, signal: request.signal });
      if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) return;
      const { items } = await answer.json();
      if (request === this.request && document.activeElement === this.input) this.show(items, typed);
    } catch {
      // Gone on typing, or no connection: the box searches all the same.
    }
  }

  show(items, typed) {
    this.choose(null);
    this.list.replaceChildren(...items.map((item, at) => this.option(item, at, typed)));
    this.list.hidden = items.length === 0;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.voice.textContent = items.length ? this.dataset.found.replace("{count}", items.length) : typed ? this.dataset.none : "";
  }

  option({ kind, text, url, note }, at, typed) {
    const line = Object.assign(document.createElement("li"), { id: `${this.list.id}-${at}`, className: "suggest__item" });
    line.setAttribute("role", "option");
    line.setAttribute("aria-selected", "false");
    line.dataset.url = url;
    line.dataset.text = kind === "past" || kind === "word" ? text : "";
    const words = Object.assign(document.createElement("span"), { className: "suggest__text" });
    const start = typed ? text.toLowerCase().indexOf(typed.toLowerCase()) : -1;
    if (start < 0) words.textContent = text;
    else words.append(text.slice(0, start), Object.assign(document.createElement("b"), { textContent: text.slice(start, start + typed.length) }), text.slice(start + typed.length));
    line.append(icon(GLYPHS[kind] ?? "search"), words);
    if (note) line.append(Object.assign(document.createElement("span"), { className: "suggest__note", textContent: note }));
    return line;
  }

  key(event) {
    // 229: the key belongs to the input method, also where the browser says that the composition is over.
    if (event.isComposing || event.keyCode === 229) return;
    const options = [...this.list.children];
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey) {
      if (this.list.hidden) { this.soon(0); return; }
      event.preventDefault();
      const at = options.indexOf(this.chosen) + (event.key === "ArrowDown" ? 1 : -1);
      this.choose(at < -1 ? options.at(-1) : options[at] ?? null);
    } else if (event.key === "Enter" && this.chosen && !this.list.hidden) {
      event.preventDefault();
      this.open(this.chosen);
    }
  }

  choose(option) {
    this.chosen?.setAttribute("aria-selected", "false");
    this.chosen = option;
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", option.id);
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  open(option) {
    if (option.dataset.text) this.input.value = option.dataset.text;
    this.close();
    location.assign(option.dataset.url);
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
    this.choose(null);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.voice.textContent = "";
  }
}

customElements.define("search-box", SearchBox);
