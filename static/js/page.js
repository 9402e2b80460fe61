/* What the pages gain from script; everything also works without it. Events are caught on the document, so that what
   htmx swaps in takes part. */
"use strict";
(() => {
  const gettext = window.gettext || ((text) => text); // words.js; in English the words are those here
  /* phone: the row of pages scrolls; bring the current one into view */
  const row = document.querySelector(".pages");
  const here = row?.querySelector("[aria-current]");
  if (here) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;

  /* a raw line is one tab stop; arrows move between its tokens */
  const oneStop = (root) => root.querySelectorAll(".raw").forEach((line) => {
    line.querySelectorAll(".token").forEach((token, i) => { token.tabIndex = i ? -1 : 0; });
  });
  oneStop(document);
  document.addEventListener("htmx:load", (event) => oneStop(event.detail.elt));
  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const from = step && event.target.closest?.(".raw .token");
    if (!from) return;
    const tokens = [...from.closest(".raw").querySelectorAll(".token")];
    const next = tokens[tokens.indexOf(from) + step];
    if (!next) return;
    tokens.forEach((token) => { token.tabIndex = -1; });
    next.tabIndex = 0; next.focus(); event.preventDefault();
  });

  /* keys: / finds, j and k move, Enter opens, ? lists them */
  const typing = (e) => e.target.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") document.getElementById("keys")?.showModal();
    if (event.key === "/") { const find = document.querySelector(".find input"); if (find) { find.focus(); event.preventDefault(); } }
    const links = [...document.querySelectorAll("tr.row .open, .found-line .open")];
    const step = { j: 1, k: -1 }[event.key];
    if (step && links.length) { const at = links.indexOf(document.activeElement); links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))].focus(); }
  });

  /* copy: the text of the element named by data-copy. Without a clipboard (plain http) the text is selected instead. */
  const select = (element) => { const range = document.createRange(); range.selectNodeContents(element); const all = getSelection(); all.removeAllRanges(); all.addRange(range); };
  const copyFrom = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    if (!source) return;
    try { await navigator.clipboard.writeText(source.textContent); button.textContent = gettext("Copied"); }
    catch { select(source); button.textContent = gettext("Selected"); }
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) print();
    const copy = event.target.closest("[data-copy]");
    if (copy) copyFrom(copy);
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
    if (document.activeElement?.classList.contains("token")) document.activeElement.blur();
  });

  /* a screen reader tells only what changes in a place that was there before: what is swapped in says its [data-said]
     there, of a progress not every second */
  const said = document.getElementById("said");
  const PAUSE = 5000; /* milliseconds */
  let swapped = [];
  let saidAt = -PAUSE;
  const tell = () => {
    const words = swapped.filter((one) => one.isConnected).map((one) => one.textContent.trim().replace(/\s+/g, " ")).join(" · ");
    swapped = [];
    if (!words || words === said.textContent) return;
    said.textContent = words;
    saidAt = performance.now();
  };
  document.addEventListener("htmx:load", (event) => {
    const part = event.detail.elt;
    if (!said || part === document.body) return;
    const isFirst = !swapped.length;
    swapped.push(...(part.matches("[data-said]") ? [part] : part.querySelectorAll("[data-said]")));
    if (isFirst && swapped.length) setTimeout(tell, Math.max(0, saidAt + PAUSE - performance.now()));
  });

  /* a range chosen from the list needs no exact times; "exact" shows their fields */
  const exact = (range) => range.form.querySelectorAll("[data-exact]").forEach((field) => { field.hidden = range.value !== "exact"; });
  document.querySelectorAll("select[data-range]").forEach((range) => { exact(range); range.addEventListener("change", () => exact(range)); });
})();
