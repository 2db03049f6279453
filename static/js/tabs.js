// On a phone the chosen tab is scrolled into sight.
for (const tabs of document.querySelectorAll("[data-tabs]")) {
  const chosen = tabs.querySelector("[aria-current]");
  if (!chosen) continue;
  const [inner, outer] = [chosen.getBoundingClientRect(), tabs.getBoundingClientRect()];
  tabs.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}
