// Textareas grow with their text. Browsers with field-sizing do it by themselves (see field.css).
if (!CSS.supports("field-sizing", "content")) {
  const fit = (area) => {
    area.rows = Math.max(area.dataset.rows ?? (area.dataset.rows = area.rows), 1);
    while (area.scrollHeight > area.clientHeight + 2 && area.rows < 40) area.rows += 1;
  };
  for (const area of document.querySelectorAll("textarea[data-autosize]")) fit(area);
  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-autosize]")) fit(event.target);
  });
}
