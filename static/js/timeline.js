/* A message: raw lines at a key, what parts of a line mean by tap, the text for a ticket. Without script the link shows
   raw lines too, parts answer to hover and focus, and their meanings stand in a list below. */
"use strict";
(() => {
  const gettext = window.gettext || ((text) => text); // words.js; in English the words are those here
  const lines = document.getElementById("lines");
  const link = document.querySelector("[data-raw-lines]");
  if (!lines || !link) return;

  /* the link becomes a switch: nothing is loaded again, and the address says what is shown */
  const button = document.createElement("button"), key = document.createElement("kbd");
  button.type = "button"; key.textContent = "r"; key.setAttribute("aria-hidden", "true");
  button.append(`${gettext("Raw lines")} `, key);
  button.setAttribute("aria-controls", "lines"); button.setAttribute("aria-keyshortcuts", "r");
  button.setAttribute("aria-pressed", String(lines.classList.contains("is-raw")));
  link.replaceWith(button);
  const keep = (address, isRaw) => {
    if (isRaw) address.searchParams.set("raw", "1"); else address.searchParams.delete("raw");
    return address;
  };
  const toggle = () => {
    const isRaw = lines.classList.toggle("is-raw");
    button.setAttribute("aria-pressed", String(isRaw));
    lines.querySelectorAll("details").forEach((fold) => { fold.open = isRaw; });
    history.replaceState(history.state, "", keep(new URL(location.href), isRaw));
    document.querySelectorAll("main a[href^='?']").forEach((part) => {
      const address = keep(new URL(part.href), isRaw);
      part.setAttribute("href", `?${address.searchParams}${address.hash}`);
    });
  };
  button.addEventListener("click", toggle);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "r" || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    toggle();
    document.getElementById("steps").scrollIntoView({ block: "start" });
  });

  /* j and k go from line to line, the arrows (page.js) from part to part */
  document.addEventListener("keydown", (event) => {
    const step = { j: 1, k: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const all = [...lines.querySelectorAll(".raw")].map((line) => line.querySelector(".token[tabindex='0']")).filter((token) => token?.checkVisibility());
    if (!all.length) return;
    const at = all.findIndex((token) => token.closest(".raw").contains(document.activeElement));
    all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))].focus();
  });

  /* a tap does not give focus on every phone */
  lines.addEventListener("click", (event) => {
    const token = event.target.closest(".token");
    if (!token) return;
    token.closest(".raw").querySelectorAll(".token").forEach((other) => { other.tabIndex = other === token ? 0 : -1; });
    token.focus();
  });
  /* what is read under the pointer goes with Escape too, until the pointer leaves */
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") lines.querySelectorAll(".token:hover").forEach((token) => token.classList.add("is-read"));
  });
  lines.addEventListener("pointerout", (event) => event.target.closest?.(".token.is-read")?.classList.remove("is-read"));

  /* without a clipboard (plain http) the text is selected: then it has to be seen */
  document.addEventListener("click", (event) => {
    const ticket = document.getElementById("ticket")?.closest("details");
    if (!event.target.closest("[data-copy=ticket]") || !ticket || navigator.clipboard) return;
    ticket.open = true;
    ticket.scrollIntoView({ block: "nearest" });
  });
})();
