// Puts a part of another page in the place of the link to it, once the reader comes near. Without scripts, or when
// it fails, the link leads there.
import { refresh } from "./relative-time.js";

class LazyPart extends HTMLElement {
  connectedCallback() {
    this.watch = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) this.load(); }, { rootMargin: "400px" });
    this.watch.observe(this);
  }

  disconnectedCallback() {
    this.watch.disconnect();
  }

  async load() {
    this.watch.disconnect();
    try {
      const answer = await fetch(this.querySelector("a").href, { credentials: "same-origin", headers: { "X-Fragment": "1" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      refresh(page);
      this.replaceChildren(...page.body.children);
    } catch {
      // The link stays.
    }
  }
}

customElements.define("lazy-part", LazyPart);
