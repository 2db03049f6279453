// Puts a tag that the planet has into the line of tags, or takes it out again.
for (const box of document.querySelectorAll("[data-tag-input]")) {
  const line = box.querySelector("input");
  const names = () => line.value.split(/[,，、;；\n#]+/).map((name) => name.trim()).filter(Boolean);
  const mark = () => {
    const chosen = names().map((name) => name.toLowerCase());
    for (const button of box.querySelectorAll("[data-tag]")) {
      button.setAttribute("aria-pressed", String(chosen.includes(button.dataset.tag.toLowerCase())));
    }
  };
  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-tag]");
    if (!button) return;
    const name = button.dataset.tag;
    const rest = names().filter((one) => one.toLowerCase() !== name.toLowerCase());
    const added = rest.length === names().length ? [...rest, name] : rest;
    line.value = added.map((one) => `#${one}`).join(" ");
    line.dispatchEvent(new Event("input", { bubbles: true }));
  });
  line.addEventListener("input", mark);
  mark();
}
