/* Passkeys: a form with data-passkey asks the browser for one before it is sent. "login" is hidden where the browser
   knows none; it fetches what to ask for. "get" and "create" find it on the page, in the element data-options names. */
"use strict";
(() => {
  const gettext = window.gettext || ((text) => text); // words.js; in English the words are those here
  const known = window.PublicKeyCredential?.parseCreationOptionsFromJSON && window.isSecureContext;

  const asked = async (form) => {
    if (form.dataset.passkey === "login") {
      const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      return (await answer.json()).request_options.publicKey;
    }
    const said = JSON.parse(document.getElementById(form.dataset.options).textContent);
    return (said.creation_options || said.request_options).publicKey;
  };

  const alone = (options, wanted) => {
    const kind = wanted ? "required" : "discouraged";
    options.authenticatorSelection = { ...options.authenticatorSelection, residentKey: kind, requireResidentKey: wanted };
    if (wanted) options.authenticatorSelection.userVerification = "required";
    return options;
  };

  const credential = async (form) => {
    const options = await asked(form);
    if (form.dataset.passkey !== "create")
      return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    const wanted = form.elements.passwordless.checked;
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(alone(options, wanted)) });
  };

  const refuse = (form, text) => {
    const alarm = form.querySelector(".alarm[hidden], .alarm[data-passkey-said]");
    alarm.textContent = text; alarm.dataset.passkeySaid = ""; alarm.hidden = false;
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    if (form.dataset.passkey === "login") form.hidden = !known;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!known) { refuse(form, gettext("This browser knows no passkeys here. They need https.")); return; }
      try {
        form.elements.credential.value = JSON.stringify((await credential(form)).toJSON());
        form.submit();
      } catch {
        refuse(form, gettext("No passkey was used."));
      }
    });
  });
})();
