// What every page loads: partial refreshes, menus and actions, messages. Pages with components of
// their own load a second module that registers them before Alpine starts.
import Alpine from "@alpinejs/csp";
import htmx from "htmx.org";
import { startActions } from "./actions";
import { startForms } from "./forms";
import { showJson } from "./json";
import { startLogin } from "./login";
import { text } from "./texts";
import { showKept, toast } from "./toast";

// Nothing from a response may become code or style: the policy of the pages forbids it anyway.
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;
htmx.config.refreshOnHistoryMiss = true;

document.addEventListener("htmx:afterSwap", () => prepare(document));
document.addEventListener("htmx:sendError", () => toast(text("js-offline"), "bad"));
document.addEventListener("htmx:responseError", () => toast(text("js-unexpected"), "bad"));
// A list that refreshes itself rests while nobody looks.
document.addEventListener("htmx:beforeRequest", (event) => {
  const source = event.target as Element;
  if (source.matches("[data-polls]") && document.hidden) event.preventDefault();
});

document.addEventListener("DOMContentLoaded", () => {
  startActions();
  startForms();
  startLogin();
  showKept();
  prepare(document);
  Alpine.start();
});

/** Colours JSON and opens the level filter of log lists in what was just shown. */
function prepare(root: ParentNode): void {
  for (const block of root.querySelectorAll<HTMLElement>("pre[data-json]:not([data-ready])")) {
    showJson(block, block.textContent);
    block.dataset.ready = "";
  }
}
