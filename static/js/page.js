// What several modules need of the page: its token, its language, its words, its voice.

export const lang = document.documentElement.lang || "en";

const WORDS = {
  en: {
    copied: "Copied", copyFailed: "Could not be copied. Select the text and copy it by hand.",
    cancel: "Cancel", goOn: "Go on", close: "Close", previous: "Previous picture", next: "Next picture",
    failed: "That did not work. Check the connection and try again.", fold: "Show less", justNow: "just now",
    keptHere: "Kept from last time.", keptElse: "You were writing something else here.", dropKept: "Throw it away", takeKept: "Put it back",
    over: "%n characters too many: at most %m fit. Nothing was cut; shorten it, or send it in several parts.",
    overLine: "%n characters too many: at most %m fit. Nothing was cut; shorten it.",
    keys: "Keys", keyNext: "Next text", keyPrevious: "Previous text", keyOpen: "Open it", keyHome: "My planets",
    keyNotices: "Notices", keyPlanet: "The planet's first page", keyWrite: "Write or ask", keySearch: "Search", keyHelp: "These keys",
  },
  zh: {
    copied: "已复制", copyFailed: "没能复制，请选中文字后手动复制。",
    cancel: "取消", goOn: "继续", close: "关闭", previous: "上一张", next: "下一张",
    failed: "没有成功，请检查网络后重试。", fold: "收起", justNow: "刚刚",
    keptHere: "这是上次没发出的内容。", keptElse: "这里还留着你没写完的另一份内容。", dropKept: "丢弃", takeKept: "放回来",
    over: "多了 %n 个字，最多 %m 个字。内容一个字都没有丢，请删短一些，或者分成几次发。",
    overLine: "多了 %n 个字，最多 %m 个字。内容一个字都没有丢，请删短一些。",
    keys: "快捷键", keyNext: "下一条", keyPrevious: "上一条", keyOpen: "打开", keyHome: "我的星球",
    keyNotices: "动态", keyPlanet: "星球首页", keyWrite: "写主题或提问", keySearch: "搜索", keyHelp: "显示快捷键",
  },
};
export const words = lang.startsWith("zh") ? WORDS.zh : WORDS.en;

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** Say something shortly, to eyes and to screen readers. */
export function toast(text) {
  const place = document.querySelector("[data-toasts]");
  if (!place) return;
  const note = document.createElement("div");
  note.className = "toast";
  note.textContent = text;
  place.append(note);
  setTimeout(() => note.remove(), 4000 + text.length * 60);
}

/** POST a body to our own server; returns the Response, also when it refuses. */
export function post(url, body, headers = {}) {
  return fetch(url, {
    method: "POST",
    body,
    credentials: "same-origin",
    headers: { "X-CSRFToken": csrfToken(), Accept: "application/json", ...headers },
  });
}

/** Make an icon of the sprite like one that stands in the page already. */
export function icon(name) {
  const known = document.querySelector(".icon > use")?.getAttribute("href")?.split("#")[0];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  if (known) {
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${known}#${name}`);
    svg.append(use);
  }
  return svg;
}

/** Whether somebody is typing, so that single keys are letters. */
export function isTyping(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}
