/* Files dropped on the form, and sent in pieces: a connection that was lost costs one piece, and a file that is chosen
   again goes on where it was, since the server knows how much of it there is. Nothing is kept in the browser. Without
   script the form posts as any other. */
"use strict";
(() => {
  const gettext = window.gettext || ((text) => text); // words.js; in English the words are those here
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const form = document.getElementById("upload");
  const input = form?.elements.namedItem("files");
  if (!input) return;
  const AT_ONCE = 3; /* files */
  const HEAD = 64 * 1024; /* bytes of a file that go into its fingerprint */
  const LONGEST_PAUSE = 15; /* seconds between two tries */
  const chosen = document.getElementById("chosen");
  const sending = document.getElementById("sending");
  const button = form.querySelector("button.primary");
  const token = form.elements.namedItem("csrfmiddlewaretoken").value;
  const megabytes = (bytes) => (bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: bytes < 1e7 ? 1 : 0 }) + " MB";

  /* ---- choosing */
  const list = () => {
    chosen.replaceChildren(...[...input.files].map((file) => {
      const chip = document.createElement("li");
      const words = document.createElement("span");
      chip.className = "chip";
      words.textContent = `${file.name} · ${megabytes(file.size)}\u00a0\u00a0`;
      chip.append(words);
      return chip;
    }));
    chosen.hidden = input.files.length < 2 && !chosen.dataset.dropped;
  };
  input.addEventListener("change", list);

  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  form.addEventListener("dragover", (event) => { if (carriesFiles(event)) { event.preventDefault(); form.dataset.over = ""; } });
  form.addEventListener("dragleave", (event) => { if (!form.contains(event.relatedTarget)) delete form.dataset.over; });
  form.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    delete form.dataset.over;
    chosen.dataset.dropped = "";
    input.files = event.dataTransfer.files;
    list();
  });

  const say = (sentences) => document.getElementById("upload-errors").replaceChildren(...sentences.map((sentence) => {
    const alarm = document.createElement("p");
    alarm.className = "alarm";
    alarm.setAttribute("role", "alert");
    alarm.textContent = sentence;
    return alarm;
  }));

  /* ---- asking the server */
  class Refused extends Error {}
  class Cancelled extends Error {}
  const signedOut = gettext("You were signed out. Sign in again and choose the files again: what was sent is kept.");

  /* status and document of an answer; rejects with TypeError where there was none */
  const ask = (method, url, body, watch) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.setRequestHeader("X-CSRFToken", token);
    if (watch) request.upload.addEventListener("progress", (event) => watch.moved(event.loaded));
    request.addEventListener("load", () => {
      if (new URL(request.responseURL).pathname !== new URL(url, location.href).pathname || request.status === 403) { reject(new Refused(signedOut)); return; }
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* a page instead: its status says enough */ }
      resolve({ status: request.status, answer });
    });
    ["error", "abort", "timeout"].forEach((name) => request.addEventListener(name, () => reject(new TypeError("no answer"))));
    if (watch) watch.request = request;
    request.send(body);
  });

  const pause = (seconds) => new Promise((resolve) => {
    const done = () => { clearTimeout(timer); removeEventListener("online", done); resolve(); };
    const timer = setTimeout(done, seconds * 1000);
    addEventListener("online", done);
  });

  /* waits longer from try to try, and goes on at once when the connection is back */
  const rest = async (part) => {
    part.say(gettext("The connection was lost. Trying again; what was sent is kept."));
    await pause(Math.min(2 ** part.lost++, LONGEST_PAUSE));
    if (part.cancelled) throw new Cancelled();
  };

  /* asks until there is an answer */
  const insist = async (part, method, url, body) => {
    for (;;) {
      if (part.cancelled) throw new Cancelled();
      try {
        const found = await ask(method, url, body);
        if (found.status < 500) return found;
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
      await rest(part);
    }
  };

  /* ---- one file */
  const fingerprint = async (file) => {
    const words = new TextEncoder().encode(`${file.name}\n${file.size}\n${file.lastModified}\n`);
    const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
    /* four lanes of FNV-1a: crypto.subtle is missing on plain http */
    const lanes = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b];
    for (const bytes of [words, head]) for (const byte of bytes) for (let lane = 0; lane < 4; lane++) lanes[lane] = Math.imul(lanes[lane] ^ (byte + lane), 0x01000193);
    return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  };

  const shown = (file) => {
    const row = document.createElement("li");
    const name = document.createElement("bdi");
    const bar = document.createElement("progress");
    const status = document.createElement("span");
    const cancel = document.createElement("button");
    name.textContent = file.name;
    bar.max = file.size;
    bar.value = 0;
    bar.setAttribute("aria-label", filled(gettext("Sending {name}"), { name: file.name }));
    status.className = "muted";
    status.setAttribute("role", "status");
    status.textContent = gettext("Waiting");
    cancel.type = "button";
    cancel.textContent = gettext("Cancel");
    cancel.setAttribute("aria-label", filled(gettext("Cancel {name}"), { name: file.name }));
    row.append(name, cancel, bar, status);
    const part = { file, row, cancelled: false, lost: 0, request: null, upload: null, base: 0, say: (words) => { status.textContent = words; } };
    part.moved = (sent) => {
      bar.value = part.base + sent;
      part.say(filled(gettext("{sent} of {size} sent"), { sent: megabytes(part.base + sent), size: megabytes(file.size) }));
    };
    part.end = (words) => { part.say(words); cancel.remove(); };
    cancel.addEventListener("click", () => {
      part.cancelled = true;
      part.request?.abort();
      part.end(gettext("Cancelled. Nothing of it is kept."));
      bar.remove();
      if (part.upload) ask("POST", part.upload.discard_url, null).catch(() => {});
    });
    return part;
  };

  const begin = async (part) => {
    const body = new FormData();
    body.set("name", part.file.name);
    body.set("size", part.file.size);
    body.set("fingerprint", await fingerprint(part.file));
    body.set("log_host", form.elements.namedItem("log_host").value);
    body.set("timezone", form.elements.namedItem("timezone").value);
    const { status, answer } = await insist(part, "POST", form.dataset.begin, body);
    if (status !== 200) throw new Refused(answer.error || filled(gettext("The server answered {status}. Nothing was stored."), { status }));
    part.upload = answer;
    part.base = answer.arrived;
    part.moved(0);
  };

  /* one piece; a server that refuses one may close the connection before it is all sent, so after a loss it is asked
     how much it has */
  const sendPiece = async (part) => {
    const piece = part.file.slice(part.base, part.base + part.upload.piece_size);
    try {
      const found = await ask("PUT", `${part.upload.url}?offset=${part.base}`, piece, part);
      if (found.status < 500 && found.status !== 400) return found;
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (part.cancelled) throw new Cancelled();
      await piece.slice(0, 1).arrayBuffer(); /* throws where the file has changed */
    }
    await rest(part);
    return insist(part, "GET", part.upload.url);
  };

  const send = async (part) => {
    const { file } = part;
    while (part.base < file.size) {
      const { status, answer } = await sendPiece(part);
      if (status === 404) throw new Refused(filled(gettext("{name} was discarded. Choose it again to begin anew."), { name: file.name }));
      if (status !== 200 && status !== 409) throw new Refused(answer.error || filled(gettext("The server answered {status}. What was sent is kept."), { status }));
      if (answer.arrived > part.base) part.lost = 0;
      part.base = answer.arrived;
      part.moved(0);
    }
    part.say(filled(gettext("All {size} sent"), { size: megabytes(file.size) }));
  };

  /* ---- all files */
  const inTurn = async (parts, step) => {
    const left = [...parts];
    const worker = async () => { for (let part = left.shift(); part; part = left.shift()) await step(part); };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };

  const sendAll = async (parts) => {
    const wrong = [];
    const tried = (step) => async (part) => {
      try { await step(part); }
      catch (error) {
        if (error instanceof Cancelled) return;
        part.end(gettext("Not sent"));
        wrong.push(error instanceof Refused ? error.message : filled(gettext("{name} could not be read. It may have changed since it was chosen."), { name: part.file.name }));
      }
    };
    await inTurn(parts, tried(begin));
    if (wrong.length) return [...new Set(wrong)]; /* a bad form: nothing is sent */
    await inTurn(parts.filter((part) => !part.cancelled), tried(send));
    const whole = parts.filter((part) => !part.cancelled);
    if (wrong.length || !whole.length) return [...new Set(wrong)];
    const body = new FormData();
    whole.forEach((part) => body.append("id", part.upload.id));
    const { status, answer } = await insist(whole[0], "POST", form.dataset.finish, body);
    if (status !== 200) return [answer.error || filled(gettext("The server answered {status}. What was sent is kept."), { status })];
    location.assign(answer.run);
    return null;
  };

  form.addEventListener("submit", async (event) => {
    if (!input.files.length) return; /* nothing to send in pieces: the server says what is missing, and what else is wrong */
    event.preventDefault();
    if (button.disabled) return;
    const parts = [...input.files].map(shown);
    say([]);
    sending.replaceChildren(...parts.map((part) => part.row));
    sending.hidden = false;
    chosen.hidden = true;
    button.disabled = true;
    let wrong;
    try { wrong = await sendAll(parts); }
    catch (error) { wrong = [error instanceof Refused ? error.message : gettext("It could not be sent. What was sent is kept; choose the files again to go on.")]; }
    if (wrong === null) return; /* on the way to the run */
    button.disabled = false;
    say(wrong);
  });
})();
