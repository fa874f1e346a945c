// Keeps what was typed over the end of a session: a form that was sent too late is filled again after signing in.
// It stays in this tab, for this account, without passwords, and is forgotten by the next page that opens otherwise.
(() => {
  const { account, note } = document.currentScript.dataset;
  const key = `typed:${location.pathname}`;
  const fields = (form) =>
    [...form.elements].filter((one) => one.name
      && (!["password", "hidden", "file", "submit", "button"].includes(one.type) || one.matches("[data-typed]")));

  const remember = (form) => {
    const values = fields(form).map((one) => [one.name, one.value, one.checked === true]);
    sessionStorage.setItem(key, JSON.stringify({ account, form: form.getAttribute("action"), values }));
  };

  const restore = (kept) => {
    const form = [...document.forms].find((one) => one.getAttribute("action") === kept.form && fields(one).length);
    if (!form || kept.account !== account) return;
    const there = fields(form);
    kept.values.forEach(([name, value, checked]) => {
      const choice = there.find((one) => one.name === name && ["checkbox", "radio"].includes(one.type) && one.value === value);
      const text = there.find((one) => one.name === name && !["checkbox", "radio"].includes(one.type));
      if (choice) choice.checked = checked;
      else if (text) text.value = value;
    });
    const said = document.createElement("p");
    said.className = "message";
    said.setAttribute("role", "status");
    said.textContent = note;
    form.before(said);
  };

  const came = document.referrer ? new URL(document.referrer).pathname : "";
  const kept = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (kept && (came.startsWith("/sign-in/") || came.startsWith("/account/second-factor/"))) restore(JSON.parse(kept));

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches(".who")) sessionStorage.clear();
    else if (form.method === "post") remember(form);
  });
})();
