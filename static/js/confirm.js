// A form with data-confirm asks first, in a dialog of ours: the words of the button stay the words of the act.
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

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const button = event.submitter;
  const agreed = await ask(form.dataset.confirm, button?.textContent.trim() || words.goOn);
  button?.focus();
  if (!agreed) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(button ?? undefined);
  delete form.dataset.confirmed;
}, true);
