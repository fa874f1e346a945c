// The matrix of behaviours where a script serves: searching and resetting take effect at once, and a sentence says what a
// switch changes for users. Nothing is saved before the form is.
(() => {
  const form = document.querySelector("[data-behaviours]");
  if (!form) return;
  const { search, changed } = form.elements;
  const rows = [...form.querySelectorAll("[data-row]")];

  const usual = (row) => {
    const on = row.querySelector("[data-switch]");
    const byDefault = Boolean(row.querySelector(".controls").dataset.defaultOn);
    const users = row.querySelector("[data-users]");
    const settled = on.checked !== byDefault;
    return { on: byDefault, users: users ? users.dataset.usual === "unless_refused" && !settled : null };
  };

  const differs = (row) => {
    const on = row.querySelector("[data-switch]");
    if (!on) return false;
    const users = row.querySelector("[data-users]");
    const reason = row.querySelector("[data-reason]");
    const { on: byDefault, users: mayByDefault } = usual(row);
    return on.checked !== byDefault || (users && users.checked !== mayByDefault) || Boolean(reason?.value.trim());
  };

  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let any = false;
    for (const row of rows) {
      const text = `${row.textContent} ${row.querySelector("[data-now]")?.dataset.on ?? ""} ${row.querySelector("[data-now]")?.dataset.off ?? ""}`.toLowerCase();
      const is = words.every((word) => text.includes(word)) && (!changed.checked || row.classList.contains("changed"));
      row.hidden = !is && !row.classList.contains("has-error");
      any ||= !row.hidden;
    }
    for (const group of form.querySelectorAll("[data-group]")) group.hidden = !group.querySelector("[data-row]:not([hidden])");
    form.querySelector("[data-none]").hidden = any;
  };

  const mark = (row) => {
    const on = row.querySelector("[data-switch]");
    if (!on) return;
    const now = row.querySelector("[data-now]");
    now.textContent = on.checked ? now.dataset.on : now.dataset.off;
    const is = differs(row);
    row.classList.toggle("changed", is);
    row.querySelector("[data-changed]").hidden = !is;
    const reset = row.querySelector("[data-reset]");
    if (reset) reset.hidden = !is;
    form.querySelector("[data-changed-count]").textContent = rows.filter((one) => one.classList.contains("changed")).length;
  };

  const reset = (row) => {
    const on = row.querySelector("[data-switch]");
    if (!on) return;
    on.checked = usual(row).on;
    const users = row.querySelector("[data-users]");
    if (users) users.checked = usual(row).users;
    const reason = row.querySelector("[data-reason]");
    if (reason) reason.value = "";
    mark(row);
  };

  form.querySelector("[data-show]").hidden = true;
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  changed.addEventListener("change", show);
  form.addEventListener("input", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) mark(row);
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reset], [data-reset-all]");
    if (!button) return;
    event.preventDefault();
    const which = button.matches("[data-reset-all]") ? rows : [button.closest("[data-row]")];
    which.forEach(reset);
    if (which.length === 1) which[0].querySelector("[data-switch]").focus();
    show();
  });
  show();
})();
