// The page is complete without this file; each module adds one comfort to what it finds.
import "./address.js";
import "./menu.js";
import "./relative-time.js";
import "./confirm.js";
import "./copy.js";
import "./autosize.js";
import "./guard.js";
import "./limit.js";
import "./keep.js";
import "./toggle.js";
import "./load-more.js";
import "./unfold.js";
import "./lightbox.js";
import "./keys.js";
import "./tabs.js";
import "./focus.js";

// What only writing pages need is fetched only there.
if (document.querySelector("[data-composer]")) {
  import("./composer.js");
  import("./upload-zone.js");
  import("../vendor/markdown-toolbar-element/2.2.3/index.js");
}
if (document.querySelector("[data-reply]")) import("./reply.js");
if (document.querySelector("draft-form")) import("./draft-form.js");
if (document.querySelector("[data-tag-input]")) import("./tag-input.js");
if (document.querySelector("[data-sortable]")) import("./sortable.js");
if (document.querySelector("search-box")) import("./search-box.js");
if (document.querySelector("look-alikes")) import("./look-alikes.js");
if (document.querySelector("lazy-part")) import("./lazy-part.js");
