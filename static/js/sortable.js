// Drag the items of a list into another order; the form named by data-sortable is then sent with it.
// The buttons beside each item do the same without dragging.
for (const list of document.querySelectorAll("[data-sortable]")) {
  const form = document.getElementById(list.dataset.sortable);
  if (!form) continue;
  let dragged = null;
  for (const item of list.querySelectorAll("[data-sort-item]")) item.draggable = true;
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-sort-item]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    dragged.classList.add("is-dragged");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-sort-item]");
    if (!dragged || !over) return;
    event.preventDefault();
    if (over === dragged) return;
    const box = over.getBoundingClientRect();
    over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
  });
  list.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged");
    dragged = null;
    const before = [...form.querySelectorAll("[name=item]")];
    const after = [...list.querySelectorAll("[data-sort-item]")].map((item) => item.dataset.sortItem);
    if (before.every((field, i) => field.value === after[i])) return;
    before.forEach((field, i) => { field.value = after[i]; });
    form.requestSubmit();
  });
}
