// The reviewers' room by keyboard, and the claim kept alive while somebody works on it. No key decides anything.
(() => {
  const work = document.querySelector("[data-heartbeat]");
  if (!work) return;
  const form = document.querySelector("form.verdict");
  const dialog = document.querySelector("dialog.keys");
  const turns = [...document.querySelectorAll(".case-turn")];
  let active = Date.now();
  let at = -1;

  const go = (step) => {
    if (!turns.length) return;
    at = Math.min(turns.length - 1, Math.max(0, at + step));
    turns[at].querySelector("summary").focus();
    turns[at].scrollIntoView({ block: "nearest" });
  };
  const focusOn = (name) => form.querySelector(`[name=${name}]`)?.focus();
  const actions = {
    j: () => go(1),
    k: () => go(-1),
    r: () => turns[at] && turns[at].toggleAttribute("open"),
    c: () => focusOn("rule"),
    n: () => focusOn("note"),
    d: () => form.querySelector("button.primary").focus(),
    "?": () => (dialog.open ? dialog.close() : dialog.showModal()),
  };

  document.addEventListener("keydown", (event) => {
    active = Date.now();
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    const typing = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
    if (typing || (dialog.open && event.key !== "?")) return;
    const choice = /^[1-8]$/.test(event.key) && form.querySelectorAll("[name=verdict], [name=decision]")[event.key - 1];
    if (choice) {
      choice.checked = true;
      choice.focus();
    } else if (actions[event.key]) actions[event.key]();
    else return;
    event.preventDefault();
  });

  for (const kind of ["pointerdown", "scroll"]) document.addEventListener(kind, () => (active = Date.now()), { passive: true });

  // Nothing is renewed for somebody who has gone: after five quiet minutes the lease runs out by itself.
  setInterval(async () => {
    if (Date.now() - active > 5 * 60 * 1000) return;
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(work.dataset.heartbeat, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => null);
    if (answer?.status === 409 && !document.querySelector(".lost")) {
      const lost = Object.assign(document.createElement("p"), { className: "message error lost", textContent: work.dataset.lost });
      lost.setAttribute("role", "alert");
      work.before(lost);
    }
  }, 60 * 1000);
})();
