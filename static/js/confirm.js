// A form or button with data-confirm asks first, in a dialog of ours: the words of the button stay the words of the act.
import { words } from "./page.js";

function ask(question, act) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", question);
  const text = document.createElement("p");
  text.className = "dialog__text";
  text.textContent = question;
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "form-actions";
  const yes = Object.assign(document.createElement("button"), { className: "btn btn--danger", value: "yes", textContent: act });
  const no = Object.assign(document.createElement("button"), { className: "btn btn--quiet", value: "", textContent: words.cancel, autofocus: true });
  form.append(yes, no);
  dialog.append(text, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

let agreed; // the button whose question was just answered with yes

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  const question = button?.dataset.confirm ?? form.dataset.confirm;
  if (!question || (button && button === agreed)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const yes = await ask(question, button?.textContent.trim() || words.goOn);
  button?.focus();
  if (!yes) return;
  agreed = button;
  form.requestSubmit(button);
  agreed = undefined;
}, true);
