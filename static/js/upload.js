/* Files dropped on the form, and how much of them is sent. Without script the form posts as any other. */
"use strict";
(() => {
  const form = document.getElementById("upload");
  const input = form?.elements.namedItem("files");
  if (!input) return;
  const chosen = document.getElementById("chosen");
  const sending = document.getElementById("sending");
  const bar = sending.querySelector("progress");
  const status = sending.querySelector("[role=status]");
  const button = form.querySelector("button.primary");
  const megabytes = (bytes) => (bytes / 1e6).toLocaleString("en", { maximumFractionDigits: bytes < 1e7 ? 1 : 0 }) + " MB";

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

  const say = (sentence) => {
    const alarm = document.createElement("p");
    alarm.className = "alarm";
    alarm.setAttribute("role", "alert");
    alarm.textContent = sentence;
    document.getElementById("upload-errors").replaceChildren(alarm);
  };
  const rest = () => { sending.hidden = true; button.disabled = false; };

  const answered = (request) => {
    if (request.status === 200 && new URL(request.responseURL).pathname !== new URL(form.action).pathname) { location.assign(request.responseURL); return; }
    rest();
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const errors = page.getElementById("upload-errors");
    if (errors) document.getElementById("upload-errors").replaceWith(errors);
    else say(request.status === 413 ? "The files are larger than this server takes." : `The server answered ${request.status}. Nothing was stored.`);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = total ? 100 * loaded / total : 0;
      status.textContent = loaded < total ? `${megabytes(loaded)} of ${megabytes(total)} sent` : "Sent; the server is storing it";
    });
    request.addEventListener("load", () => answered(request));
    request.addEventListener("error", () => { rest(); say("The connection was lost while sending. Nothing was stored."); });
    document.getElementById("upload-errors").replaceChildren();
    sending.hidden = false;
    button.disabled = true;
    request.open("POST", form.action);
    request.send(new FormData(form));
  });
})();
