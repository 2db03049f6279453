// "5 minutes ago" for the last week; the exact time stays in the tooltip and in the printed page.
import { lang, words as ours } from "./page.js";

const words = new Intl.RelativeTimeFormat(lang, { numeric: "auto", style: "long" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

function phrase(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size > 7 * 86400) return null;
  for (const [unit, length] of UNITS) if (size >= length) return words.format(Math.trunc(seconds / length), unit);
  return ours.justNow;
}

export function refresh(root = document) {
  for (const time of root.querySelectorAll("time[data-relative]")) {
    time.dataset.exact ??= time.textContent;
    const text = phrase(new Date(time.dateTime));
    time.textContent = text ?? time.dataset.exact;
    if (text) time.title = time.dataset.exact;
  }
}

refresh();
setInterval(refresh, 60000);
addEventListener("beforeprint", () => {
  for (const time of document.querySelectorAll("time[data-exact]")) time.textContent = time.dataset.exact;
});
addEventListener("afterprint", () => refresh());
