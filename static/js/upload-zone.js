// Pictures and files by button, paste or drop. Each is sent at once; the form carries only its id.
import { icon, post, toast, words } from "./page.js";

// What the server makes pictures of; anything else is a file to download.
const PICTURE = /^image\/(png|jpeg|webp|gif|heic|heif|avif)$/;
// Some browsers do not know what a telephone's picture is.
const PICTURE_NAME = /\.(heic|heif|avif)$/i;

function isPicture(file) {
  return PICTURE.test(file.type) || (!file.type && PICTURE_NAME.test(file.name));
}

class UploadZone extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]");
    this.list = this.querySelector("[data-uploads]");
    // There before the first refusal comes, so that it is read out.
    this.refusals = Object.assign(document.createElement("div"), { className: "upload-refusals" });
    this.refusals.setAttribute("role", "alert");
    this.list.before(this.refusals);
    this.input?.addEventListener("change", () => this.picked());
    this.picked(); // chosen before this script was there
    this.addEventListener("paste", (event) => {
      const files = event.clipboardData?.files;
      if (!files?.length) return;
      // Excel and Word put a picture of the words beside the words: the browser pastes these.
      if (!event.clipboardData.getData("text/plain").trim()) event.preventDefault();
      this.take(files);
    });
    this.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      this.toggleAttribute("data-over", true);
    });
    this.addEventListener("dragleave", (event) => {
      if (!this.contains(event.relatedTarget)) this.removeAttribute("data-over");
    });
    this.addEventListener("drop", (event) => {
      this.removeAttribute("data-over");
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.take(event.dataTransfer.files);
    });
    this.addEventListener("click", (event) => {
      const button = event.target.closest(".upload__remove, .upload__move, .upload__insert");
      if (!button) return;
      event.preventDefault();
      const row = button.closest(".upload");
      if (button.classList.contains("upload__insert")) {
        this.insert(row.dataset.id);
        return;
      }
      if (button.classList.contains("upload__move")) {
        row.previousElementSibling?.before(row);
        button.focus();
      } else {
        post(`${this.dataset.url}/${row.dataset.id}/discard`).catch(() => {});
        row.remove();
        this.querySelector("textarea")?.focus();
      }
      this.changed();
    });
  }

  picked() {
    if (!this.input?.files.length) return;
    this.take(this.input.files);
    this.input.value = "";
  }

  async take(files) {
    const wanted = [];
    for (const file of files) {
      if (this.dataset.kinds !== "image" || isPicture(file)) wanted.push(file);
      else this.refuse(file.name, this.dataset.onlyPictures);
    }
    // One after the other: each waits for the same decoder anyway.
    for (const file of wanted) await this.send(file);
  }

  async send(file) {
    const row = this.row(file.name);
    const body = new FormData();
    body.append("kind", isPicture(file) ? "image" : "file");
    body.append("file", file, file.name || "image.png");
    try {
      const answer = await post(this.dataset.url, body);
      const found = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (!answer.ok || found.error) throw new Error(found.error ?? this.dataset.failed);
      this.fill(row, found);
      this.changed();
      if (found.note) toast(found.note);
    } catch (error) {
      row.remove();
      this.refuse(file.name, error instanceof TypeError ? words.failed : error.message);
    }
  }

  /** Say beside the field what was not taken, and why, until it is dismissed. */
  refuse(name, why) {
    const note = Object.assign(document.createElement("p"), { className: "upload-refusal" });
    const said = document.createElement("span");
    if (name) said.append(Object.assign(document.createElement("b"), { textContent: name }), " · ");
    said.append(why);
    const away = Object.assign(document.createElement("button"), { type: "button", className: "btn btn--quiet btn--icon btn--sm", title: this.dataset.dismiss });
    away.setAttribute("aria-label", this.dataset.dismiss);
    away.append(icon("x"));
    away.addEventListener("click", () => {
      note.remove();
      this.querySelector("textarea")?.focus();
    });
    note.append(icon("circle-alert"), said, away);
    this.refusals.append(note);
  }

  row(name) {
    const row = document.createElement("li");
    row.className = "upload";
    row.setAttribute("aria-busy", "true");
    const label = document.createElement("span");
    label.className = "upload__file";
    label.append(icon("upload"), Object.assign(document.createElement("span"), { textContent: this.dataset.busy }));
    label.title = name;
    row.append(label);
    this.list.append(row);
    return row;
  }

  fill(row, found) {
    row.removeAttribute("aria-busy");
    row.dataset.id = found.id;
    row.dataset.found = JSON.stringify(found);
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "attachment", value: found.id });
    const tools = [this.tool("remove", "x", found.name), this.tool("move", "arrow-left", found.name)];
    if (found.kind === "image" && this.dataset.kinds !== "image") tools.push(this.tool("insert", "arrow-up", found.name));
    let face;
    if (found.kind === "image") {
      face = Object.assign(document.createElement("img"), { src: found.thumb_url, alt: found.name, width: 96, height: 96 });
    } else {
      face = document.createElement("span");
      face.className = "upload__file";
      face.append(icon("file"), Object.assign(document.createElement("span"), { textContent: found.name }));
    }
    row.replaceChildren(hidden, face, ...tools);
  }

  /** Show an upload that was there before (keep.js). */
  again(found) {
    if (!this.list.querySelector(`[data-id="${CSS.escape(found.id)}"]`)) this.fill(this.row(found.name), found);
  }

  tool(act, glyph, name) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: `upload__${act}`, title: this.dataset[act] });
    button.setAttribute("aria-label", `${this.dataset[act]} ${name}`);
    const sign = icon(glyph);
    sign.classList.add("icon--sm");
    button.append(sign);
    return button;
  }

  /** A picture stands where it is named in the text, all others below it. */
  insert(id) {
    const area = this.querySelector("textarea");
    area.focus();
    area.setRangeText(`![](image:${id})`, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  changed() {
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

customElements.define("upload-zone", UploadZone);
