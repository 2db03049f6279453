// Leaving a form with unsaved text asks first. A draft or a text kept in the browser counts as saved; sending does too.
const changed = new Set();

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-guard]");
  if (form) changed.add(form);
});
document.addEventListener("submit", (event) => changed.delete(event.target));
document.addEventListener("draft:saved", (event) => changed.delete(event.target.closest("form")));
document.addEventListener("text:kept", (event) => changed.delete(event.detail));

addEventListener("beforeunload", (event) => {
  const forms = [...changed].filter((form) => form.isConnected && hasText(form));
  if (forms.length) event.preventDefault();
});

function hasText(form) {
  return [...form.querySelectorAll("textarea, input[type=text]")].some((field) => field.value !== field.defaultValue);
}
