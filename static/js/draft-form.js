// Saves the form around it as a draft within five seconds of a change, one save at a time, and warns when
// another tab has gone on with the same draft.
import { post } from "./page.js";

const WAIT = 2500;

class DraftForm extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    this.state = this.querySelector("[data-draft-state]");
    this.form.addEventListener("input", (event) => {
      // A file that is chosen is nothing yet; what was taken of it says so itself (upload-zone.js).
      if (event.target.type !== "file") this.soon();
    });
    this.form.addEventListener("submit", () => this.stop());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && this.timer) this.save();
    });
    if (this.typedBefore()) this.soon();
  }

  /** Whether somebody wrote before this script was there. */
  typedBefore() {
    return [...this.form.querySelectorAll("textarea, input[type=text]")].some((field) => field.value !== field.defaultValue);
  }

  soon() {
    this.dirty = true;
    if (!this.stopped && !this.timer) this.timer = setTimeout(() => this.save(), WAIT);
  }

  stop() {
    clearTimeout(this.timer);
    this.stopped = true;
  }

  async save() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.stopped || this.saving || !this.dirty) return;
    this.saving = true;
    this.dirty = false;
    this.say(this.dataset.saving);
    try {
      const fields = [...new FormData(this.form)].filter(([, value]) => typeof value === "string");
      const answer = await post(this.dataset.draftUrl, new URLSearchParams(fields));
      const body = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (answer.status === 409) {
        this.stop();
        this.say(body.message ?? this.dataset.conflict, true);
      } else if (answer.ok) {
        this.keep("draft", body.draft);
        this.keep("rev", body.rev);
        this.say(this.dataset.saved);
        if (!this.dirty) this.dispatchEvent(new Event("draft:saved", { bubbles: true }));
      } else if (answer.status === 422 && body.error) {
        // Too long, or too many drafts: the next change tries again.
        this.say(body.error, true);
      } else if (answer.status >= 400 && answer.status < 422) {
        // Signed out, or no longer let in: trying again would change nothing.
        this.stop();
        this.say(this.dataset.refused, true);
      } else {
        throw new Error();
      }
    } catch {
      this.dirty = true;
      this.say(this.dataset.failed, true);
    }
    this.saving = false;
    if (this.dirty) this.soon();
  }

  keep(name, value) {
    if (value === undefined || value === null) return;
    let field = this.form.elements.namedItem(name);
    if (!field) {
      field = Object.assign(document.createElement("input"), { type: "hidden", name });
      this.form.append(field);
    }
    field.value = value;
  }

  say(text, bad = false) {
    this.state.textContent = text;
    this.state.classList.toggle("draft-state--bad", bad);
  }
}

customElements.define("draft-form", DraftForm);
