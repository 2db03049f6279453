// Drop-downs close on Escape, on a click elsewhere and when another one opens; arrows walk through them.
const open = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu][open]");
  if (event.key === "Escape") {
    for (const one of open()) {
      one.open = false;
      if (one.contains(event.target)) one.querySelector("summary").focus();
    }
  } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const items = [...menu.querySelectorAll(".menu__item")].filter((item) => item.offsetParent);
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = items.indexOf(document.activeElement);
    items[(at + step + items.length) % items.length]?.focus();
    event.preventDefault();
  }
});

document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details[data-menu]") || !event.target.open) return;
  for (const menu of open()) if (menu !== event.target) menu.open = false;
  const list = event.target.querySelector(".menu__list");
  list.classList.toggle("menu__list--flip", list.getBoundingClientRect().left < 8);
}, true);
