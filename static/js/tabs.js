// On a phone the chosen tab is scrolled into sight.
for (const tabs of document.querySelectorAll("[data-tabs]")) {
  const chosen = tabs.querySelector("[aria-current]");
  if (chosen) tabs.scrollLeft = chosen.offsetLeft - (tabs.clientWidth - chosen.offsetWidth) / 2;
}
