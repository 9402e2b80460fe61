/* Suggestions under a search box (ARIA combobox with a listbox). Without script the box is a plain one. */
"use strict";
(() => {
  const gettext = window.gettext || ((text) => text); // words.js; in English the words are those here
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const PAUSE = 120; /* ms without a key */
  const state = new WeakMap();
  let boxes = 0;

  const close = (input) => {
    const box = state.get(input);
    if (!box) return;
    box.list.hidden = true; box.at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const move = (input, to) => {
    const box = state.get(input), options = [...box.list.children];
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === to)));
    box.at = to;
    if (to < 0) input.removeAttribute("aria-activedescendant");
    else { input.setAttribute("aria-activedescendant", options[to].id); options[to].scrollIntoView({ block: "nearest" }); }
  };
  /* the filters that are set stay; what is chosen says how it is read */
  const choose = (input, one) => {
    const asked = new URLSearchParams(new FormData(input.form));
    asked.delete("role"); asked.delete("kind");
    if (one.log_host) { asked.delete("q"); asked.set("log_host", one.log_host); }
    else { asked.set("q", one.text); asked.set("kind", one.kind); }
    for (const [name, value] of [...asked]) if (!value) asked.delete(name);
    location.assign(`${input.form.action}?${asked}`);
  };
  const show = (input, offered) => {
    const box = state.get(input);
    box.offered = offered;
    box.list.replaceChildren(...offered.map((one, i) => {
      const option = document.createElement("li"), text = document.createElement("bdi"), noun = document.createElement("span");
      option.id = `${box.list.id}-${i}`; option.setAttribute("role", "option"); option.setAttribute("aria-selected", "false");
      text.textContent = one.shown; noun.textContent = one.noun; noun.className = "muted";
      option.append(text, " ", noun);
      return option;
    }));
    box.at = -1;
    box.list.hidden = !offered.length;
    input.setAttribute("aria-expanded", String(Boolean(offered.length)));
    input.removeAttribute("aria-activedescendant");
    box.said.textContent = offered.length ? filled(gettext("{number} suggestions"), { number: offered.length }) : "";
  };
  const ask = async (input) => {
    const box = state.get(input), typed = input.value;
    box.waiting?.abort();
    if (typed.trim().length < 2) { show(input, []); return; }
    box.waiting = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: box.waiting.signal, headers: { Accept: "application/json" } });
      if (answer.ok && input.value === typed && document.activeElement === input) show(input, (await answer.json()).suggestions);
    } catch { /* the next key asks again */ }
  };
  const begin = (input) => {
    if (state.has(input)) return state.get(input);
    const list = document.createElement("ul"), said = document.createElement("span");
    list.id = `suggestions-${++boxes}`; list.className = "suggestions"; list.hidden = true;
    list.setAttribute("role", "listbox"); list.setAttribute("aria-label", gettext("Suggestions"));
    said.className = "hidden"; said.setAttribute("role", "status");
    input.after(list, said);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) input.setAttribute(name, value);
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) choose(input, state.get(input).offered[[...list.children].indexOf(option)]);
    });
    state.set(input, { list, said, offered: [], at: -1 });
    return state.get(input);
  };

  const of = (event) => event.target.closest?.("input[data-suggest]");
  document.addEventListener("focusin", (event) => { const input = of(event); if (input) begin(input); });
  document.addEventListener("focusout", (event) => { const input = of(event); if (input) close(input); });
  document.addEventListener("input", (event) => {
    const input = of(event);
    if (!input) return;
    const box = begin(input);
    clearTimeout(box.timer); box.timer = setTimeout(() => ask(input), PAUSE);
  });
  document.addEventListener("keydown", (event) => {
    const input = of(event), box = input && state.get(input);
    if (!box || event.isComposing) return;
    const most = box.offered.length;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && most) {
      event.preventDefault();
      box.list.hidden = false; input.setAttribute("aria-expanded", "true");
      const step = event.key === "ArrowDown" ? 1 : -1;
      move(input, box.at < 0 && step < 0 ? most - 1 : (box.at + 1 + step + most + 1) % (most + 1) - 1);
    } else if (event.key === "Enter" && box.at >= 0 && !box.list.hidden) { event.preventDefault(); choose(input, box.offered[box.at]); }
    else if (event.key === "Escape" && !box.list.hidden) { event.preventDefault(); close(input); }
  });
})();
